"""What is to be done for personal devices at the cloud service, and what was done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, or_, update
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from rollout.domain.account import CloudService
from rollout.domain.personal_device import ENDED, IN_USE, LEAVING, DeviceState
from rollout.store.tables import Account, DeviceReading, PersonalDevice

_ENDED = [state.value for state in ENDED]


class Task(NamedTuple):
    """A device for which something is to be done; `user` is its person's id in the directory.

    `leaves_group` says that its person has no other device for which the group is needed.
    """

    number: int
    person_id: int
    state: str
    user: str | None
    tag: str | None
    asked_at: datetime | None
    joined_at: datetime | None
    sessions_ended_at: datetime | None
    wipe_ordered_at: datetime | None
    leaves_group: bool


def tasks(session: Session, at: datetime) -> list[Task]:
    """Devices whose moment has come, by number."""
    device: Any = PersonalDevice
    state = col(PersonalDevice.state)
    leaves = and_(
        state.in_(_ENDED),
        # Not `joined_at`: the answer to a joining that was done may have been lost.
        col(PersonalDevice.asked_at).is_not(None),
        col(PersonalDevice.left_group_at).is_(None),
        ~_another_in_the_group(),
    )
    wanted = or_(
        and_(state == DeviceState.APPROVED.value, col(PersonalDevice.asked_at).is_not(None)),
        state == DeviceState.LOST.value,
        and_(
            state == DeviceState.WIPE_PENDING.value,
            col(PersonalDevice.device_tag).is_not(None),
            col(PersonalDevice.wipe_ordered_at).is_(None),
        ),
        leaves,
    )
    rows: Any = session.connection().execute(
        columns(
            device.id, device.person_id, device.state, col(Account.external_id),
            device.device_tag, device.asked_at, device.joined_at, device.sessions_ended_at,
            device.wipe_ordered_at, leaves.label("leaves"),
        )
        .outerjoin(Account, _identity())
        .where(
            wanted, or_(col(PersonalDevice.due_at).is_(None), col(PersonalDevice.due_at) <= at)
        )
        .order_by(device.id)
    )  # fmt: skip
    return [Task(*row) for row in rows]


def _identity() -> ColumnElement[bool]:
    return and_(
        col(Account.person_id) == col(PersonalDevice.person_id),
        col(Account.service) == CloudService.IDENTITY.value,
    )


def _another_in_the_group() -> ColumnElement[bool]:
    other = aliased(PersonalDevice)
    return (
        select(other.id)
        .where(
            col(other.person_id) == col(PersonalDevice.person_id),
            col(other.state).not_in(_ENDED),
            or_(col(other.joined_at).is_not(None), col(other.asked_at).is_not(None)),
        )
        .exists()
    )


def write(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Set columns of devices, each row with its `id`; never their states."""
    by_columns: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        by_columns.setdefault(tuple(sorted(row.keys() - {"id"})), []).append(row)
    for names, group in by_columns.items():
        statement = (
            update(PersonalDevice)
            .where(col(PersonalDevice.id) == bindparam("row_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        session.connection().execute(
            statement,
            [
                {"row_id": row["id"], **{f"new_{name}": row[name] for name in names}}
                for row in group
            ],
        )
    session.expire_all()


def lost_and_done(session: Session, *, apps: bool) -> list[int]:
    """Lost devices for which the service has taken every order that there is to give.

    `apps` chooses those whose protected apps are known, or those of which none is.
    """
    tag = col(PersonalDevice.device_tag)
    ordered = col(PersonalDevice.wipe_ordered_at).is_not(None)
    rows = session.exec(
        select(PersonalDevice.id).where(
            PersonalDevice.state == DeviceState.LOST.value,
            col(PersonalDevice.sessions_ended_at).is_not(None),
            tag.is_not(None) & ordered if apps else tag.is_(None),
        )
    )
    return [number or 0 for number in rows]


def waiting_since(session: Session, before: datetime) -> list[int]:
    """Applications on which nobody decided, or whose owner nobody invited, since before then."""
    state = col(PersonalDevice.state)
    rows = session.exec(
        select(PersonalDevice.id).where(
            state.in_([DeviceState.APPLIED.value, DeviceState.APPROVED.value]),
            col(PersonalDevice.asked_at).is_(None),
            col(PersonalDevice.state_since) < before,
        )
    )
    return [number or 0 for number in rows]


def awaited(session: Session) -> int:
    """How many devices there are that the service may show."""
    wanted = [state.value for state in (*IN_USE, *LEAVING)]
    return session.exec(
        select(func.count()).select_from(PersonalDevice).where(
            col(PersonalDevice.state).in_(wanted)
        )
    ).one()  # fmt: skip


def last_reading(session: Session) -> DeviceReading | None:
    """When the service was last read as a whole."""
    return session.get(DeviceReading, 1)
