"""Claims with all that a door asks of them when a PC arrives: rows, many in one statement.

Made once and given only their values, because every arming, boot and check-in asks.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import Claim, Machine, Site, Wave


class Arriving(NamedTuple):
    """A claim, its machine, the state of the machine's wave and the name of its site.

    `newest` is the epoch of the machine's newest claim of the same step.
    """

    epoch: int
    step: str
    run_id: int
    deadline_at: datetime
    boot_id_before: str | None
    armed_at: datetime | None
    consumed_at: datetime | None
    voided_at: datetime | None
    outcome: str | None
    report: str | None
    newest: int
    machine_id: int
    asset_tag: str
    serial: str | None
    mac: str | None
    state: str
    generation: str
    boot_id: str | None
    wave_state: str | None
    site: str | None


def by_arm_tokens(session: Session, digests: Iterable[str]) -> dict[str, Arriving]:
    """Those of these arm tokens that belong to a claim, by their digest."""
    return _found(session, col(Claim.arm_token_hash), digests)


def by_check_in_tokens(session: Session, digests: Iterable[str]) -> dict[str, Arriving]:
    """Those of these check-in tokens that belong to a claim, by their digest."""
    return _found(session, col(Claim.check_in_token_hash), digests)


def open_by_serials(session: Session, serials: Iterable[str]) -> dict[str, Arriving]:
    """The open claims of machines, by the serial that the ledger has of them."""
    return _found(session, col(Machine.serial), serials, open_ones=True)


def open_by_mac(session: Session, mac: str) -> Arriving | None:
    """The open claim of the machine whose network card this is; the address in canonical form."""
    return _found(session, col(Machine.mac), [mac], open_ones=True).get(mac)


def _found(
    session: Session, key: Any, values: Iterable[str], *, open_ones: bool = False
) -> dict[str, Arriving]:
    in_json = as_json(session)
    statement = _selection(key.class_, key.key, open_ones, in_json)
    rows = session.connection().execute(statement, {"keys": given(values, in_json)})
    return {found: Arriving(*claim) for found, *claim in rows}


@cache
def _selection(owner: Any, name: str, open_ones: bool, in_json: bool) -> Select[Any]:
    key = getattr(owner, name)
    other: Any = aliased(Claim)
    newest = (
        select(func.max(other.id))
        .where(other.machine_id == Claim.machine_id, other.step == Claim.step)
        .correlate(Claim)
        .scalar_subquery()
    )
    columns: list[Any] = [
        key, Claim.id, Claim.step, Claim.run_id, Claim.deadline_at, Claim.boot_id_before,
        Claim.armed_at, Claim.consumed_at, Claim.voided_at, Claim.outcome, Claim.report, newest,
        Machine.id, Machine.asset_tag, Machine.serial, Machine.mac, Machine.state,
        Machine.generation, Machine.boot_id, Wave.state, Site.key,
    ]  # fmt: skip
    conditions: list[ColumnElement[bool]] = [among(key, in_json, "keys")]
    if open_ones:
        conditions.append(col(Claim.outcome).is_(None))
    return (
        select(*columns)
        .select_from(Claim)
        .join(Machine, and_(col(Machine.id) == col(Claim.machine_id)))
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .where(*conditions)
    )


class CheckedIn(NamedTuple):
    """What a new system says of itself; `host_key` is None when it did not say it."""

    machine_id: int
    image_id: str
    boot_id: str
    host_key: str | None


def checked_in(session: Session, seen: Sequence[CheckedIn], at: datetime) -> None:
    """Remember what machines say of themselves."""
    if seen:
        rows = [
            {"machine": id_, "image": image, "boot": boot, "key": key, "seen_at": at}
            for id_, image, boot, key in seen
        ]
        session.connection().execute(_CHECKED_IN, rows)
        session.expire_all()


_MACHINES = Machine.__table__  # type: ignore[attr-defined]
_CHECKED_IN = (
    update(_MACHINES)
    .where(_MACHINES.c.id == bindparam("machine"))
    .values(
        image_id=bindparam("image"),
        boot_id=bindparam("boot"),
        host_key=func.coalesce(bindparam("key"), _MACHINES.c.host_key),
        last_seen_at=bindparam("seen_at"),
    )
)
