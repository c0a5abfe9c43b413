"""What a list of applications is compared with, read at once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlmodel import Session, col, select

from rollout.store.tables import Account, Machine, Person, PersonalDevice, Takeout


class Someone(NamedTuple):
    """Who a staff number is."""

    id: int
    name: str


def people(session: Session) -> dict[str, Someone]:
    """Everybody who was not forgotten, by staff number."""
    rows = session.exec(
        select(Person.staff_number, Person.id, Person.name).where(
            col(Person.forgotten_at).is_(None)
        )
    )
    return {number: Someone(id_ or 0, name) for number, id_, name in rows}


def whole_people(session: Session) -> dict[str, Person]:
    """The same with everything that is known."""
    rows = session.exec(select(Person).where(col(Person.forgotten_at).is_(None)))
    return {person.staff_number: person for person in rows}


def services(session: Session) -> dict[int, dict[str, str]]:
    """State by cloud service of everybody, by id."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for person, service, state in session.exec(
        select(Account.person_id, Account.service, Account.state)
    ):
        found[person][service] = state
    return dict(found)


def devices(session: Session) -> Sequence[PersonalDevice]:
    """Every application for a private device, oldest first."""
    return session.exec(select(PersonalDevice).order_by(col(PersonalDevice.id))).all()


def takeout(
    session: Session, tag: str, staff_number: str, first: date, last: date
) -> Takeout | None:
    """The newest application of somebody for this PC and these very days, whatever became of
    it."""
    return session.exec(
        select(Takeout)
        .join(Machine, col(Machine.id) == col(Takeout.machine_id))
        .join(Person, col(Person.id) == col(Takeout.person_id))
        .where(
            Machine.asset_tag == tag,
            Person.staff_number == staff_number,
            Takeout.period_from == first,
            Takeout.period_to == last,
        )
        .order_by(col(Takeout.id).desc())
        .limit(1)
    ).first()
