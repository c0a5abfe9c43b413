"""`accounts plan` and what `accounts apply` does with it before anything is sent."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application.accounts import following, stock
from rollout.application.accounts import world as reading
from rollout.application.accounts.asking import ask, ask_for_new_names
from rollout.application.accounts.deciding import (
    ACTING,
    Decider,
    Decision,
    LeftGroup,
    Stock,
)
from rollout.application.accounts.directory import Directory
from rollout.application.accounts.following import NewName, Places, Reorganised
from rollout.application.accounts.naming import department_name, nickname_of
from rollout.application.accounts.world import World
from rollout.application.operators import Operator
from rollout.application.training.services import ServiceTraining
from rollout.domain.account import Aim, CloudService, PlannedAction
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole, Settings
from rollout.settings.accounts import Accounts
from rollout.store import accounts, mailbox_moves
from rollout.store.accounts import AccountPerson
from rollout.store.database import Database
from rollout.store.tables import Account, AccountPlan


class AccountsRefused(RolloutError):
    """Accounts are not provisioned from here, or the plan cannot be carried out."""


@dataclass(frozen=True)
class Scope:
    """Whose accounts; nothing named: everybody's."""

    wave: int | None = None
    department: str | None = None
    staff_number: str | None = None
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What there is to do. `number` is that of the kept plan, None before it is kept."""

    decisions: Sequence[Decision]
    stock: Sequence[Stock]
    number: int | None = None
    moves: Sequence["Move"] = ()
    """Who stands elsewhere on the day that was asked about."""
    new_names: Sequence[NewName] = ()
    """Groups that get the new name of their department."""
    taken_away: Sequence[str] = ()
    """Staff numbers of people in service who get nothing: somebody took their access away."""
    reorganised: Sequence[Reorganised] = ()
    """Departments that change until the day that was asked about."""

    def totals(self) -> Counter[tuple[CloudService, PlannedAction]]:
        """Decisions by service and action."""
        return Counter((one.service, one.action) for one in self.decisions)


@dataclass(frozen=True)
class Move:
    """Somebody who joins the group of `to`, and leaves that of `from_` after `until`."""

    staff_number: str
    from_: str | None
    to: str | None
    until: date


def must_be_in_use(settings: Accounts) -> None:
    """Raises AccountsRefused while no directory is configured."""
    if not settings.in_use:
        raise AccountsRefused(
            _("no directory is configured: see [accounts.tenant] in docs/configuration.md")
        )


def propose(
    database: Database,
    settings: Settings,
    directory: Directory,
    scope: Scope,
    operator: Operator,
    at: datetime,
    as_of: date | None = None,
) -> Proposal:
    """Look at the directory and keep what there is to do; nothing is done.

    With `as_of` it is what there will be to do on that day: shown, and not kept.
    Raises AccountsRefused, DirectoryAway.
    """
    world, proposal, _places = _look(database, settings, directory, scope, at, as_of)
    if as_of is not None:
        return proposal
    with database.write() as session:
        stock.keep(session, world.products.values(), at)
        plan = AccountPlan(
            actor=operator.name, created_at=at, scope=json.dumps(asdict(scope), sort_keys=True)
        )
        number = accounts.save_plan(
            session,
            plan,
            [
                {
                    "person_id": one.person.id,
                    "service": one.service.value,
                    "action": one.action.value,
                    "cause": one.cause,
                }
                for one in proposal.decisions
                if one.action is not PlannedAction.KEEP
            ],
        )
    return replace(proposal, number=number)


def _look(
    database: Database,
    settings: Settings,
    directory: Directory,
    scope: Scope,
    at: datetime,
    as_of: date | None = None,
) -> tuple[World, Proposal, Places]:
    must_be_in_use(settings.accounts)
    today = at.astimezone(settings.programme.zone).date()
    day = as_of or today
    with database.read() as session:
        places = following.read(session, settings.accounts, day)
        people, before = (
            places.people(
                accounts.people(
                    session,
                    wave=scope.wave,
                    department=scope.department,
                    staff_number=scope.staff_number,
                    day=one,
                )
            )
            for one in (day, today)
        )
        if not people:
            _must_name_somebody(session, scope)
        left = _left_groups(session, places, people)
        hindered = mailbox_moves.hindrances(session)
        training = ServiceTraining.read(session, settings)
        rows = accounts.of_people(session)
    states = {(row.person_id, row.service): row.state for row in rows}
    held = _taken_away(people, rows, today)
    people = [one for one in people if one not in held]
    wanted = places.settings
    if scope.services:
        chosen = tuple(one for one in wanted.services if one.value in scope.services)
        wanted = wanted.model_copy(update={"services": chosen})
    world = reading.read(
        directory,
        wanted,
        _nicknames(people, wanted) | {one.nickname for groups in left.values() for one in groups},
    )
    decider = Decider(world, wanted, states, day, left, hindered, training)
    decisions = decider.decide(people)
    moves = _moves(before, people, day + timedelta(days=wanted.old_group_days))
    proposal = Proposal(
        decisions,
        decider.stock(),
        moves=moves,
        new_names=_new_names(places, people, world, wanted),
        reorganised=following.reorganised(places, today),
        taken_away=[one.staff_number for one in held],
    )
    return world, proposal, places


def _must_name_somebody(session: Session, scope: Scope) -> None:
    """Each by itself, whatever the day: that nobody is in all of them is an answer, a slip is not.

    Raises AccountsRefused.
    """
    number, department, wave = scope.staff_number, scope.department, scope.wave
    if number is not None and not accounts.people(session, staff_number=number):
        raise AccountsRefused(_("{number}: nobody has this staff number").format(number=number))
    if department is not None and not accounts.people(session, department=department):
        raise AccountsRefused(
            _(
                "{department}: nobody is in this department; write its bureau as the list of "
                "people does, or bureau and division with a space between"
            ).format(department=department)
        )
    if wave is not None and not accounts.people(session, wave=wave):
        raise AccountsRefused(_("wave {number} has no PC with an owner").format(number=wave))


def _taken_away(
    people: Sequence[AccountPerson], rows: Sequence[Account], today: date
) -> list[AccountPerson]:
    """People in service whose access somebody took away: no plan gives it back."""
    revoked = {
        row.person_id
        for row in rows
        if row.service == CloudService.IDENTITY and row.aim == Aim.REVOKED
    }
    return [
        one for one in people if one.id in revoked and (one.left_on is None or one.left_on >= today)
    ]


def _new_names(
    places: Places, people: Sequence[AccountPerson], world: World, settings: Accounts
) -> list[NewName]:
    """Groups of these people's departments that still bear a former name."""
    found = []
    if CloudService.GROUPWARE not in settings.services:
        return []
    for keeper in sorted({one.department_id for one in people if one.department_id is not None}):
        group = world.groups.get(places.address(keeper).casefold())
        if group is not None and group.display_name in places.former_names(keeper):
            after = department_name(*places.names[keeper])
            found.append(NewName(keeper, group.nickname, group.display_name, after))
    return found


