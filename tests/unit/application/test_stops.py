"""A stop of everything, of a generation or of a site is in force at once, everywhere."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from rollout.application import stops
from rollout.application.arrival_words import ArrivalRefused
from rollout.application.operators import NotPermitted, Operator
from rollout.application.stops import StopRefused
from rollout.domain.machine import MachineState, Step
from rollout.domain.stop import Stopped, StopScope
from rollout.settings import OperatorRole
from rollout.store.tables import AuditRow, Stop

Office = Any
ALL, GENERATION, SITE = StopScope.ALL, StopScope.GENERATION, StopScope.SITE
OF_TSU = [(ALL, ""), (GENERATION, "DK20"), (SITE, "津")]
every_scope = pytest.mark.parametrize(("scope", "target"), OF_TSU)


def halt(office: Office, scope: StopScope, target: str = "", reason: str | None = "smoke") -> Stop:
    return stops.halt(office.database, scope, target, office.planner, office.clock.now(), reason)


def resume(office: Office, scope: StopScope, target: str = "", reason: str | None = "ok") -> Stop:
    return stops.resume(office.database, scope, target, office.planner, office.clock.now(), reason)


@every_scope
def test_nothing_begins_where_a_stop_reaches_until_it_ends(
    office: Office, scope: StopScope, target: str
) -> None:
    office.wave()
    ids = office.machines(2, site=office.site("津"))
    halt(office, scope, target)
    assert office.claim_next() is None
    assert office.tick().idle
    assert office.states(ids) == ["planned"] * 2
    resume(office, scope, target)
    assert office.tick().started == 1


@pytest.mark.parametrize(("scope", "target"), OF_TSU[1:])
def test_others_go_on(office: Office, scope: StopScope, target: str) -> None:
    office.wave()
    office.machines(1, site=office.site("津"))
    (other,) = office.machines(1, site=office.site("熊野"), generation="DK21")
    halt(office, scope, target)
    order = office.claim_next()
    assert [host.machine_id for host in order.hosts] == [other]
    assert office.claim_next() is None


@every_scope
def test_a_machine_between_claim_and_arming_is_not_armed(
    office: Office, scope: StopScope, target: str
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE, site=office.site("津"))
    halt(office, scope, target)
    with pytest.raises(ArrivalRefused, match="rollout stops"):
        office.arm(order, machine_id)
    assert office.claims(machine_id)[0].armed_at is None


@every_scope
def test_a_machine_between_arming_and_boot_keeps_its_disk(
    office: Office, scope: StopScope, target: str
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE, site=office.site("津"))
    office.arm(order, machine_id)
    halt(office, scope, target)
    assert office.boot(machine_id).image_id is None
    resume(office, scope, target)
    assert office.boot(machine_id).image_id is not None


def test_a_machine_that_is_being_rewritten_checks_in_all_the_same(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    halt(office, ALL)
    office.check_in(machine_id, install.check_in_token)
    assert office.states([machine_id]) == ["reimaged"]
    assert office.tick().started == 0


def test_nothing_is_handed_over_where_a_stop_reaches(office: Office) -> None:
    office.wave()
    ids = office.machines(1, generation="DK19", state=MachineState.VERIFIED)
    halt(office, GENERATION, "DK19")
    office.tick()
    assert office.states(ids) == ["verified"]


def test_a_stop_needs_a_reason_a_role_and_a_place_that_there_is(office: Office) -> None:
    for reason in (None, " "):
        with pytest.raises(StopRefused, match="--reason"):
            halt(office, ALL, reason=reason)
    with pytest.raises(StopRefused, match="no site"):
        halt(office, SITE, "津市")
    with pytest.raises(StopRefused, match="no generation"):
        halt(office, GENERATION, "DK99")
    viewer = Operator("viewer", OperatorRole.VIEWER)
    with pytest.raises(NotPermitted):
        stops.halt(office.database, ALL, "", viewer, office.clock.now(), "x")


def test_a_place_is_stopped_once_and_stops_are_ended_one_by_one(office: Office) -> None:
    office.site("津")
    halt(office, ALL)
    with pytest.raises(StopRefused, match="stopped already"):
        halt(office, ALL)
    halt(office, SITE, "津")
    resume(office, ALL)
    with pytest.raises(StopRefused, match="not stopped"):
        resume(office, ALL)
    assert [stop.target for stop in stops.in_force(office.database)] == ["津"]
    halt(office, ALL)


def test_who_stopped_and_resumed_and_why_is_in_the_history(office: Office) -> None:
    halt(office, ALL, reason="fire alarm")
    resume(office, ALL, reason="false alarm")
    facts = [
        (row.key, row.verb, row.actor, row.reason)
        for row in office.rows(AuditRow)
        if row.noun == "stop"
    ]
    assert facts == [
        ("all", "halt", "planner", "fire alarm"),
        ("all", "resume", "planner", "false alarm"),
    ]


def test_the_database_refuses_a_second_stop_of_the_same_place(office: Office) -> None:
    halt(office, ALL)
    with pytest.raises(IntegrityError), office.database.write() as session:
        session.add(Stop(scope="all", reason="x", actor="x", created_at=office.clock.now()))


def test_a_stop_of_a_site_does_not_reach_machines_without_one() -> None:
    stopped = Stopped.of([("site", "津"), ("generation", "DK17")])
    assert stopped.reaches("DK20", "津")
    assert stopped.reaches("DK17", None)
    assert not stopped.reaches("DK20", None)
