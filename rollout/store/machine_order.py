"""Machines read in another order than that of their tags, still a window at a time."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, literal, tuple_
from sqlmodel import Session, col, func, select

from rollout.domain.machine_order import MachineOrder
from rollout.store.tables import Machine, Person, Site

_NEVER = date(9999, 12, 31)
_KEYS: Mapping[MachineOrder, Any] = {
    MachineOrder.SINCE: col(Machine.state_since),
    MachineOrder.STATE: col(Machine.state),
    MachineOrder.SITE: func.coalesce(Site.key, ""),
    MachineOrder.OWNER: func.coalesce(Person.name, ""),
    MachineOrder.DAY: func.coalesce(Machine.planned_day, _NEVER),
}


def sorted_by(order: MachineOrder) -> list[Any]:
    """What a statement over machines, sites and owners is ordered by."""
    tag = col(Machine.asset_tag)
    return [tag] if order is MachineOrder.TAG else [_KEYS[order], tag]


def behind(session: Session, order: MachineOrder, after: str) -> ColumnElement[bool]:
    """Condition: it comes behind the machine of the tag `after`, where that stands now.

    A machine that is gone leaves the start of the list.
    """
    tag = col(Machine.asset_tag)
    if order is MachineOrder.TAG or not after:
        return tag > after
    key = _KEYS[order]
    place = session.exec(
        select(key)
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
        .where(tag == after)
    ).one_or_none()
    if place is None:
        return tag > ""
    return tuple_(key, tag) > tuple_(literal(place, key.type), after)
