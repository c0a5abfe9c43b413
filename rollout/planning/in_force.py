"""Dates in force: which of them still hold, and what is the matter with the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rollout.planning.problem import Current, MachineToPlace, Obstacle, SiteRule, Why
from rollout.planning.room import Cell, Room


@dataclass(eq=False, slots=True)
class Group:
    """Machines of a cell with the same date in force; the last ones give way first."""

    cell: Cell
    current: Current
    day: int
    machines: list[MachineToPlace]


@dataclass(frozen=True, slots=True)
class InForce:
    """Machines that keep their date, with the room they use taken; why the others cannot."""

    kept: Sequence[Group]
    affected: dict[int, Why]


def keep_dates(room: Room) -> InForce:
    """Announced dates choose first when a day does not hold everybody any more."""
    kept: list[Group] = []
    affected: dict[int, Why] = {}
    for (current, _, obstacle), (cell, machines) in sorted(_groups(room).items(), key=_turn):
        machines.sort(key=lambda machine: (machine.asset_tag, machine.id))
        number = 0
        day = room.position(current.day)
        why = _broken(room, cell, current, obstacle)
        if why is None and day is not None:
            why = Why.NO_ROOM
            # A date in force is not judged by the canary: it was, when it was made.
            places = min(limit.left[day] for limit in cell.limits)
            number = min(len(machines), max(0, places))
            if number:
                cell.take(day, number)
                kept.append(Group(cell, current, day, machines[:number]))
        if why is not None:
            affected |= {machine.id: why for machine in machines[number:]}
    return InForce(kept, affected)


_Key = tuple[Current, int, Obstacle | None]
_Entry = tuple[Cell, list[MachineToPlace]]


def _groups(room: Room) -> dict[_Key, _Entry]:
    """Machines of the same cell and date stand or fall together, but for room."""
    found: dict[_Key, _Entry] = {}
    for machine in room.problem.machines:
        if machine.current is not None:
            cell = room.cell(machine)
            key = (machine.current, id(cell), machine.obstacle)
            group = found.get(key)
            if group is None:
                group = found[key] = (cell, [])
            group[1].append(machine)
    return found


def _turn(group: tuple[_Key, _Entry]) -> tuple[Any, ...]:
    (current, _, obstacle), (cell, _machines) = group
    return (
        not current.announced,
        current.wave,
        current.day,
        cell.site,
        cell.turn,
        current.missed,
        obstacle or "",
    )


def _broken(room: Room, cell: Cell, current: Current, obstacle: Obstacle | None) -> Why | None:
    if obstacle is not None:
        return Why.OBSTACLE
    if current.missed:
        return Why.MISSED
    day = room.position(current.day)
    if day is None:
        return Why.DAY_CLOSED
    if not room.problem.sites.get(cell.site, SiteRule(0)).machines_per_day:
        return Why.DAY_CLOSED
    if cell.days >> day & 1:
        return None
    if not room.suitable.for_site(cell.site) >> day & 1:
        return Why.DAY_CLOSED
    if cell.own is not None and not room.suitable.for_machine(cell.own) >> day & 1:
        return Why.OWN_DATES
    return Why.DEPARTMENT_DATES
