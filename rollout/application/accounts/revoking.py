"""Taking one person's access away, whatever the ledger says."""

from datetime import datetime, timedelta

from rollout.application.accounts.asking import is_taken
from rollout.application.accounts.plan import AccountsRefused, must_be_in_use
from rollout.application.operators import Operator
from rollout.domain.account import AccountState, AccountVerb, Aim, CloudService
from rollout.i18n import _
from rollout.settings import OperatorRole, Settings
from rollout.store import account_queue, accounts, transitions
from rollout.store.account_queue import Standing
from rollout.store.database import Database
from rollout.store.tables import Account

_NOTHING_LEFT = frozenset({AccountState.ABSENT, AccountState.REVOKED})


def revoke(
    database: Database,
    settings: Settings,
    staff_number: str,
    operator: Operator,
    at: datetime,
    reason: str | None,
    *,
    everything: bool,
) -> int:
    """Ask for the end of sign-in now, and of the rest after the grace period or at once.

    How many services are asked about. Raises AccountsRefused, NotPermitted.
    """
    must_be_in_use(settings.accounts)
    operator.must_be(OperatorRole.APPROVER)
    if not reason or not reason.strip():
        raise AccountsRefused(_("revoking needs a reason: give --reason"))
    with database.write() as session:
        people = accounts.people(session, staff_number=staff_number)
        if not people:
            raise AccountsRefused(
                _("{number}: nobody has this staff number").format(number=staff_number)
            )
        rows = [
            row
            for row in account_queue.standings(session, [people[0].id])
            if row.state not in _NOTHING_LEFT
        ]
        if not rows:
            raise AccountsRefused(
                _("{person} has no service that could be taken away").format(person=staff_number)
            )
        later = at if everything else at + timedelta(days=settings.accounts.revoke_after_days)
        account_queue.write_work(
            session,
            Account,
            [
                {
                    "id": row.id,
                    "aim": Aim.REVOKED.value,
                    "due_at": _when_sign_in_ends(row, at)
                    if row.service == CloudService.IDENTITY
                    else later,
                    "attempts": 0,
                }
                for row in rows
            ],
        )
        asked = [row.id for row in rows if row.state != AccountState.REQUESTED]
        transitions.apply(
            session,
            Account,
            asked,
            AccountVerb.REQUEST,
            actor=operator.name,
            at=at,
            reason=reason.strip(),
        )
        return len(rows)


def _when_sign_in_ends(row: Standing, at: datetime) -> datetime | None:
    """At once; of a user who is being made, as soon as it is known who that is."""
    return row.due_at if is_taken(row) else at


def restore(
    database: Database,
    settings: Settings,
    staff_number: str,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> int:
    """Ask again for every service of somebody whose access was taken away.

    No plan does: it would undo what an approver decided. How many services are asked for. Raises
    AccountsRefused, NotPermitted.
    """
    must_be_in_use(settings.accounts)
    operator.must_be(OperatorRole.APPROVER)
    if not reason or not reason.strip():
        raise AccountsRefused(_("giving access back needs a reason: give --reason"))
    with database.write() as session:
        people = accounts.people(session, staff_number=staff_number)
        if not people:
            raise AccountsRefused(
                _("{number}: nobody has this staff number").format(number=staff_number)
            )
        left_on = people[0].left_on
        if left_on is not None and left_on < at.astimezone(settings.programme.zone).date():
            raise AccountsRefused(
                _("{person} left on {day}: correct the list of people first").format(
                    person=staff_number, day=left_on.isoformat()
                )
            )
        rows = [
            row
            for row in account_queue.standings(session, [people[0].id])
            if row.aim == Aim.REVOKED
        ]
        if not rows:
            raise AccountsRefused(
                _("nothing was taken away from {person}").format(person=staff_number)
            )
        work = [
            {
                "id": row.id,
                "aim": Aim.READY.value,
                "due_at": row.due_at if is_taken(row) else at,
                "attempts": 0,
            }
            for row in rows
        ]
        account_queue.write_work(session, Account, work)
        gone = [row.id for row in rows if row.state != AccountState.REQUESTED]
        transitions.apply(
            session,
            Account,
            gone,
            AccountVerb.REQUEST,
            actor=operator.name,
            at=at,
            reason=reason.strip(),
        )
        return len(rows)
