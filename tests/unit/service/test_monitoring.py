"""What monitoring is answered over HTTP, and to whom."""

import http.client
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from rollout.adapters.clock import SystemClock
from rollout.application.backup import NIGHTS as BACKUP
from rollout.service.endpoint import Endpoint
from rollout.service.listener import Listener
from rollout.service.metrics import Pulse
from rollout.service.monitoring import SLOW_TICK_SECONDS, Monitor, monitoring_application
from rollout.settings import Monitoring, Settings
from rollout.store import commands, forecasts, leases, nightly
from rollout.store.database import Database
from rollout.store.tables import Claim, DayForecast, Machine, Person, Run, Site, Wave

HOUR = timedelta(hours=1)


class HandTime:
    """Seconds that stand still until a test moves them."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A daemon's monitor without the daemon."""

    def __init__(self, database: Database, settings: Settings) -> None:
        with database.write() as session:
            self.epoch = leases.acquire(
                session, "host:1:1", now=datetime.now(UTC), lasts=timedelta(seconds=600)
            )
        self.time = HandTime()
        self.pulse = Pulse(self.time)
        self.database, self.settings = database, settings
        self.monitor = Monitor(database, settings, SystemClock(), self.pulse, self.epoch)
        self.endpoint = Endpoint(database, settings, SystemClock(), self.monitor)
        self.endpoint.start()

    def get(self, path: str, port: int | None = None, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.endpoint.port, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metrics(self) -> dict[tuple[str, tuple[str, ...]], float]:
        status, text = self.get("/metrics")
        assert status == 200
        return {
            (sample.name, tuple(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def watched(database: Database, settings: Settings) -> Iterator[Watched]:
    made = Watched(database, settings)
    yield made
    made.endpoint.stop()


@pytest.fixture
def peopled(database: Database) -> datetime:
    """Three machines of two sites, a run, a claim, a command, a forecast, a backup."""
    now = datetime.now(UTC)
    with database.write() as session:
        connection = session.connection()
        session.add_all([Site(id=1, key="本庁"), Site(id=2, key="熊野")])
        session.add(Person(id=1, staff_number="004711", name="吉野太郎", kana="ヨシノ"))
        session.add(
            Wave(id=1, number=1, first_day=now.date(), last_day=now.date(), state_since=now,
                 state="running")
        )  # fmt: skip
        session.flush()
        connection.execute(
            insert(Machine),
            [
                {"asset_tag": f"DK2{n % 2}-{n:06d}", "generation": f"DK2{n % 2}", "site_id": site,
                 "state": state, "state_since": now, "owner_id": 1, "remark": "吉野太郎"}
                for n, (site, state) in enumerate(
                    [(1, "checking"), (1, "planned"), (None, "planned")], start=1
                )
            ],
        )  # fmt: skip
        session.add(Run(id=1, ident="a", lease_epoch=1, created_at=now, state_since=now))
        session.flush()
        session.add(
            Claim(machine_id=1, step="preflight", attempt=1, run_id=1, created_at=now - HOUR,
                  deadline_at=now)
        )  # fmt: skip
        commands.ask(session, "cancel_run", 1, actor="吉野太郎", at=now - 2 * HOUR, reason="x")
        forecasts.keep(
            session,
            DayForecast(
                day=now.date(), made_at=now, cutover=datetime(2023, 5, 1).date(),  # noqa: DTZ001
                done=0, remaining=3, p50=datetime(2023, 4, 28).date(),  # noqa: DTZ001
                p90=datetime(2023, 5, 10).date(),  # noqa: DTZ001
            ),
        )  # fmt: skip
        nightly.keep(session, BACKUP, now.date(), at=now - 3 * HOUR, ok=True, note="n")
        nightly.keep(session, BACKUP, now.date(), at=now - HOUR, ok=False, note="full")
    return now


@pytest.mark.usefixtures("peopled")
def test_the_metrics_say_what_the_tables_hold(watched: Watched) -> None:
    watched.pulse.ticked(0.02)
    found = watched.metrics()
    assert found["rollout_machines", ("DK21", "本庁", "checking")] == 1
    assert found["rollout_machines", ("DK20", "本庁", "planned")] == 1
    assert found["rollout_machines", ("DK21", "", "planned")] == 1
    assert found["rollout_waves", ("running",)] == 1
    assert found["rollout_runs", ("created",)] == 1
    assert found["rollout_claims_open", ("preflight",)] == 1
    assert 3600 <= found["rollout_oldest_claim_age_seconds", ()] < 3700
    assert found["rollout_commands_waiting", ()] == 1
    assert 7200 <= found["rollout_oldest_command_age_seconds", ()] < 7300
    # The last day in time is the one before the cutover.
    assert found["rollout_forecast_days_late", ("0.5",)] == -2
    assert found["rollout_forecast_days_late", ("0.9",)] == 10
    assert found["rollout_lease_holder", ("host:1:1",)] == 1
    assert found["rollout_lease_epoch", ()] == watched.epoch
    assert found["rollout_nightly_work_ok", (BACKUP,)] == 0
    assert 3 * 3600 <= found["rollout_backup_age_seconds", ()] < 3 * 3600 + 100
    # Of a server only its own tools know the log and the disk.
    log = 0 if databases.POSTGRESQL else found["rollout_database_log_bytes", ()]
    assert found["rollout_database_bytes", ()] + log > 4096
    assert databases.POSTGRESQL or found["rollout_disk_free_bytes", ()] > 0
    assert found["rollout_database_up", ()] == 1
    assert found["rollout_tick_seconds_count", ()] == 1
    assert found["rollout_tick_seconds_bucket", ("0.025",)] == 1
    assert found["rollout_tick_seconds_bucket", ("0.01",)] == 0


@pytest.mark.usefixtures("peopled")
def test_no_metric_tells_of_a_person(watched: Watched) -> None:
    text = watched.get("/metrics")[1]
    assert "rollout_machines" in text
    for personal in ("吉野", "004711", "ヨシノ"):
        assert personal not in text


def test_an_empty_programme_has_no_backup_age_and_no_forecast(watched: Watched) -> None:
    names = {name for name, _labels in watched.metrics()}
    assert "rollout_database_up" in names
    assert not names & {"rollout_backup_age_seconds", "rollout_forecast_days_late"}


def test_the_tables_are_asked_once_for_many_scrapes(watched: Watched) -> None:
    assert watched.metrics()["rollout_stops", ()] == 0
    with watched.database.write() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO stops (scope, target, reason, actor, created_at)"
            " VALUES ('all', '', 'r', 'a', '2022-11-01T00:00:00.000000Z')"
        )
    assert watched.metrics()["rollout_stops", ()] == 0
    watched.monitor.tables._asked = float("-inf")
    assert watched.metrics()["rollout_stops", ()] == 1


def test_a_daemon_with_its_lease_is_alive_and_ready(watched: Watched) -> None:
    status, text = watched.get("/healthz")
    assert (status, json.loads(text)["alive"]) == (200, True)
    status, text = watched.get("/readyz")
    assert (status, json.loads(text)) == (200, {"ready": True, "reasons": []})


def test_a_daemon_whose_clock_is_quiet_is_neither(watched: Watched) -> None:
    watched.time.now += watched.settings.service.lease_seconds
    assert watched.get("/healthz")[0] == 503
    status, text = watched.get("/readyz")
    assert status == 503
    assert "the clock gives no sign" in json.loads(text)["reasons"]
    watched.pulse.beat()
    assert watched.get("/healthz")[0] == 200


def test_a_daemon_that_beats_but_does_not_tick_is_not_ready(watched: Watched) -> None:
    watched.pulse.ticked(0.1)
    watched.time.now += SLOW_TICK_SECONDS
    watched.pulse.beat()
    assert watched.get("/healthz")[0] == 200
    assert json.loads(watched.get("/readyz")[1])["reasons"] == ["no tick has ended for a minute"]
    assert watched.metrics()["rollout_last_tick_age_seconds", ()] == SLOW_TICK_SECONDS


def test_a_daemon_that_was_taken_over_is_not_ready(watched: Watched) -> None:
    with watched.database.write() as session:
        leases.acquire(
            session, "other:1:1", now=datetime.now(UTC), lasts=timedelta(seconds=60),
            gone=lambda _holder: True,
        )  # fmt: skip
    assert json.loads(watched.get("/readyz")[1])["reasons"] == ["the lease is not ours"]


@databases.of_a_file  # a table that is missing is a defect of the program to a server
def test_a_database_that_does_not_answer_is_said_and_the_rest_still_comes(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched.database.write() as session:
        session.connection().exec_driver_sql("ALTER TABLE machines RENAME TO away")
    found = watched.metrics()
    assert found["rollout_database_up", ()] == 0
    assert ("rollout_last_tick_age_seconds", ()) in found
    assert not [name for name, _labels in found if name == "rollout_machines"]
    assert json.loads(watched.get("/readyz")[1])["reasons"] == ["the database does not answer"]


def test_a_refused_report_is_counted(watched: Watched) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", watched.endpoint.port, timeout=30)
    body = json.dumps({"token": "t", "serial": "s", "boot_id": "b"})
    connection.request("POST", "/v1/arm", body=body)
    assert connection.getresponse().status == 403
    connection.close()
    assert watched.metrics()["rollout_requests_refused_total", ("/v1/arm",)] == 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_who_is_not_allowed_is_told_nothing(
    database: Database, settings: Settings, path: str
) -> None:
    elsewhere = settings.model_copy(update={"monitoring": Monitoring(allow=("10.0.0.0/8",))})
    watched = Watched(database, elsewhere)
    try:
        status, text = watched.get(path)
    finally:
        watched.endpoint.stop()
    assert status == 403
    assert json.loads(text) == {"error": "not for you: see [monitoring] allow"}


@pytest.mark.parametrize(
    ("client", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1", False),
        ("testclient", False),
        ("", False),
        (None, False),
    ],
)
def test_by_default_only_this_computer_is_answered(
    watched: Watched, client: Any, allowed: bool
) -> None:
    assert watched.monitor.allows(client) is allowed


def test_monitoring_can_have_a_port_of_its_own(watched: Watched) -> None:
    own = Listener(monitoring_application(watched.monitor), "127.0.0.1", 0, setting="own")
    own.start()
    try:
        assert watched.get("/healthz", own.port)[0] == 200
        assert watched.get("/v1/health", own.port)[0] == 404
    finally:
        own.stop()


def test_without_monitoring_the_endpoint_answers_pcs_only(
    watched: Watched, database: Database, settings: Settings
) -> None:
    plain = Endpoint(database, settings, SystemClock())
    plain.start()
    try:
        assert watched.get("/metrics", plain.port)[0] == 404
        assert watched.get("/v1/health", plain.port)[0] == 200
    finally:
        plain.stop()


@databases.of_a_file
@pytest.mark.usefixtures("peopled")
def test_the_operators_guide_names_the_metrics_that_there_are(watched: Watched) -> None:
    page = Path(__file__).parents[3] / "docs" / "operation.md"
    named = set(re.findall(r"\brollout_[a-z_]+", page.read_text(encoding="utf-8")))
    watched.pulse.refused("/v1/arm")
    families = {
        sample.name
        for family in text_string_to_metric_families(watched.get("/metrics")[1])
        for sample in family.samples
    }
    there = {re.sub("_(bucket|count|sum)$", "", name) for name in families}
    there = {name for name in there if not name.endswith("_created")}
    assert named == there
