"""Exactly one process acts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.application import runs
from rollout.application.runs import RunRefused
from rollout.domain.errors import LeaseHeld
from rollout.domain.machine import Step
from rollout.store import leases

Office = Any


def test_a_second_daemon_is_refused_while_the_first_gives_signs(office: Office) -> None:
    with pytest.raises(LeaseHeld, match="daemon one"):
        office.take_lease("daemon two")


def test_a_lease_is_taken_over_when_its_holder_is_gone(office: Office) -> None:
    assert office.take_lease("daemon two", gone=True) == office.lease + 1


def test_a_lease_is_taken_over_when_it_has_expired(office: Office) -> None:
    lasts = timedelta(seconds=15)
    late = datetime.now(UTC) + timedelta(seconds=61)
    with office.database.write() as session:
        epoch = leases.acquire(session, "daemon two", now=late, lasts=lasts)
    with pytest.raises(LeaseHeld), office.database.write() as session:
        leases.beat(session, office.lease, now=late, lasts=lasts)
    with office.database.write() as session:
        leases.beat(session, epoch, now=late, lasts=lasts)


def test_a_heartbeat_keeps_the_lease(office: Office) -> None:
    late = datetime.now(UTC) + timedelta(seconds=59)
    with office.database.write() as session:
        leases.beat(session, office.lease, now=late, lasts=timedelta(seconds=15))
    with pytest.raises(LeaseHeld), office.database.write() as session:
        leases.acquire(
            session, "two", now=late + timedelta(seconds=14), lasts=timedelta(seconds=15)
        )


def test_only_the_holder_gives_the_lease_back(office: Office) -> None:
    newer = office.take_lease("daemon two", gone=True)
    with office.database.write() as session:
        leases.release(session, office.lease)
    with pytest.raises(LeaseHeld):
        office.take_lease("daemon three")
    with office.database.write() as session:
        leases.release(session, newer)
    assert office.take_lease("daemon three") == newer + 1


def test_the_loser_of_the_lease_starts_nothing_and_answers_nothing(office: Office) -> None:
    office.wave()
    order, _ids = office.begin(Step.CAPTURE)
    waiting = office.machines(1)
    runs.cancel(office.database, order.run_id, office.planner, office.clock.now(), None)
    office.take_lease("daemon two", gone=True)
    with pytest.raises(LeaseHeld):
        office.tick()
    assert list(office.engine.orders) == [order.run_id]
    assert office.states(waiting) == ["planned"]
    assert office.commands()[0].answered_at is None
    assert office.engine.cancelled == []


def test_the_loser_recovers_nothing(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    office.take_lease("daemon two", gone=True)
    with pytest.raises(LeaseHeld):
        office.programme.recover()
    assert office.states([machine_id]) == ["capturing"]
    assert office.run(order.run_id).state == "running"


def test_an_operator_stops_a_run_through_the_daemon(office: Office) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.CAPTURE)
    now = office.clock.now()
    runs.cancel(office.database, order.run_id, office.planner, now, "wrong site")
    office.tick()
    assert office.engine.cancelled == [order.run_id]
    assert office.commands()[0].answer == "stopping"
    office.engine.end(order.run_id, "cancelled", "stopped on request")
    assert office.states([machine_id]) == ["failed"]
    with pytest.raises(RunRefused, match="nothing to stop"):
        runs.cancel(office.database, order.run_id, office.planner, now, "again")
