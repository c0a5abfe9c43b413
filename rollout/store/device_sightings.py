"""What the cloud service showed of private devices, kept beside their applications."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, update
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from rollout.domain.account import CloudService
from rollout.domain.machine import DONE, MachineState
from rollout.domain.personal_device import IN_USE, LEAVING
from rollout.store.batches import batches
from rollout.store.device_work import write
from rollout.store.tables import Account, DeviceReading, Machine, PersonalDevice, StrayDevice

IDS = ("device_tag", "device_id", "azure_device_id", "managed_device_id")
"""Columns by which a device is found again."""


class Known(NamedTuple):
    """A device that the service may show; `user` is its person's id in the directory."""

    number: int
    person_id: int
    state: str
    platform: str
    model: str
    user: str | None
    device_tag: str | None
    device_id: str | None
    azure_device_id: str | None
    managed_device_id: str | None
    seen_as: str | None
    last_seen: datetime | None
    leaving_since: datetime | None
    wipe_ordered_at: datetime | None


def known(session: Session) -> list[Known]:
    """Every device in use or leaving, by number."""
    device: Any = PersonalDevice
    wanted = [state.value for state in (*IN_USE, *LEAVING)]
    rows: Any = session.connection().execute(
        columns(
            device.id, device.person_id, device.state, device.platform, device.model,
            col(Account.external_id), device.device_tag, device.device_id,
            device.azure_device_id, device.managed_device_id, device.seen_as, device.last_seen,
            device.leaving_since, device.wipe_ordered_at,
        )
        .outerjoin(
            Account,
            (col(Account.person_id) == device.person_id)
            & (col(Account.service) == CloudService.IDENTITY.value),
        )
        .where(device.state.in_(wanted))
        .order_by(device.id)
    )  # fmt: skip
    return [Known(*row) for row in rows]


def platforms_of_others(session: Session) -> dict[tuple[int, str], set[str]]:
    """States of applications that the service should not show, by person and platform."""
    wanted = [state.value for state in (*IN_USE, *LEAVING)]
    rows = session.exec(
        select(PersonalDevice.person_id, PersonalDevice.platform, PersonalDevice.state).where(
            col(PersonalDevice.state).not_in(wanted)
        )
    )
    found: dict[tuple[int, str], set[str]] = {}
    for person, platform, state in rows:
        found.setdefault((person, platform), set()).add(state)
    return found


def own_serials(session: Session) -> list[str]:
    """Serials of the organisation's machines, whatever became of them."""
    rows = session.exec(select(Machine.serial).where(col(Machine.serial).is_not(None)))
    return [serial for serial in rows if serial]


def pcs_to_be_set_up(session: Session) -> list[tuple[str, str | None]]:
    """Asset tag and serial of the organisation's PCs that have their new system still before
    them."""
    over = [state.value for state in (*DONE, MachineState.EXCLUDED)]
    rows = session.exec(
        select(Machine.asset_tag, Machine.serial)
        .where(col(Machine.in_ledger), col(Machine.state).not_in(over))
        .order_by(col(Machine.asset_tag))
    )
    return [(tag, serial) for tag, serial in rows]


def keep(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what was seen of devices, by their `id`."""
    changing = [row["id"] for row in rows if set(IDS) & row.keys()]
    for batch in batches(changing):
        # Two devices may have changed places: an index refuses the same id twice in between.
        session.connection().execute(
            update(PersonalDevice)
            .where(col(PersonalDevice.id).in_(batch))
            .values(dict.fromkeys(IDS))
        )
    write(session, rows)


def replace_strays(session: Session, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Keep these in the place of the last ones; whoever was there keeps its first moment."""
    before = dict(session.exec(select(StrayDevice.key, StrayDevice.first_seen)).all())
    session.connection().execute(delete(StrayDevice))
    if rows:
        session.connection().execute(
            insert(StrayDevice),
            [{**row, "first_seen": before.get(row["key"], at)} for row in rows],
        )


def note_reading(session: Session, at: datetime, devices: int, matched: int, stray: int) -> None:
    """The service was read as a whole."""
    session.connection().execute(delete(DeviceReading))
    session.connection().execute(
        insert(DeviceReading),
        [{"id": 1, "read_at": at, "devices": devices, "matched": matched, "stray": stray}],
    )
