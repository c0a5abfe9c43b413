"""Counts of accounts, sign-ins and personal devices, as they are and as the history tells."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import exists
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, or_, select

from rollout.domain.account import AccountState
from rollout.domain.personal_device import DeviceState
from rollout.store.tables import Account, AuditRow, Person, PersonalDevice, SignIn


class ServiceState(NamedTuple):
    """So many accounts of people in service share service and state."""

    service: str
    state: str
    accounts: int


def _in_service(day: date) -> Any:
    return (
        col(Person.forgotten_at).is_(None),
        or_(col(Person.left_on).is_(None), col(Person.left_on) >= day),
    )


def people(session: Session, day: date) -> int:
    """How many people are in service on `day`."""
    return session.exec(select(func.count()).select_from(Person).where(*_in_service(day))).one()


def people_at(session: Session, moment: datetime, day: date) -> int:
    """How many people were in service at `moment`, without those who came to the list later."""
    later = exists().where(
        col(AuditRow.noun) == "person",
        col(AuditRow.noun_id) == col(Person.id),
        col(AuditRow.verb) == "create",
        col(AuditRow.at) > moment,
    )
    return session.exec(
        select(func.count()).select_from(Person).where(*_in_service(day), ~later)
    ).one()


def services(session: Session, day: date) -> list[ServiceState]:
    """The accounts of people in service."""
    rows = session.exec(
        select(Account.service, Account.state, func.count())
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(*_in_service(day))
        .group_by(Account.service, Account.state)
    )
    return [ServiceState(*row) for row in rows]


def registered(session: Session, day: date) -> int | None:
    """How many people in service had registered for multi-factor sign-in when last asked; None
    while nobody asked."""
    if session.exec(select(SignIn.person_id).limit(1)).first() is None:
        return None
    return session.exec(
        select(func.count())
        .select_from(SignIn)
        .join(Person, col(Person.id) == col(SignIn.person_id))
        .where(col(SignIn.registered), *_in_service(day))
    ).one()


def devices(session: Session) -> Counter[DeviceState]:
    """Personal devices by state."""
    rows = session.exec(select(PersonalDevice.state, func.count()).group_by(PersonalDevice.state))
    return Counter({DeviceState(state): number for state, number in rows})


def services_at(session: Session, moment: datetime, day: date) -> list[ServiceState]:
    """The accounts of people in service as they stood at `moment`; `day`: its local day."""
    then = _states_at(session, Account.__lifecycle__.noun, moment)
    rows = session.exec(
        select(Account.id, Account.service)
        .join(Person, col(Person.id) == col(Account.person_id))
        .where(*_in_service(day))
    )
    found = Counter((service, then[id_]) for id_, service in rows if id_ in then)
    return [ServiceState(service, state, number) for (service, state), number in found.items()]


def devices_at(session: Session, moment: datetime) -> Counter[DeviceState]:
    """Personal devices that had been applied for by `moment`, by their state then."""
    noun: str = PersonalDevice.__lifecycle__.noun
    then = _states_at(session, noun, moment)
    ids = session.exec(select(PersonalDevice.id).where(col(PersonalDevice.applied_at) <= moment))
    return Counter(DeviceState(then.get(id_ or 0, DeviceState.APPLIED)) for id_ in ids)


def _states_at(session: Session, noun: str, moment: datetime) -> dict[int, str]:
    """The state of each of a noun at `moment`, by id; of which no fact tells is left out."""
    last = (
        columns(func.max(col(AuditRow.id)))
        .where(
            col(AuditRow.noun) == noun,
            col(AuditRow.at) <= moment,
            col(AuditRow.to_state).is_not(None),
        )
        .group_by(col(AuditRow.noun_id))
    )
    rows = session.execute(
        columns(col(AuditRow.noun_id), col(AuditRow.to_state)).where(col(AuditRow.id).in_(last))
    )
    return {id_: state for id_, state in rows if state is not None}


def ready(found: Iterable[ServiceState], service: str) -> int:
    """How many accounts of a service are ready."""
    return of_state(found, service, (AccountState.READY,))


def of_state(found: Iterable[ServiceState], service: str, states: Collection[AccountState]) -> int:
    """How many accounts of a service are in one of `states`."""
    return sum(row.accounts for row in found if row.service == service and row.state in states)
