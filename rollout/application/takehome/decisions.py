"""What people decide and report about taking PCs out; each refusal says what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from rollout.application.choosing import today
from rollout.application.operators import Operator
from rollout.domain.errors import NeedsApproval, RolloutError
from rollout.domain.machine import MachineState
from rollout.domain.takeout import TakeoutState, TakeoutVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.told import told
from rollout.settings import OperatorRole, Settings
from rollout.store import machines, personal, takeouts, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Person, Takeout, TakeoutEmergency


class TakeoutRefused(RolloutError):
    """An application, a decision or a report was refused."""


@dataclass(frozen=True)
class Wish:
    """What somebody applies for; both days are in the period."""

    tag: str
    staff_number: str
    first: date
    last: date
    place: str
    purpose: str


@dataclass(frozen=True)
class Blanket:
    """What a blanket approval did: applications made, and PCs left out with the reason."""

    made: list[int]
    left_out: list[tuple[str, str]]


def apply(
    database: Database, settings: Settings, wish: Wish, operator: Operator, at: datetime
) -> int:
    """Enter an application; its number. Raises TakeoutRefused, NotFound."""
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        return enter(session, settings, wish, operator, at)


def enter(
    session: Session, settings: Settings, wish: Wish, operator: Operator, at: datetime
) -> int:
    """The same in the caller's transaction. Raises TakeoutRefused, NotFound."""
    machine = machines.by_tag(session, wish.tag)
    person = personal.by_number(session, wish.staff_number)
    if person is None:
        raise TakeoutRefused(
            _("{number}: nobody has this staff number").format(number=wish.staff_number)
        )
    _must_be_possible(session, settings, machine, person, wish, today(settings, at))
    return takeouts.add(session, _row(machine, person, wish, operator, at))


def _row(machine: Machine, person: Person, wish: Wish, operator: Operator, at: datetime) -> Takeout:
    return Takeout(
        machine_id=machine.id or 0,
        person_id=person.id or 0,
        period_from=wish.first,
        period_to=wish.last,
        place=wish.place.strip(),
        purpose=wish.purpose.strip(),
        applied_by=operator.name,
        applied_at=at,
        state_since=at,
    )


def _must_be_possible(
    session: Session, settings: Settings, machine: Machine, person: Person, wish: Wish, day: date
) -> None:
    tag = machine.asset_tag
    if not wish.place.strip() or not wish.purpose.strip():
        raise TakeoutRefused(_("an application names a place and a purpose"))
    if wish.last < wish.first or wish.last < day:
        raise TakeoutRefused(
            _("{first} to {last} is no period from today on").format(
                first=wish.first, last=wish.last
            )
        )
    if (wish.last - wish.first).days >= settings.take_home.longest_days:
        raise TakeoutRefused(
            _("{days} {days:day is|days are} more than [take_home] longest_days allows").format(
                days=(wish.last - wish.first).days + 1
            )
        )
    if person.left_on is not None and person.left_on < wish.last:
        raise TakeoutRefused(
            _("{number} leaves on {day}").format(number=person.staff_number, day=person.left_on)
        )
    if machine.owner_id is not None and machine.owner_id != person.id:
        raise TakeoutRefused(
            _("{tag} is not the PC of {number}: its owner applies").format(
                tag=tag, number=person.staff_number
            )
        )
    if why := never(settings, machine):
        raise TakeoutRefused(f"{tag}: {why}")
    for other in takeouts.overlapping(session, machine.id or 0, wish.first, wish.last):
        raise TakeoutRefused(
            _("application {number} for {tag} has some of the same days").format(
                number=other.id, tag=tag
            )
        )


def never(settings: Settings, machine: Machine) -> str | None:
    """Why no application for this PC can be granted; None when one may be."""
    policy = settings.generation(machine.generation).take_home
    if machine.may_leave is False:
        return _("the ledger says that it stays in the office")
    if policy == "after-refresh":
        return _("generation {generation} may go after its renewal only").format(
            generation=machine.generation
        )
    if policy is not True:
        return _("generation {generation} may not be taken out").format(
            generation=machine.generation
        )
    return None


