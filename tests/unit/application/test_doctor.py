"""Each check of the doctor says what is wrong and what to do, and never stops the others."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlalchemy import text

from rollout.application import backup, doctor, rechecks
from rollout.application.doctor import Finding, Level
from rollout.application.exports.nights import EXPORTS
from rollout.application.upkeep import FORECAST, PEOPLE, TIDY
from rollout.domain.errors import RolloutError
from rollout.domain.machine import Step
from rollout.domain.stop import StopScope
from rollout.store import commands, nightly, stops

from .retiring import Retiring

Office = Any
OK, WARNING, PROBLEM = Level.OK, Level.WARNING, Level.PROBLEM


class Tools:
    """The port with what a test says is installed."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {"ansible-core": "2.19", "ansible-runner": "2.4"}
        self.collections = {"ansible.windows", "community.windows", "microsoft.ad"}
        self.kind = "ssh"
        self.fault: RolloutError | None = None
        self.quiet: set[str] = set()

    def version(self, distribution: str) -> str | None:
        return self.versions.get(distribution)

    def collection(self, name: str) -> str | None:
        return "3.0.0" if name in self.collections else None

    def connection(self) -> str:
        if self.fault is not None:
            raise self.fault
        return self.kind

    def silent(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self.quiet]


class Kept:
    """The port with a size."""

    def __init__(self) -> None:
        self.total = (3, 3000)

    def size(self) -> tuple[int, int]:
        return self.total

    def prune(self, **_what: Any) -> tuple[int, int]:
        return 0, 0

    def remove(self, ident: str) -> bool:
        return False


