"""Keeping mailbox services in step with the moves of their mailboxes.

A bad grade blocks the service with its cause, and what no longer holds is asked for again. Called
by whoever changes a move, and before each look at the accounts: an answer of the directory that was
under way must not make a mailbox ready that a report has just called Poor.
"""

from datetime import datetime

from sqlmodel import Session

from rollout.domain.account import AccountVerb
from rollout.domain.mailbox_batch import Hindrance
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.store import account_queue, mailbox_moves, transitions
from rollout.store.database import Database
from rollout.store.tables import Account

CAUSES = {
    Hindrance.FAILED: msgid(
        "the move of the mailbox failed: mend it in the admin centre, start it again and import "
        "the new report"
    ),
    Hindrance.POOR: msgid(
        "the moved mailbox has the grade Poor: repair the old one or ask Microsoft's support, "
        "copy it again and import the new report"
    ),
    Hindrance.INVESTIGATE: msgid(
        "the moved mailbox has the grade Investigate: look at what was skipped, then "
        "`rollout accounts approve-mailbox` by somebody else than who brought the report"
    ),
}
_AGAIN = msgid("nothing in the report keeps the mailbox back any more")


def cause_of(kind: Hindrance) -> Told:
    """Why such a mailbox is not counted as ready, and what to do."""
    return told(CAUSES[kind])


def hold_back(database: Database, *, actor: str, at: datetime) -> None:
    """`keep_in_step`, without waiting for the writers while nothing has to be done."""
    with database.read() as session:
        some = any(mailbox_moves.to_keep_back(session, kind) for kind in Hindrance)
    if some:
        with database.write() as session:
            keep_in_step(session, actor=actor, at=at)


def keep_in_step(session: Session, *, actor: str, at: datetime) -> None:
    """Block what a report keeps back, and ask again for what it does not any more."""
    for kind in Hindrance:
        ids = mailbox_moves.to_keep_back(session, kind)
        if not ids:
            continue
        account_queue.write_work(session, Account, [{"id": id_, "in_doubt": False} for id_ in ids])
        transitions.apply(
            session, Account, ids, AccountVerb.BLOCK, actor=actor, at=at, reason=cause_of(kind)
        )
    ours = set(CAUSES.values())
    free = [
        row.id or 0
        for row in mailbox_moves.blocked_and_free(session)
        if isinstance(row.cause, Told) and row.cause.message in ours
    ]
    if free:
        looked_at = [{"id": id_, "due_at": at, "attempts": 0, "in_doubt": False} for id_ in free]
        account_queue.write_work(session, Account, looked_at)
        transitions.apply(
            session, Account, free, AccountVerb.REQUEST, actor=actor, at=at, reason=told(_AGAIN)
        )
