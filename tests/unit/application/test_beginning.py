"""A step before its turn: what it passes over, and what still keeps it back."""

from datetime import date, timedelta
from typing import Any

import pytest

from rollout.application import beginning, dispatch, stops
from rollout.application.beginning import BEGIN, NothingToBegin
from rollout.application.operators import NotPermitted, Operator
from rollout.domain.machine import MachineVerb
from rollout.domain.stop import StopScope
from rollout.settings import OperatorRole
from rollout.store import commands, machines, transitions
from rollout.store.tables import Machine

Office = Any
LATER = date(2022, 11, 20)


def ask(office: Office, *ids: int, reason: str | None = "the owner is away that day") -> int:
    tags = [office.machine(id_).asset_tag for id_ in ids]
    return beginning.ask(
        office.database, office.settings, tags, office.planner, office.clock.now(), reason=reason
    )


def begun(office: Office) -> list[int]:
    orders = dispatch.claim_ready(
        office.database, office.settings, lease_epoch=office.lease, at=office.clock.now()
    )
    return sorted(host.machine_id for order in orders for host in order.hosts)


def answers(office: Office, id_: int) -> tuple[str | None, bool]:
    with office.database.read() as session:
        found = commands.last_for(session, BEGIN, id_)
        assert found is not None
        return found.answer, found.refused


def test_it_begins_before_its_day_and_only_it_does(office: Office) -> None:
    office.wave()
    first, other = office.machines(2, planned_day=LATER)
    assert begun(office) == []
    assert ask(office, first) == 1
    assert begun(office) == [first]
    answer, refused = answers(office, first)
    assert answer is not None
    assert not refused
    assert office.states([first, other]) == ["checking", "planned"]


def test_the_step_after_it_waits_for_its_day_again(office: Office) -> None:
    office.wave()
    (id_,) = office.machines(1, planned_day=LATER)
    ask(office, id_)
    assert begun(office) == [id_]
    with office.database.write() as session:
        transitions.apply(
            session, Machine, [id_], MachineVerb.FINISH, actor="t", at=office.clock.now()
        )
    assert begun(office) == []


def test_a_stop_keeps_it_back_and_it_begins_when_the_stop_ends(office: Office) -> None:
    office.wave()
    (id_,) = office.machines(1, planned_day=LATER)
    ask(office, id_)
    now = office.clock.now()
    everything = office.database, StopScope.ALL, "", office.approver, now
    stops.halt(*everything, "storm")
    assert begun(office) == []
    stops.resume(*everything, "over")
    assert begun(office) == [id_]


def test_machines_without_a_running_wave_or_a_step_are_all_named_and_none_is_asked_for(
    office: Office,
) -> None:
    office.wave(1)
    office.wave(2, running=False)
    (good,) = office.machines(1, wave=1, planned_day=LATER)
    (waits,) = office.machines(1, wave=2, planned_day=LATER)
    with pytest.raises(NothingToBegin, match=office.machine(waits).asset_tag):
        ask(office, good, waits)
    assert begun(office) == []


def test_it_needs_a_reason_and_an_operator(office: Office) -> None:
    office.wave()
    (id_,) = office.machines(1, planned_day=LATER)
    with pytest.raises(NothingToBegin):
        ask(office, id_, reason=None)
    viewer = Operator("guest", OperatorRole.VIEWER)
    with pytest.raises(NotPermitted):
        beginning.ask(
            office.database, office.settings, [office.machine(id_).asset_tag], viewer,
            office.clock.now(), reason="now",
        )  # fmt: skip


def test_a_machine_that_went_elsewhere_meanwhile_is_refused_and_not_begun(office: Office) -> None:
    office.wave()
    (id_,) = office.machines(1, planned_day=LATER)
    ask(office, id_)
    with office.database.write() as session:
        transitions.apply(
            session, Machine, [id_], MachineVerb.HOLD, actor="t", at=office.clock.now(),
            reason="the owner asks",
        )  # fmt: skip
    assert begun(office) == []
    answer, refused = answers(office, id_)
    assert refused
    assert answer is not None


def test_asked_for_twice_it_begins_once(office: Office) -> None:
    office.wave()
    (id_,) = office.machines(1, planned_day=LATER)
    ask(office, id_)
    ask(office, id_)
    assert begun(office) == [id_]
    office.clock.forward(seconds=timedelta(seconds=30).total_seconds())
    assert begun(office) == []
    with office.database.read() as session:
        assert not commands.any_open(session, BEGIN)
        assert machines.by_id(session, id_).attempt == 1
