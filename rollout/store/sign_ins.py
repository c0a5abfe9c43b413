"""Queries on sign-ins to the new accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert
from sqlmodel import Session, col, func, select

from rollout.domain.account import AccountState, CloudService
from rollout.store.tables import Account, Machine, SignIn

_CHUNK = 500


def people_of_users(session: Session) -> dict[str, int]:
    """Person ids by the directory's id of their users, as far as those are known."""
    rows = session.exec(
        select(Account.external_id, Account.person_id).where(
            Account.service == CloudService.IDENTITY.value, col(Account.external_id).is_not(None)
        )
    ).all()
    return {str(user): person for user, person in rows}


def replace(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep this reading in the place of the last one of the same people."""
    ids = [row["person_id"] for row in rows]
    for start in range(0, len(ids), _CHUNK):
        chosen = ids[start : start + _CHUNK]
        session.connection().execute(delete(SignIn).where(col(SignIn.person_id).in_(chosen)))
    if rows:
        session.connection().execute(insert(SignIn), [dict(row) for row in rows])


def last_read(session: Session) -> datetime | None:
    """When the directory was asked the last time."""
    return session.exec(select(func.max(col(SignIn.read_at)))).one()


def missing(session: Session, demand: str) -> ColumnElement[bool]:
    """Machines whose owner has not done what `demand` says: `sign-in` or `registration`.

    A machine without an owner is not among them.
    """
    done = (
        col(SignIn.signed_in_at).is_not(None)
        if demand == "sign-in"
        else col(SignIn.registered).is_(True)
    )
    enough = select(SignIn.person_id).where(done)
    return col(Machine.owner_id).is_not(None) & col(Machine.owner_id).not_in(enough)


def kept_back(session: Session, machine_ids: Sequence[int], demand: str) -> set[int]:
    """Those of these machines whose owner has not done what `demand` says."""
    found: set[int] = set()
    lacking = missing(session, demand)
    for start in range(0, len(machine_ids), _CHUNK):
        chosen = list(machine_ids[start : start + _CHUNK])
        rows = session.exec(select(Machine.id).where(col(Machine.id).in_(chosen), lacking)).all()
        found.update(id_ for id_ in rows if id_ is not None)
    return found


def of_person(session: Session, person_id: int) -> SignIn | None:
    """The last reading of one person."""
    return session.get(SignIn, person_id)


def ready_owners(
    session: Session, machines: ColumnElement[bool], services: Sequence[str]
) -> tuple[int, int]:
    """People who own one of `machines`, and those of them whose `services` are all ready."""
    owners = select(Machine.owner_id).where(machines, col(Machine.owner_id).is_not(None)).distinct()
    everyone = session.exec(select(func.count()).select_from(owners.subquery())).one()
    complete = (
        select(Account.person_id)
        .where(
            col(Account.person_id).in_(owners),
            col(Account.service).in_(services),
            col(Account.state) == AccountState.READY.value,
        )
        .group_by(col(Account.person_id))
        .having(func.count(func.distinct(Account.service)) == len(set(services)))
    )
    return everyone, session.exec(select(func.count()).select_from(complete.subquery())).one()
