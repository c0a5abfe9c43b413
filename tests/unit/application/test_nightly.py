"""Nightly work is done once a day, made up for, and tried again; the clock may do what it likes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rollout.application import nightly
from rollout.application.nightly import Nights, Work
from rollout.application.upkeep import needed_runs
from rollout.domain.errors import LeaseHeld, RolloutError
from rollout.domain.machine import Step

Office = Any

JAPAN = ZoneInfo("Asia/Tokyo")


class Nightworker:
    """Counts its calls, and fails when told to."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.done: list[datetime] = []
        self.fault: Exception | None = None

    def do(self, now: datetime, go_on: Callable[[], None]) -> str:
        go_on()
        if self.fault is not None:
            raise self.fault
        self.done.append(now)
        return "done"

    def look(self, stopped: bool = False) -> int:
        """How often the work was done by one look of a new daemon."""
        before = len(self.done)
        nights = Nights(
            self.office.database, self.office.settings, self.office.clock, [Work("w", self.do)]
        )
        nights.look(self.office.lease, lambda: stopped)
        return len(self.done) - before

    def at(self, text: str, zone: ZoneInfo = JAPAN) -> int:
        self.office.clock.moment = datetime.fromisoformat(text).replace(tzinfo=zone)
        return self.look()


@pytest.fixture
def worker(office: Office) -> Nightworker:
    made = Nightworker(office)
    assert made.at("2022-11-01T09:00") == 0, "a new database owes no night"
    return made


def test_a_night_comes_once_at_its_hour_in_the_programmes_zone(worker: Nightworker) -> None:
    assert worker.at("2022-11-02T02:29") == 0
    assert worker.at("2022-11-02T02:30") == 1
    assert worker.at("2022-11-02T02:31") == 0
    assert worker.at("2022-11-02T23:59") == 0
    assert worker.at("2022-11-03T02:30") == 1


def test_nights_without_a_daemon_are_made_up_for_once(worker: Nightworker) -> None:
    assert worker.at("2022-11-09T14:00") == 1
    assert worker.at("2022-11-09T14:01") == 0
    assert worker.at("2022-11-10T02:30") == 1


def test_a_new_database_before_the_first_hour_waits_for_the_hour(office: Office) -> None:
    worker = Nightworker(office)
    assert worker.at("2022-11-01T01:00") == 0
    assert worker.at("2022-11-01T02:30") == 1


def test_what_failed_is_noted_and_tried_again_after_an_hour(worker: Nightworker) -> None:
    worker.fault = OSError(28, "No space left on device")
    assert worker.at("2022-11-02T02:30") == 0
    (row,) = nightly.standing(worker.office.database)
    assert (row.ok, row.day) == (False, date(2022, 11, 2))
    assert "No space left" in row.note
    worker.fault = None
    assert worker.at("2022-11-02T03:29") == 0
    assert worker.at("2022-11-02T03:30") == 1
    (row,) = nightly.standing(worker.office.database)
    assert (row.ok, row.note) == (True, "done")


def test_when_it_went_well_last_survives_a_failure(worker: Nightworker) -> None:
    worker.at("2022-11-02T02:30")
    worker.fault = RolloutError("disk full")
    worker.at("2022-11-03T02:30")
    (row,) = nightly.standing(worker.office.database)
    assert row.good_at == datetime(2022, 11, 1, 17, 30, tzinfo=UTC)
    assert not row.ok


def test_a_defect_is_not_swallowed(worker: Nightworker) -> None:
    worker.fault = ZeroDivisionError("a defect")
    with pytest.raises(ZeroDivisionError):
        worker.at("2022-11-02T02:30")


def test_a_daemon_that_is_told_to_end_leaves_the_work_to_the_next(worker: Nightworker) -> None:
    worker.office.clock.moment = datetime(2022, 11, 2, 2, 30, tzinfo=JAPAN)
    assert worker.look(stopped=True) == 0
    assert worker.look() == 1


def test_a_clock_set_far_forward_and_back_costs_no_night(worker: Nightworker) -> None:
    assert worker.at("2031-01-01T12:00") == 1
    assert worker.at("2022-11-02T12:00") == 1
    assert worker.at("2022-11-02T12:01") == 0
    assert worker.at("2022-11-03T12:00") == 1


@pytest.mark.parametrize(
    ("moments", "done"),
    [
        # 02:30 does not come on 26 March 2023, and comes twice on 29 October.
        (["2023-03-26T01:59", "2023-03-26T03:00", "2023-03-26T03:31", "2023-03-27T02:30"], 2),
        (["2023-10-29T02:30", "2023-10-29T02:30+fold", "2023-10-29T03:30", "2023-10-30T02:30"], 2),
    ],
)
def test_nights_in_which_clocks_change_come_once(
    worker: Nightworker, moments: list[str], done: int
) -> None:
    programme = worker.office.settings.programme.model_copy(update={"timezone": "Europe/Berlin"})
    worker.office.settings = worker.office.settings.model_copy(update={"programme": programme})
    zone = ZoneInfo("Europe/Berlin")
    worker.at((datetime.fromisoformat(moments[0][:10]) - timedelta(hours=6)).isoformat(), zone)
    counted = 0
    for text in moments:
        moment = datetime.fromisoformat(text.removesuffix("+fold")).replace(
            tzinfo=zone, fold=int(text.endswith("+fold"))
        )
        worker.office.clock.moment = moment.astimezone(UTC)
        counted += worker.look()
    assert counted == done


def test_a_daemon_that_was_taken_over_does_nothing_at_night(worker: Nightworker) -> None:
    worker.office.take_lease("daemon two", gone=True)
    with pytest.raises(LeaseHeld):
        worker.at("2022-11-02T02:30")
    assert worker.done == []


def test_the_output_of_a_run_is_needed_until_its_claims_have_ended(office: Office) -> None:
    office.wave()
    order, machine_id, install = office.told_to_install()
    assert needed_runs(office.database) == {order.ident}, "its PC is awaited"
    office.check_in(machine_id, install.check_in_token)
    assert order.ident not in needed_runs(office.database)


def test_the_output_of_a_run_at_work_is_needed(office: Office) -> None:
    office.wave()
    order, _ids = office.begin(Step.PREFLIGHT)
    assert needed_runs(office.database) == {order.ident}
