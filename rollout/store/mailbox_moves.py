"""Queries on reports of mailbox moves, and on accounts that a bad grade keeps back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, insert, or_, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from rollout.domain.account import AccountState, Aim, CloudService
from rollout.domain.mailbox_batch import Grade, Hindrance, MoveStatus
from rollout.store.tables import Account, MailboxBatch, MailboxMove, Person


def batches(session: Session) -> dict[str, MailboxBatch]:
    """Every batch by its name."""
    return {row.name: row for row in session.exec(select(MailboxBatch)).all()}


def moves(session: Session) -> dict[int, MailboxMove]:
    """The move of each person by the person's id."""
    return {row.person_id: row for row in session.exec(select(MailboxMove)).all()}


def save_batch(session: Session, batch: MailboxBatch) -> int:
    """Keep a batch; its id."""
    session.add(batch)
    session.flush()
    return batch.id or 0


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep moves of people who had none."""
    if rows:
        session.connection().execute(insert(MailboxMove), [dict(row) for row in rows])


def change(session: Session, rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Write columns of moves, by the person's id."""
    for person, values in rows.items():
        session.connection().execute(
            update(MailboxMove).where(col(MailboxMove.person_id) == person).values(**values)
        )


def of_person(session: Session, person_id: int) -> MailboxMove | None:
    """One person's move."""
    return session.get(MailboxMove, person_id)


class BatchRow(NamedTuple):
    """A batch with what its mailboxes add up to; `unfinished` are not in the cloud."""

    batch: MailboxBatch
    mailboxes: int
    unfinished: int
    failed: int


def with_sizes(session: Session) -> list[BatchRow]:
    """Every batch, by name."""
    counted: Any = session.connection().execute(
        columns(col(MailboxMove.batch_id), col(MailboxMove.status), func.count()).group_by(
            col(MailboxMove.batch_id), col(MailboxMove.status)
        )
    )
    sizes: dict[int, dict[str, int]] = {}
    for batch, status, count in counted:
        sizes.setdefault(batch, {})[status] = count
    found = []
    for _name, row in sorted(batches(session).items()):
        own = sizes.get(row.id or 0, {})
        total = sum(own.values())
        done = own.get(MoveStatus.FINALIZED.value, 0)
        found.append(BatchRow(row, total, total - done, own.get(MoveStatus.FAILED.value, 0)))
    return found


class MoveRow(NamedTuple):
    """A move with its person and the name of its batch."""

    move: MailboxMove
    staff_number: str
    name: str
    batch: str


def listing(
    session: Session,
    *,
    staff_number: str | None = None,
    batch: str | None = None,
    hindered_only: bool = False,
) -> list[MoveRow]:
    """Moves by staff number."""
    statement = (
        select(MailboxMove, Person.staff_number, Person.name, MailboxBatch.name)
        .join(Person, col(Person.id) == col(MailboxMove.person_id))
        .join(MailboxBatch, col(MailboxBatch.id) == col(MailboxMove.batch_id))
        .order_by(col(Person.staff_number))
    )
    if staff_number is not None:
        statement = statement.where(Person.staff_number == staff_number)
    if batch is not None:
        statement = statement.where(MailboxBatch.name == batch)
    if hindered_only:
        statement = statement.where(hindered())
    return [MoveRow(*row) for row in session.exec(statement).all()]


_KINDS: Mapping[Hindrance, ColumnElement[bool]] = {
    Hindrance.FAILED: col(MailboxMove.status) == MoveStatus.FAILED.value,
    Hindrance.POOR: and_(
        col(MailboxMove.status) != MoveStatus.FAILED.value,
        col(MailboxMove.grade) == Grade.POOR.value,
    ),
    Hindrance.INVESTIGATE: and_(
        col(MailboxMove.status) != MoveStatus.FAILED.value,
        col(MailboxMove.grade) == Grade.INVESTIGATE.value,
        col(MailboxMove.approved_by).is_(None),
    ),
}
"""`domain.mailbox_batch.hindrance` as conditions: a test holds both against each other."""


def hindered(kind: Hindrance | None = None) -> ColumnElement[bool]:
    """Moves that keep their mailbox from counting as ready, for any reason or for one."""
    return or_(*_KINDS.values()) if kind is None else _KINDS[kind]


def hindrances(session: Session) -> dict[int, Hindrance]:
    """What keeps each person's mailbox back, by the person's id."""
    return {
        person: kind
        for kind, condition in _KINDS.items()
        for person in session.exec(select(MailboxMove.person_id).where(condition)).all()
    }


def to_keep_back(session: Session, kind: Hindrance) -> list[int]:
    """Ids of mailbox services that are there or on their way although `kind` holds."""
    on_the_way = (AccountState.REQUESTED, AccountState.PENDING, AccountState.READY)
    statement = (
        select(Account.id)
        .join(MailboxMove, col(MailboxMove.person_id) == col(Account.person_id))
        .where(
            Account.service == CloudService.MAILBOX.value,
            col(Account.state).in_([state.value for state in on_the_way]),
            Account.aim == Aim.READY.value,
            _KINDS[kind],
        )
    )
    return [id_ for id_ in session.exec(statement).all() if id_ is not None]


def blocked_and_free(session: Session) -> list[Account]:
    """Blocked mailbox services of people whose move keeps nothing back."""
    statement = (
        select(Account)
        .join(MailboxMove, col(MailboxMove.person_id) == col(Account.person_id))
        .where(
            Account.service == CloudService.MAILBOX.value,
            Account.state == AccountState.BLOCKED.value,
            Account.aim == Aim.READY.value,
            ~hindered(),
        )
    )
    return list(session.exec(statement).all())
