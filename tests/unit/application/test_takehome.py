"""A PC may leave the office only with policy, evidence, PIN and an approved application."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from rollout.application.choosing import today
from rollout.application.operators import Operator
from rollout.application.takehome import decisions
from rollout.application.takehome.decisions import TakeoutRefused, Wish
from rollout.application.takehome.listing import Listed, Place, listing
from rollout.domain.errors import NeedsApproval, NotAllowed
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.takeout import TakeoutState, TakeoutVerb
from rollout.settings import OperatorRole
from rollout.store.exporting.beside import Until
from rollout.store.exporting.beside_past import TakeoutsThen
from rollout.store.tables import Department, DiskPin, Machine, Person, Takeout
from rollout.store.takeouts import Filter

from .conftest import DAY, Office

FULL = {"disk_encryption": "pass", "encryption_pin": "pass", "vpn": "pass"}


def _evidence(**verdicts: str) -> list[dict[str, str]]:
    return [
        {"control": name, "value": "x", "verdict": verdict, "source": "test"}
        for name, verdict in verdicts.items()
    ]


def _handed_over(office: Office, generation: str = "DK20", **verdicts: str) -> int:
    """A PC of its owner 000417 that was prepared with this evidence."""
    with office.database.write() as session:
        department = Department(bureau="総務部", division="人事課", valid_from=DAY)
        session.add(department)
        session.flush()
        person = Person(staff_number="000417", name="山田", department_id=department.id)
        session.add(person)
        session.flush()
        owner = person.id
    office.wave()
    (id_,) = office.machines(1, generation=generation, state=MachineState.VERIFIED, owner_id=owner)
    office.tick()
    if office.states([id_]) == ["enabling"]:
        order = office.engine.last
        office.engine.deliver(office.report(order, id_, evidence=_evidence(**verdicts)))
        office.engine.end(order.run_id)
        office.tick()
    assert office.states([id_]) == ["migrated"]
    return id_


def _wish(office: Office, id_: int, days: int = 5) -> Wish:
    first = today(office.settings, office.clock.now())
    tag = office.machine(id_).asset_tag
    return Wish(tag, "000417", first, first + timedelta(days=days), "自宅", "テレワーク")


def _apply(office: Office, id_: int, days: int = 5) -> int:
    now = office.clock.now()
    wish = _wish(office, id_, days)
    return decisions.apply(office.database, office.settings, wish, office.planner, now)


def _decide(office: Office, number: int, verb: TakeoutVerb = TakeoutVerb.APPROVE) -> None:
    now = office.clock.now()
    decisions.decide(office.database, office.settings, number, verb, office.approver, now, "why")


def _later(office: Office, **by: float) -> None:
    office.clock.forward(**by)
    office.tick()


def test_with_everything_it_is_portable_and_ceases_to_be_when_the_period_is_over(
    office: Office,
) -> None:
    id_ = _handed_over(office, **FULL)
    number = _apply(office, id_)
    _later(office, minutes=2)
    assert office.states([id_]) == ["migrated"], "nobody has approved it"
    _decide(office, number)
    _later(office, minutes=2)
    assert office.states([id_]) == ["portable"]
    assert office.rows(DiskPin)[0].state == "chosen"
    _later(office, days=6)
    assert office.states([id_]) == ["migrated"]
    day = today(office.settings, office.clock.now())
    (late,) = listing(office.database, office.settings, office.clock.now(), Filter(overdue_on=day))
    assert (late.number, late.days_overdue) == (number, 1)
    decisions.report(
        office.database,
        office.settings,
        number,
        TakeoutVerb.BRING_BACK,
        office.planner,
        office.clock.now(),
    )
    assert not listing(office.database, office.settings, office.clock.now(), Filter(overdue_on=day))


@pytest.mark.parametrize("ends", ["period", "service"])
def test_what_was_known_before_happens_with_its_day_when_nothing_else_does(
    office: Office, ends: str
) -> None:
    id_ = _handed_over(office, **FULL)
    wish = _wish(office, id_, days=4 if ends == "period" else 9)
    now = office.clock.now()
    later = replace(wish, first=wish.first + timedelta(days=2))
    _decide(office, decisions.apply(office.database, office.settings, later, office.planner, now))
    if ends == "service":
        with office.database.write() as session:
            person = session.exec(select(Person)).one()
            person.left_on = wish.first + timedelta(days=4)
            session.add(person)
    for day in range(7):
        # Twice: what a look does itself is looked at again by the next one, and then no more.
        _later(office, minutes=2)
        _later(office, minutes=2)
        allowed = "portable" if day in (2, 3, 4) else "migrated"
        assert (day, office.states([id_])) == (day, [allowed])
        office.clock.forward(days=1)


@pytest.mark.parametrize("control", FULL)
@pytest.mark.parametrize("verdict", ["pending", "fail", None])
def test_without_evidence_of_each_control_it_stays(
    office: Office, control: str, verdict: str | None
) -> None:
    known = {**FULL, control: verdict}
    id_ = _handed_over(office, **{name: word for name, word in known.items() if word})
    _decide(office, _apply(office, id_))
    _later(office, minutes=2)
    assert office.states([id_]) == ["migrated"]
    (entry,) = listing(office.database, office.settings, office.clock.now())
    assert len(entry.lacks) == 1
    assert control in entry.lacks[0]


@pytest.mark.parametrize("generation", ["DK18", "DK19"])
def test_a_generation_whose_policy_does_not_allow_it_is_refused(
    office: Office, generation: str
) -> None:
    id_ = _handed_over(office, generation)
    with pytest.raises(TakeoutRefused, match=generation):
        _apply(office, id_)


def test_nobody_decides_on_an_own_application(office: Office) -> None:
    id_ = _handed_over(office, **FULL)
    number = _apply(office, id_)
    for name in (office.planner.name, "000417"):
        own = Operator(name, OperatorRole.APPROVER)
        with pytest.raises(NeedsApproval):
            decisions.decide(
                office.database,
                office.settings,
                number,
                TakeoutVerb.APPROVE,
                own,
                office.clock.now(),
            )
    assert office.rows(Takeout)[0].state == "applied"


def test_what_nobody_decided_expires(office: Office) -> None:
    id_ = _handed_over(office, **FULL)
    number = _apply(office, id_)
    _later(office, days=6)
    assert office.rows(Takeout)[0].state == "expired"
    with pytest.raises(TakeoutRefused):
        _decide(office, number)


def test_the_application_of_somebody_who_left_does_not_hold(office: Office) -> None:
    id_ = _handed_over(office, **FULL)
    _decide(office, _apply(office, id_))
    _later(office, minutes=2)
    assert office.states([id_]) == ["portable"]
    with office.database.write() as session:
        owner = session.get(Machine, id_)
        assert owner is not None
        person = session.get(Person, owner.owner_id)
        assert person is not None
        person.left_on = today(office.settings, office.clock.now())
        session.add(person)
    _later(office, days=1)
    assert office.states([id_]) == ["migrated"]
    day = today(office.settings, office.clock.now())
    (late,) = listing(office.database, office.settings, office.clock.now(), Filter(overdue_on=day))
    assert (late.state, late.days_overdue) == (TakeoutState.RECALLED, 1)
    decisions.report(
        office.database, office.settings, late.number, TakeoutVerb.BRING_BACK,
        office.planner, office.clock.now(),
    )  # fmt: skip
    assert not listing(office.database, office.settings, office.clock.now(), Filter(overdue_on=day))


def test_a_refusal_needs_a_reason_and_the_same_days_are_given_once(office: Office) -> None:
    id_ = _handed_over(office, **FULL)
    number = _apply(office, id_)
    with pytest.raises(TakeoutRefused, match="some of the same days"):
        _apply(office, id_)
    _decide(office, number, TakeoutVerb.REJECT)
    _later(office, minutes=2)
    assert office.states([id_]) == ["migrated"]
    with pytest.raises(NotAllowed):
        _decide(office, number)


def test_an_application_says_where_what_for_and_when(office: Office) -> None:
    id_ = _handed_over(office, **FULL)
    good = _wish(office, id_)
    now = office.clock.now()
    for bad in (
        replace(good, place=" "),
        replace(good, purpose=""),
        replace(good, last=good.first - timedelta(days=1)),
        replace(good, last=good.first + timedelta(days=400)),
        replace(good, staff_number="999999"),
    ):
        with pytest.raises(TakeoutRefused):
            decisions.apply(office.database, office.settings, bad, office.planner, now)


def test_a_blanket_approval_reaches_the_department_but_spares_nothing_else(
    office: Office,
) -> None:
    id_ = _handed_over(office, disk_encryption="pass", vpn="pass", encryption_pin="pending")
    first = today(office.settings, office.clock.now())
    done = decisions.emergency(
        office.database,
        office.settings,
        "総務部 人事課",
        first,
        first + timedelta(days=3),
        "台風",
        office.approver,
        office.clock.now(),
    )
    assert len(done.made) == 1
    _later(office, minutes=2)
    assert office.states([id_]) == ["migrated"], "its user has chosen no PIN"
    (pin,) = office.rows(DiskPin)
    assert pin.state == "awaited"
    with office.database.read() as session:
        then = TakeoutsThen(session, Until(at=pin.state_since))
        assert then.of([id_])[-1] == ["awaited"]
        before = TakeoutsThen(session, Until(at=pin.state_since - timedelta(seconds=1)))
        assert before.of([id_])[-1] == [None]


def test_a_pc_that_is_not_portable_can_be_reported_neither_out_nor_back(office: Office) -> None:
    id_ = _handed_over(office, **FULL)
    number = _apply(office, id_)
    _decide(office, number)
    now = office.clock.now()
    with pytest.raises(TakeoutRefused, match="not portable"):
        decisions.report(
            office.database, office.settings, number, TakeoutVerb.TAKE_OUT, office.planner, now
        )
    with pytest.raises(TakeoutRefused, match=f"takehome withdraw {number}"):
        decisions.report(
            office.database, office.settings, number, TakeoutVerb.BRING_BACK, office.planner, now
        )


def test_an_application_that_is_over_is_not_reported_out_when_a_later_one_lets_its_pc_go(
    office: Office,
) -> None:
    id_ = _handed_over(office, **FULL)
    first = _apply(office, id_)
    _decide(office, first)
    _later(office, minutes=2)

    def report(number: int, verb: TakeoutVerb) -> None:
        now = office.clock.now()
        decisions.report(office.database, office.settings, number, verb, office.planner, now)

    report(first, TakeoutVerb.TAKE_OUT)
    report(first, TakeoutVerb.BRING_BACK)
    _decide(office, _apply(office, id_))
    _later(office, days=1)
    assert office.states([id_]) == ["portable"]
    with pytest.raises(NotAllowed, match="returned"):
        report(first, TakeoutVerb.TAKE_OUT)


def test_only_letting_out_makes_a_machine_portable() -> None:
    from rollout.domain.machine import MACHINE

    into = {verb for (_state, verb), to in MACHINE.moves.items() if to == MachineState.PORTABLE}
    assert into == {MachineVerb.LET_OUT}


def test_windows_of_a_listing_together_are_the_listing(office: Office) -> None:
    office.wave()
    ids = office.machines(7, generation="DK20")
    for place, id_ in enumerate(ids):
        office.owner(id_, f"職員{place}", f"90000{place}")
        wish = replace(_wish(office, id_, days=1 + place // 3), staff_number=f"90000{place}")
        decisions.apply(office.database, office.settings, wish, office.planner, office.clock.now())

    def window(after: Place | None) -> list[Listed]:
        now = office.clock.now()
        return listing(office.database, office.settings, now, after=after, limit=2)

    found: list[Listed] = []
    while rows := window(found[-1].place_in_order if found else None):
        found += rows
    assert found == listing(office.database, office.settings, office.clock.now())
    assert len(found) == 7