class Patient:
    """An office with tools, and the findings of its doctor by name."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.tools, self.archive = Tools(), Kept()

    def findings(self) -> dict[str, Finding]:
        found = doctor.examine(
            self.office.database,
            self.office.settings,
            self.office.clock.now(),
            self.archive,
            self.tools,
        )
        return {finding.key: finding for finding in found}

    def level(self, key: str) -> Level:
        return self.findings()[key].level

    def night(self, name: str, hours_ago: float, ok: bool = True, note: str = "n") -> None:
        at = self.office.clock.now() - timedelta(hours=hours_ago)
        with self.office.database.write() as session:
            nightly.keep(session, name, at.date(), at=at, ok=ok, note=note)


@pytest.fixture
def patient(office: Office) -> Patient:
    if not databases.POSTGRESQL:
        Path(office.database.engine.url.database).chmod(0o600)
    made = Patient(office)
    made.night(backup.NIGHTS, 5)
    return made


@databases.of_a_file
def test_a_sound_installation_has_nothing_to_mend(patient: Patient) -> None:
    findings = patient.findings()
    bad = {key: found for key, found in findings.items() if found.level is not OK}
    assert not bad
    assert not [key for key, found in findings.items() if found.remedy]
    assert set(findings) >= {
        "database", "integrity", "database_size", "database_mode", "daemon", "commands", "claims",
        "backup", "clock", "disk", "runs", "playbooks", "generations", "ansible-core",
        "ansible-runner", "collections", "connection", "ssh", "reach",
    }  # fmt: skip


def test_an_empty_database_is_a_problem_and_the_rest_is_still_checked(
    patient: Patient, tmp_path: Path
) -> None:
    from rollout.store.database import Database

    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    found = doctor.examine(
        empty, patient.office.settings, patient.office.clock.now(), patient.archive, patient.tools
    )
    empty.close()
    levels = {finding.key: finding for finding in found}
    assert (levels["database"].level, levels["database"].remedy) == (PROBLEM, "rollout init")
    assert levels["ansible-core"].level is OK
    assert levels["reach"].level is WARNING


@databases.of_a_file
def test_a_damaged_database_is_a_problem_and_the_rest_is_still_checked(
    patient: Patient, tmp_path: Path
) -> None:
    from rollout.store.database import Database

    patient.office.machines(200, wave=None)
    made = backup.make(patient.office.database, tmp_path / "damaged.db")
    data = bytearray(made.path.read_bytes())
    for place in range(8192, len(data), 4096):
        data[place : place + 300] = b"\xff" * 300
    made.path.write_bytes(data)
    damaged = Database(f"sqlite:///{made.path}")
    found = doctor.examine(
        damaged, patient.office.settings, patient.office.clock.now(), patient.archive, patient.tools
    )
    damaged.close()
    problems = {finding.key for finding in found if finding.level is PROBLEM}
    assert problems & {"database", "integrity"}
    # Which page is read first, and so which of the two remedies is told, hangs on the layout.
    assert "restore" in " ".join(finding.remedy for finding in found)
    assert "collections" in {finding.key for finding in found}


@databases.of_a_file
def test_a_database_that_somebody_analysed_is_named_until_its_statistics_are_gone(
    patient: Patient,
) -> None:
    def run(statement: str) -> None:
        with patient.office.database.write() as session:
            session.connection().execute(text(statement))

    assert "database_statistics" not in patient.findings()
    run("ANALYZE")
    found = patient.findings()["database_statistics"]
    assert found.level is WARNING
    assert "DROP TABLE sqlite_stat1" in found.remedy
    run("DROP TABLE sqlite_stat1")
    assert "database_statistics" not in patient.findings()


@databases.of_a_file
def test_a_database_that_others_may_read_is_named_with_the_remedy(patient: Patient) -> None:
    file = Path(patient.office.database.engine.url.database)
    file.chmod(0o644)
    found = patient.findings()["database_mode"]
    assert (found.level, found.remedy) == (WARNING, f"chmod 600 {file}")


def test_a_running_wave_without_a_daemon_is_named(patient: Patient) -> None:
    patient.office.wave()
    assert patient.level("daemon") is OK
    from rollout.store import leases

    with patient.office.database.write() as session:
        leases.release(session, patient.office.lease)
    found = patient.findings()["daemon"]
    assert (found.level, found.remedy) == (WARNING, "rollout serve")


def test_a_command_that_nobody_answers_is_named_after_ten_minutes(patient: Patient) -> None:
    with patient.office.database.write() as session:
        commands.ask(
            session, "cancel_run", 1, actor="a", at=patient.office.clock.now(), reason=None
        )
    patient.office.clock.forward(minutes=10)
    assert patient.level("commands") is OK
    patient.office.clock.forward(seconds=1)
    assert patient.level("commands") is WARNING


def test_a_step_far_beyond_its_deadline_is_named(patient: Patient) -> None:
    patient.office.wave()
    patient.office.begin(Step.PREFLIGHT)
    patient.office.clock.forward(minutes=69)
    assert patient.level("claims") is OK
    patient.office.clock.forward(minutes=2)
    assert (patient.level("claims"), patient.findings()["claims"].found) == (WARNING, "1")


def test_stops_in_force_are_shown_with_their_reasons(patient: Patient) -> None:
    assert "stops" not in patient.findings()
    with patient.office.database.write() as session:
        stops.begin(
            session, StopScope.ALL, "", actor="a", at=patient.office.clock.now(), reason="fire"
        )
    found = patient.findings()["stops"]
    assert (found.level, found.found) == (WARNING, "fire")


def test_a_control_that_failed_after_the_hand_over_is_named_with_what_to_do(
    patient: Patient,
) -> None:
    office = patient.office
    machine_id = Retiring(office).new
    for verdict in ("pending", "fail"):
        assert "evidence" not in patient.findings()
        report = {"evidence": [{"control": "edr", "verdict": verdict, "value": "absent"}]}
        with office.database.write() as session:
            rechecks.note(session, {machine_id: report}, office.clock.now())
    found = patient.findings()["evidence"]
    assert found.level is WARNING
    assert found.found.startswith("1 machine in use lacks")
    assert "--needs-a-person" in found.remedy


def test_a_replaced_machine_whose_lease_has_ended_is_named_until_it_is_returned(
    patient: Patient,
) -> None:
    pair = Retiring(patient.office, lease_to=date(2022, 11, 30)).retained()
    patient.office.clock.moment = datetime(2022, 11, 30, 3, tzinfo=UTC)
    assert "returns" not in patient.findings(), "its last day"
    patient.office.clock.forward(days=2)
    assert "--overdue" in patient.findings()["returns"].remedy
    pair.ask()
    pair.attest()
    pair.give_back()
    assert "returns" not in patient.findings()


@databases.of_a_file
def test_an_old_backup_is_named_and_one_by_hand_mends_it(patient: Patient) -> None:
    patient.night(backup.NIGHTS, 26)
    assert patient.level("backup") is OK
    patient.office.clock.forward(minutes=1)
    found = patient.findings()["backup"]
    assert (found.level, found.remedy) == (WARNING, "rollout backup")
    patient.night(backup.BY_HAND, 0)
    assert patient.level("backup") is OK


@databases.of_a_file
def test_no_backup_at_all_is_named(office: Office) -> None:
    assert Patient(office).level("backup") is WARNING


@databases.of_a_file
def test_a_failed_night_is_a_problem_once_the_last_good_one_is_old(patient: Patient) -> None:
    patient.night(backup.NIGHTS, 1, ok=False, note="No space left on device")
    found = patient.findings()["backup"]
    assert found.level is WARNING
    assert "No space left" in found.found
    patient.office.clock.forward(hours=26)
    assert patient.level("backup") is PROBLEM


@pytest.mark.parametrize("work", [TIDY, FORECAST, PEOPLE, EXPORTS])
def test_what_a_night_could_not_do_is_named(patient: Patient, work: str) -> None:
    patient.night(work, 1, ok=False, note="Permission denied")
    found = patient.findings()[work]
    assert (found.level, found.found) == (WARNING, "Permission denied")
    patient.night(work, 0)
    assert work not in patient.findings()


def test_a_history_that_reaches_into_the_future_tells_of_the_clock(patient: Patient) -> None:
    patient.office.wave()
    patient.office.clock.forward(minutes=-5)
    assert patient.level("clock") is OK
    patient.office.clock.forward(seconds=-1)
    found = patient.findings()["clock"]
    assert found.level is WARNING
    assert "set the clock right" in found.remedy


def test_a_programme_clock_that_is_set_is_named(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_NOW", "2022-11-01T09:00+09:00")
    assert patient.level("clock") is WARNING


@pytest.mark.parametrize(
    ("free", "level"),
    [(1.9, PROBLEM), (2, WARNING), (4.9, WARNING), (5, OK)],
)
def test_little_room_on_a_disk_is_named(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, free: float, level: Level
) -> None:
    import shutil
    from typing import NamedTuple

    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(int(free * 1024**3)))
    found = patient.findings()["disk"]
    assert (found.level, bool(found.remedy)) == (level, level is not OK)


def test_output_of_runs_beyond_its_size_is_named(patient: Patient) -> None:
    patient.archive.total = (9, 10_000_000_000)
    assert patient.level("runs") is OK
    patient.archive.total = (9, 10_000_000_001)
    assert patient.level("runs") is WARNING


def test_output_of_runs_that_others_may_read_is_named(patient: Patient, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir(mode=0o700)
    patient.office.configure("ansible", artifacts=folder)
    assert patient.level("runs") is OK
    os.chmod(folder, 0o750)  # noqa: PTH101, S103
    assert patient.findings()["runs"].remedy == f"chmod 700 {folder}"


def test_what_is_not_installed_is_a_problem_with_the_command_that_mends_it(
    patient: Patient,
) -> None:
    patient.tools.versions = {}
    patient.tools.collections = {"ansible.windows"}
    patient.tools.kind = "psrp"
    findings = patient.findings()
    assert findings["ansible-runner"].remedy == "pip install ansible-runner"
    assert findings["library"].remedy == "pip install pypsrp"
    assert findings["library"].level is PROBLEM
    assert findings["collections"].remedy == (
        "ansible-galaxy collection install community.windows microsoft.ad"
    )


def test_a_folder_of_variables_that_is_missing_or_unreadable_is_a_problem(
    patient: Patient, tmp_path: Path
) -> None:
    patient.tools.fault = RolloutError("all.yml cannot be read: line 3")
    assert patient.findings()["connection"].found == "all.yml cannot be read: line 3"
    patient.office.configure("ansible", group_vars=tmp_path / "absent")
    assert patient.level("connection") is PROBLEM


def test_playbooks_that_are_missing_are_named(patient: Patient, tmp_path: Path) -> None:
    patient.office.configure("ansible", playbooks=tmp_path)
    found = patient.findings()["playbooks"]
    assert found.level is PROBLEM
    assert "reimage.yml" in found.found


def test_no_generation_is_a_problem(patient: Patient) -> None:
    patient.office.settings = patient.office.settings.model_copy(update={"generations": {}})
    assert patient.level("generations") is PROBLEM


def test_pcs_that_are_switched_off_are_no_fault_unless_none_answers(patient: Patient) -> None:
    patient.office.machines(3, wave=None)
    assert patient.findings()["reach"].found == "3 of 3 answer"
    patient.tools.quiet = {"PC-00002"}
    found = patient.findings()["reach"]
    assert (found.level, found.found) == (OK, "2 of 3 answer (silent: PC-00002)")
    patient.tools.quiet = {"PC-00001", "PC-00002", "PC-00003"}
    assert patient.level("reach") is WARNING


@databases.of_a_file
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("last backup", "output of runs")), ("ja", ("直近のバックアップ", "実行ログ"))],
)
def test_it_speaks_the_operators_language(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, language: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", language)
    patient.tools.versions = {}
    said = " ".join(f"{found.check} {found.found}" for found in patient.findings().values())
    for word in words:
        assert word in said
    assert ("not installed" in said) == (language == "en")