def _moves(
    before: Sequence[AccountPerson], after: Sequence[AccountPerson], until: date
) -> list[Move]:
    known = {one.id: one for one in before}
    return [
        Move(one.staff_number, _place(known.get(one.id)), _place(one), until)
        for one in after
        if one.id not in known or known[one.id].department_id != one.department_id
    ]


def _place(person: AccountPerson | None) -> str | None:
    if person is None or person.bureau is None:
        return None
    return department_name(person.bureau, person.division or "")


def _left_groups(
    session: Session, places: Places, people: Sequence[AccountPerson]
) -> dict[int, list[LeftGroup]]:
    return {
        person: [LeftGroup(places.address(one.department_id), one.last) for one in left]
        for person, left in following.left_departments(session, places, people).items()
    }


def _nicknames(people: Sequence[AccountPerson], settings: Accounts) -> set[str]:
    return {
        nickname_of(
            person.department_id, department_name(person.bureau, person.division or ""), settings
        )
        for person in people
        if person.department_id is not None and person.bureau is not None
    }


def last_scope(database: Database) -> tuple[int, Scope]:
    """The newest plan that was not carried out yet. Raises AccountsRefused when there is none."""
    with database.read() as session:
        plan = accounts.last_plan(session)
    if plan is None or plan.applied_at is not None:
        raise AccountsRefused(_("there is no plan to apply: `rollout accounts plan` first"))
    kept = json.loads(plan.scope)
    return plan.id or 0, Scope(**kept | {"services": tuple(kept["services"])})


def last_plan_of(database: Database, asked: Scope) -> int:
    """The number of the newest plan, if it is of `asked`; with nothing named it may be of any.

    Raises AccountsRefused when it looked at others, or when there is none.
    """
    number, scope = last_scope(database)
    if asked not in (Scope(), scope):
        raise AccountsRefused(
            _(
                "plan {number} looked at others: run `rollout accounts plan` with the same "
                "--wave, --department, --person and --services first"
            ).format(number=number)
        )
    return number


def begin(
    database: Database,
    settings: Settings,
    directory: Directory,
    operator: Operator,
    at: datetime,
) -> Proposal:
    """Ask for what the newest plan says, in one transaction; the work itself comes after.

    Refuses when the directory or the people have changed so that the plan would do something
    else. Raises AccountsRefused, DirectoryAway, NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    number, scope = last_scope(database)
    world, proposal, places = _look(database, settings, directory, scope, at)
    with database.write() as session:
        plan = accounts.last_plan(session)
        if plan is None or plan.id != number or plan.applied_at is not None:
            raise AccountsRefused(_("another plan was made meanwhile: look at it first"))
        _must_be_the_same(session, number, proposal)
        ask(session, places.settings, world, proposal.decisions, operator, at, places.day)
        ask_for_new_names(session, proposal.new_names, operator, at)
        plan.applied_at = at
        session.add(plan)
    return replace(proposal, number=number)


def _must_be_the_same(session: Session, number: int, proposal: Proposal) -> None:
    before = accounts.planned_actions(session, number)
    other = [
        one
        for one in proposal.decisions
        if one.action in ACTING
        and before.get((one.person.id, one.service.value)) != one.action.value
    ]
    if other:
        shown = ", ".join(
            f"{one.person.staff_number} {label(one.service)}: "
            + label(
                PlannedAction(before.get((one.person.id, one.service.value), PlannedAction.KEEP))
            )
            + f" → {label(one.action)}"
            for one in other[:3]
        )
        raise AccountsRefused(
            _(
                "{count} {count:service is|services are} no more as plan {number} saw them "
                "({shown}): `rollout accounts plan` again"
            ).format(count=len(other), number=number, shown=shown)
        )
