"""Dates in force: which of them still hold, and what is the matter with the others."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rollout.planning.problem import MachineToPlace, SiteRule, Why
from rollout.planning.room import Cell, Room


def keep_dates(room: Room) -> tuple[dict[int, MachineToPlace], dict[int, Why]]:
    """Machines that keep their date, with the room they use taken; why the others cannot.

    Announced dates choose first when a day does not hold everybody any more.
    """
    kept: dict[int, MachineToPlace] = {}
    affected: dict[int, Why] = {}
    dated = sorted((m for m in room.problem.machines if m.current is not None), key=_turn)
    for (_, cell, _, _), group in groupby(dated, key=_alike):
        machines = list(group)
        why, number = _keep_if_possible(room, Cell(*cell), machines)
        kept |= {machine.id: machine for machine in machines[:number]}
        affected |= {machine.id: why for machine in machines[number:]}
    return kept, affected


def _alike(machine: MachineToPlace) -> tuple[Any, ...]:
    """Machines of the same cell and date stand or fall together, but for room."""
    cell = (
        machine.site,
        machine.order,
        machine.generation,
        machine.department,
        machine.refresh,
        machine.own,
    )
    return machine.current and machine.current.announced, cell, machine.current, machine.obstacle


def _turn(machine: MachineToPlace) -> tuple[Any, ...]:
    current = machine.current
    assert current is not None  # noqa: S101  (only dated machines come here)
    return (
        not current.announced,
        current.wave,
        current.day,
        machine.order,
        machine.site,
        machine.department,
        machine.generation,
        machine.refresh,
        repr(machine.own) if machine.own else "",
        machine.obstacle or "",
        current,
        machine.asset_tag,
        machine.id,
    )


def _keep_if_possible(
    room: Room, cell: Cell, machines: Sequence[MachineToPlace]
) -> tuple[Why, int]:
    """How many of `machines`, which are alike, keep their date, and why the rest does not."""
    why = _broken(room, machines[0])
    current = machines[0].current
    day = None if current is None else room.position(current.day)
    if why is not None or day is None:
        return why or Why.DAY_CLOSED, 0
    only = room.np.zeros(len(room.days), dtype=room.np.int64)
    # A date in force is not judged by the canary: it was, when it was made.
    only[day] = room.for_cell(cell, canary=False)[day]
    return Why.NO_ROOM, int(room.fill(cell, len(machines), only).sum())


def _broken(room: Room, machine: MachineToPlace) -> Why | None:
    current = machine.current
    assert current is not None  # noqa: S101
    if machine.obstacle is not None:
        return Why.OBSTACLE
    if current.missed:
        return Why.MISSED
    day = room.position(current.day)
    if day is None:
        return Why.DAY_CLOSED
    rule = room.problem.sites.get(machine.site, SiteRule(0))
    if rule.machines_per_day == 0 or (
        rule.weekdays is not None and current.day.weekday() not in rule.weekdays
    ):
        return Why.DAY_CLOSED
    if machine.own is not None and not room.of_own(machine.own)[day]:
        return Why.OWN_DATES
    department = room.problem.departments.get(machine.department)
    if department is not None and (
        (department.not_before is not None and current.day < department.not_before)
        or (department.not_after is not None and current.day > department.not_after)
        or any(current.day in span for span in department.blackouts)
    ):
        return Why.DEPARTMENT_DATES
    return None


def by_site(kept: Mapping[int, MachineToPlace]) -> dict[str, list[MachineToPlace]]:
    """Machines that keep their date, by site."""
    found: dict[str, list[MachineToPlace]] = {}
    for machine in kept.values():
        found.setdefault(machine.site, []).append(machine)
    return found
