"""Take-outs and personal devices of people who leave or move."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select as columns
from sqlmodel import Session, col

from rollout.domain.personal_device import ENDED
from rollout.domain.takeout import UNDER_WAY
from rollout.store.batches import batches
from rollout.store.tables import Machine, Person, PersonalDevice, Takeout

_OPEN = sorted(state.value for state in UNDER_WAY)


class OpenTakeout(NamedTuple):
    """An application that is not over, or a PC that is out."""

    id: int
    person_id: int
    staff_number: str
    asset_tag: str
    state: str
    allowed_at: datetime | None


def takeouts(session: Session, people: Iterable[int]) -> list[OpenTakeout]:
    """Those of these people, by staff number."""
    found: list[OpenTakeout] = []
    for batch in batches(people):
        rows: Any = session.connection().execute(
            columns(
                col(Takeout.id), col(Takeout.person_id), col(Person.staff_number),
                col(Machine.asset_tag), col(Takeout.state), col(Takeout.allowed_at),
            )
            .join(Person, col(Person.id) == col(Takeout.person_id))
            .join(Machine, col(Machine.id) == col(Takeout.machine_id))
            .where(col(Takeout.person_id).in_(batch), col(Takeout.state).in_(_OPEN))
            .order_by(col(Person.staff_number), col(Takeout.id))
        )  # fmt: skip
        found += [OpenTakeout(*row) for row in rows]
    return found


def devices(session: Session, people: Iterable[int]) -> list[tuple[str, int, str]]:
    """Staff number, id and state of personal devices in use, of these people."""
    ended = [state.value for state in ENDED]
    found: list[tuple[str, int, str]] = []
    for batch in batches(people):
        rows: Any = session.connection().execute(
            columns(col(Person.staff_number), col(PersonalDevice.id), col(PersonalDevice.state))
            .join(Person, col(Person.id) == col(PersonalDevice.person_id))
            .where(
                col(PersonalDevice.person_id).in_(batch), col(PersonalDevice.state).not_in(ended)
            )
            .order_by(col(Person.staff_number), col(PersonalDevice.id))
        )
        found += [(number, id_, state) for number, id_, state in rows]
    return found
