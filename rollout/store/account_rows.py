"""Accounts as a screen shows them: by key, a window at a time."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select

from rollout.store.tables import Account, Person


@dataclass(frozen=True)
class Wanted:
    """Which accounts; what is empty does not restrict. `text` is part of number or name."""

    states: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class AccountRow:
    """One service of one person."""

    account: Account
    staff_number: str
    name: str


def page(session: Session, wanted: Wanted, *, after: str, limit: int) -> list[AccountRow]:
    """In the order of keys, the first behind `after`."""
    conditions: list[ColumnElement[bool]] = [col(Account.key) > after]
    if wanted.states:
        conditions.append(col(Account.state).in_(wanted.states))
    if wanted.services:
        conditions.append(col(Account.service).in_(wanted.services))
    if wanted.text:
        conditions.append(
            or_(
                col(Person.staff_number).contains(wanted.text, autoescape=True),
                col(Person.name).contains(wanted.text, autoescape=True),
            )
        )
    rows = session.exec(
        select(Account, Person.staff_number, Person.name)
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(*conditions)
        .order_by(col(Account.key))
        .limit(limit)
    )
    return [AccountRow(*row) for row in rows]


def by_state(session: Session) -> dict[str, int]:
    """How many services are in each state."""
    rows = session.exec(select(Account.state, func.count()).group_by(Account.state))
    return dict(rows.all())