def decide(
    database: Database,
    settings: Settings,
    number: int,
    verb: TakeoutVerb,
    operator: Operator,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Approve or reject. Raises TakeoutRefused, NotAllowed, NeedsApproval for the applicant."""
    decide_together(database, settings, [number], verb, operator, at, reason)


def decide_together(
    database: Database,
    settings: Settings,
    numbers: Sequence[int],
    verb: TakeoutVerb,
    operator: Operator,
    at: datetime,
    reason: str | None = None,
) -> None:
    """The same for several applications: all of them, or none when one is refused."""
    operator.must_be(OperatorRole.APPROVER)
    if verb is TakeoutVerb.REJECT and not reason:
        raise TakeoutRefused(_("a refusal needs a reason: --reason"))
    with database.write() as session:
        for number in numbers:
            row = takeouts.by_id(session, number)
            person = personal.by_id(session, row.person_id)
            if operator.name in (row.applied_by, person.staff_number, person.upn):
                raise NeedsApproval(
                    _("{name} has applied for {number}: somebody else decides").format(
                        name=operator.name, number=number
                    )
                )
            if verb is TakeoutVerb.APPROVE and row.period_to < today(settings, at):
                raise TakeoutRefused(_("the period of {number} is over").format(number=number))
            row.decided_by, row.decided_at = operator.name, at
            session.add(row)
        transitions.apply(
            session, Takeout, numbers, verb, actor=operator.name, at=at, reason=reason
        )


def report(
    database: Database,
    settings: Settings,
    number: int,
    verb: TakeoutVerb,
    operator: Operator,
    at: datetime,
    *,
    day: date | None = None,
    reason: str | None = None,
) -> None:
    """Report that a PC left or is back, or take the application back.

    Raises TakeoutRefused, NotAllowed.
    """
    operator.must_be(OperatorRole.OPERATOR)
    now = today(settings, at)
    day = day or now
    if day > now:
        raise TakeoutRefused(_("{day} is not yet here").format(day=day))
    with database.write() as session:
        row = takeouts.by_id(session, number)
        if verb is TakeoutVerb.TAKE_OUT:
            machine = machines.by_id(session, row.machine_id)
            if row.allowed_at is None or machine.state != MachineState.PORTABLE:
                raise TakeoutRefused(
                    _("the PC of {number} is not portable: see `rollout takehome list`").format(
                        number=number
                    )
                )
        elif verb is TakeoutVerb.BRING_BACK:
            if row.state == TakeoutState.APPROVED and row.allowed_at is None:
                raise TakeoutRefused(
                    _(
                        "the PC of {number} was never let out: "
                        "`rollout takehome withdraw {number}` takes the application back"
                    ).format(number=number)
                )
            if row.out_on is not None and day < row.out_on:
                raise TakeoutRefused(
                    _("the PC of {number} left on {day} only").format(number=number, day=row.out_on)
                )
        elif row.allowed_at is not None:
            raise TakeoutRefused(
                _("the PC of {number} may be outside: report `rollout takehome return`").format(
                    number=number
                )
            )
        # The move first: it refuses what is over, whose days stand.
        _move(session, number, verb, operator, at, reason)
        if verb is TakeoutVerb.TAKE_OUT:
            row.out_on = day
        elif verb is TakeoutVerb.BRING_BACK:
            row.returned_on = day
        session.add(row)


def emergency(
    database: Database,
    settings: Settings,
    department: str,
    first: date,
    last: date,
    reason: str,
    operator: Operator,
    at: datetime,
) -> Blanket:
    """Let every PC of a department leave in a period, without applications of each.

    Policy, evidence and PIN are demanded all the same. The approver's own PC is left out.
    Raises TakeoutRefused.
    """
    operator.must_be(OperatorRole.APPROVER)
    day = today(settings, at)
    if not reason:
        raise TakeoutRefused(_("a blanket approval needs a reason: --reason"))
    if last < first or last < day:
        raise TakeoutRefused(
            _("{first} to {last} is no period from today on").format(first=first, last=last)
        )
    with database.write() as session:
        found = takeouts.of_whole_department(session, department, day)
        if not found:
            raise TakeoutRefused(
                _("{department}: no PC has an owner there; write it as in the ledger").format(
                    department=department
                )
            )
        blanket = takeouts.add_emergency(
            session,
            TakeoutEmergency(
                department=department,
                reason=reason,
                period_from=first,
                period_to=last,
                approved_by=operator.name,
                approved_at=at,
            ),
        )
        made, left_out = [], []
        for machine, person in found:
            why = never(settings, machine)
            if operator.name in (person.staff_number, person.upn):
                why = _("it is the approver's own")
            elif takeouts.overlapping(session, machine.id or 0, first, last):
                why = _("it has an application for some of these days")
            if why:
                left_out.append((machine.asset_tag, why))
                continue
            wish = Wish(machine.asset_tag, person.staff_number, first, last, department, reason)
            row = _row(machine, person, wish, operator, at)
            row.emergency_id, row.decided_by, row.decided_at = blanket, operator.name, at
            made.append(takeouts.add(session, row))
        why = told(msgid("blanket approval {number}: {reason}"), number=blanket, reason=reason)
        transitions.apply(
            session, Takeout, made, TakeoutVerb.APPROVE, actor=operator.name, at=at, reason=why
        )
        return Blanket(made, left_out)


def _move(
    session: Session,
    number: int,
    verb: TakeoutVerb,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> None:
    transitions.apply(session, Takeout, [number], verb, actor=operator.name, at=at, reason=reason)
