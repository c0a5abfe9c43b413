"""Approved waves start on their day, by themselves."""

from datetime import date
from typing import Any

import pytest

from rollout.application import due, stops
from rollout.domain.errors import LeaseHeld
from rollout.domain.machine import Step
from rollout.domain.stop import StopScope
from rollout.domain.wave import WaveVerb
from rollout.store import waves as wave_rows
from rollout.store.tables import AuditRow

Office = Any
TOMORROW = date(2022, 11, 2)


def approved(office: Office, number: int = 1, *, day: date = TOMORROW, pilot: bool = False) -> None:
    """A wave that another person approved, with one machine."""
    office.wave(number, running=False, pilot=pilot)
    office.machines(1, wave=number, planned_day=day)
    with office.database.write() as session:
        wave = wave_rows.by_number(session, number)
        wave.first_day = wave.last_day = day
        session.add(wave)
    office.move_wave(WaveVerb.SUBMIT, number)
    office.move_wave(WaveVerb.APPROVE, number)


def test_a_wave_starts_at_the_midnight_before_its_first_day(office: Office) -> None:
    approved(office)
    office.clock.forward(hours=14, minutes=29, seconds=59)
    office.tick()
    assert office.wave_state() == "approved"
    office.clock.forward(seconds=1)
    assert office.tick().started == 1
    assert office.wave_state() == "running"
    (start,) = [row for row in office.rows(AuditRow) if (row.noun, row.verb) == ("wave", "start")]
    assert (start.actor, start.reason) == ("rollout", "its first day has come")


def test_it_starts_earlier_when_steps_go_ahead_of_the_day(office: Office) -> None:
    windows = office.settings.windows.model_copy(update={"ahead": (Step.PREFLIGHT,)})
    office.settings = office.settings.model_copy(update={"windows": windows})
    office.programme = office.new_programme(office.lease)
    approved(office)
    assert office.tick().started == 1
    assert office.wave_state() == "running"


def test_no_wave_starts_before_the_pilot_is_done(office: Office) -> None:
    office.wave(1, pilot=True)
    held = office.machines(1, wave=1)
    approved(office, 2, day=date(2022, 11, 1))
    office.tick()
    assert office.wave_state(2) == "approved"
    order = office.engine.last
    assert [host.machine_id for host in order.hosts] == held


def test_a_pilot_waits_for_nobody(office: Office) -> None:
    approved(office, 1, day=date(2022, 11, 1), pilot=True)
    office.tick()
    assert office.wave_state() == "running"


def test_a_wave_that_changed_since_its_approval_has_to_be_looked_at_again(office: Office) -> None:
    approved(office, day=date(2022, 11, 1))
    office.machines(1)
    assert office.tick().idle
    assert office.wave_state() == "planned"
    (fact,) = [row for row in office.rows(AuditRow) if row.verb == "withdraw"]
    assert fact.reason == "its machines changed since it was approved: submit it again"


def test_nothing_starts_while_everything_is_stopped(office: Office) -> None:
    approved(office, day=date(2022, 11, 1))
    stops.halt(
        office.database, StopScope.ALL, "", office.planner, office.clock.now(), "a virus alarm"
    )
    office.tick()
    assert office.wave_state() == "approved"


def test_by_hand_means_by_hand(office: Office) -> None:
    waves = office.settings.waves.model_copy(update={"start": "by hand"})
    office.settings = office.settings.model_copy(update={"waves": waves})
    office.programme = office.new_programme(office.lease)
    approved(office, day=date(2022, 11, 1))
    office.tick()
    assert office.wave_state() == "approved"


def test_who_lost_the_lease_starts_no_wave(office: Office) -> None:
    approved(office, day=date(2022, 11, 1))
    office.take_lease("daemon two", gone=True)
    with pytest.raises(LeaseHeld):
        due.start_due(
            office.database, office.settings, lease_epoch=office.lease, at=office.clock.now()
        )
    assert office.wave_state() == "approved"
