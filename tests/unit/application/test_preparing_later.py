"""A PC that was handed over before it might leave is prepared for it when it may."""

from datetime import date, timedelta

import pytest

from rollout.application import machines as operator_acts
from rollout.application.choosing import today
from rollout.application.takehome import decisions
from rollout.application.takehome.decisions import Wish
from rollout.domain.machine import MachineState
from rollout.domain.takeout import TakeoutVerb
from rollout.store import training
from rollout.store.tables import Machine, Person

from .conftest import Office

EVIDENCE = [
    {"control": name, "value": "x", "verdict": "pass", "source": "test"}
    for name in ("disk_encryption", "encryption_pin", "vpn")
]


@pytest.fixture
def in_use(office: Office) -> int:
    """A PC of a generation that may not leave, at its owner's; its wave is done."""
    office.configure("generations.DK20", take_home=False)
    office.configure("pilot", soak_working_days=0)
    with office.database.write() as session:
        person = Person(staff_number="000417", name="山田")
        session.add(person)
        session.flush()
        owner = person.id
    office.wave()
    (id_,) = office.machines(1, state=MachineState.VERIFIED, owner_id=owner)
    office.tick()
    office.tick()
    office.tick()
    assert (office.states([id_]), office.wave_state()) == (["migrated"], "done")
    return id_


def _allow(office: Office, id_: int) -> None:
    """The generation may leave from now on, and the owner has an approved application."""
    office.configure("generations.DK20", take_home=True)
    now = office.clock.now()
    first = today(office.settings, now)
    tag = office.machine(id_).asset_tag
    wish = Wish(tag, "000417", first, first + timedelta(days=30), "自宅", "テレワーク")
    number = decisions.apply(office.database, office.settings, wish, office.planner, now)
    decisions.decide(
        office.database, office.settings, number, TakeoutVerb.APPROVE, office.approver, now
    )


def _later(office: Office, **by: float) -> None:
    office.clock.forward(**by)
    office.tick()


def test_it_is_prepared_in_use_and_becomes_portable_and_its_wave_stays_done(
    office: Office, in_use: int
) -> None:
    _allow(office, in_use)
    _later(office, minutes=2)
    order = office.engine.last
    assert (office.states([in_use]), order.playbook) == (["enabling"], "enable.yml")
    assert office.wave_state() == "done"
    office.engine.deliver(office.report(order, in_use, evidence=EVIDENCE))
    office.engine.end(order.run_id)
    _later(office, minutes=2)
    assert (office.states([in_use]), office.wave_state()) == (["portable"], "done")
    _later(office, days=1)
    assert office.engine.last is order, "once is enough"


def test_without_an_application_nobody_is_disturbed(office: Office, in_use: int) -> None:
    office.configure("generations.DK20", take_home=True)
    _later(office, minutes=2)
    assert office.states([in_use]) == ["migrated"]
    office.configure("take_home", prepare_later="everybody")
    _later(office, minutes=2)
    assert office.states([in_use]) == ["enabling"]


def test_what_the_ledger_keeps_in_the_office_is_not_prepared(office: Office, in_use: int) -> None:
    _allow(office, in_use)
    with office.database.write() as session:
        machine = session.get(Machine, in_use)
        assert machine is not None
        machine.may_leave = False
        session.add(machine)
    _later(office, minutes=2)
    assert office.states([in_use]) == ["migrated"]


def test_a_pc_that_is_switched_off_is_no_silent_one_and_is_asked_again(
    office: Office, in_use: int
) -> None:
    _allow(office, in_use)
    _later(office, minutes=2)
    order = office.engine.last
    office.engine.deliver(office.engine.event(order.run_id, in_use, "unreachable"))
    office.engine.end(order.run_id, "failed")
    _later(office, minutes=2)
    assert office.states([in_use]) == ["migrated"]
    assert office.engine.last is order
    _later(office, minutes=61)
    assert office.states([in_use]) == ["enabling"]


def test_a_pc_that_falls_asleep_while_it_is_prepared_is_no_silent_one(
    office: Office, in_use: int
) -> None:
    _allow(office, in_use)
    _later(office, minutes=2)
    order = office.engine.last
    office.engine.end(order.run_id, "timeout")
    _later(office, minutes=2)
    assert office.states([in_use]) == ["migrated"]
    assert office.engine.last is order


def test_a_failure_needs_a_person_and_then_begins_anew(office: Office, in_use: int) -> None:
    _allow(office, in_use)
    _later(office, minutes=2)
    order = office.engine.last
    office.engine.deliver(
        office.engine.event(order.run_id, in_use, "failed", message="no certificate")
    )
    office.engine.end(order.run_id, "failed")
    _later(office, minutes=2)
    assert (office.states([in_use]), office.wave_state()) == (["failed"], "done")
    tag = office.machine(in_use).asset_tag
    operator_acts.retry(office.database, tag, office.planner, office.clock.now(), reason="mended")
    _later(office, minutes=2)
    assert office.states([in_use]) == ["migrated"]
    _later(office, minutes=60)
    assert office.states([in_use]) == ["enabling"]
    assert office.engine.last.hosts[0].values["rollout_attempt"] > 1


def test_a_course_that_taking_out_demands_keeps_the_pc_in(office: Office, in_use: int) -> None:
    office.configure("training", take_home=("持出しの心得",))
    _allow(office, in_use)
    _later(office, minutes=2)
    order = office.engine.last
    office.engine.deliver(office.report(order, in_use, evidence=EVIDENCE))
    office.engine.end(order.run_id)
    _later(office, minutes=2)
    assert office.states([in_use]) == ["migrated"]
    with office.database.write() as session:
        training.add(
            session,
            [
                {
                    "person_id": office.machine(in_use).owner_id,
                    "course": "持出しの心得",
                    "course_key": "持出しの心得",
                    "taken_on": date(2022, 10, 1),
                    "score": None,
                    "passed": None,
                }
            ],
        )
    _later(office, minutes=2)
    assert office.states([in_use]) == ["portable"]
