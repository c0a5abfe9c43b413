"""Machines read in another order than that of their tags, still a window at a time."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, literal, true, tuple_
from sqlmodel import Session, col, func, select

from rollout.domain.machine_order import MachineOrder, Sorting
from rollout.store.tables import Machine, Person, Site

_NEVER = date(9999, 12, 31)
_KEYS: Mapping[MachineOrder, Any] = {
    MachineOrder.SINCE: col(Machine.state_since),
    MachineOrder.STATE: col(Machine.state),
    MachineOrder.SITE: func.coalesce(Site.key, ""),
    MachineOrder.OWNER: func.coalesce(Person.name, ""),
    MachineOrder.DAY: func.coalesce(Machine.planned_day, _NEVER),
}


def sorted_by(sorting: Sorting) -> list[Any]:
    """What a statement over machines, sites and owners is ordered by.

    A list from its end turns the tags as well: so the same index is read backwards.
    """
    tag = col(Machine.asset_tag)
    keys = [tag] if sorting.order is MachineOrder.TAG else [_KEYS[sorting.order], tag]
    return [key.desc() for key in keys] if sorting.turned else keys


def behind(session: Session, sorting: Sorting, after: str) -> ColumnElement[bool]:
    """Condition: it comes behind the machine of the tag `after`, where that stands now.

    A machine that is gone leaves the start of the list.
    """
    tag = col(Machine.asset_tag)
    if not after:
        return true()
    if sorting.order is MachineOrder.TAG:
        return tag < after if sorting.turned else tag > after
    key = _KEYS[sorting.order]
    place = session.exec(
        select(key)
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Person, col(Person.id) == col(Machine.owner_id))
        .where(tag == after)
    ).one_or_none()
    if place is None:
        return true()
    here, there = tuple_(key, tag), tuple_(literal(place, key.type), after)
    return here < there if sorting.turned else here > there
