"""Cutting dated machines into waves: whole days up to the limit; a larger day is cut."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from rollout.planning.pilot import Dated
from rollout.planning.problem import MachineToPlace, OpenWave, Placement, PlannedWave
from rollout.planning.room import Room


class _Batch(NamedTuple):
    pilot: bool
    refresh: bool
    members: list[Dated]


def into_waves(
    room: Room, pilot: Sequence[Dated], others: Sequence[Dated]
) -> tuple[list[Placement], list[PlannedWave]]:
    """A wave for every machine. Refreshes have waves of their own: other hands do them."""
    problem = room.problem
    placements: list[Placement] = []
    joined: dict[int, PlannedWave] = {}
    rest = _join(room, others, placements, joined)
    batches = [_Batch(True, False, sorted(pilot, key=_by_day))] if pilot else []
    for refresh in (False, True):
        dated = sorted((entry for entry in rest if entry[1].refresh is refresh), key=_by_day)
        batches += [
            _Batch(False, refresh, members) for members in _cut(dated, problem.machines_per_wave)
        ]
    batches.sort(key=lambda batch: (not batch.pilot, batch.members[0][0], batch.refresh))
    waves = list(joined.values())
    for number, batch in enumerate(batches, start=problem.first_wave):
        first, last = room.days[batch.members[0][0]], room.days[batch.members[-1][0]]
        size = len(batch.members)
        waves.append(PlannedWave(number, batch.pilot, first, last, size, batch.refresh))
        placements += [
            Placement(m.id, m.asset_tag, m.site, room.days[day], number) for day, m in batch.members
        ]
    return placements, waves


def _join(
    room: Room,
    dated: Sequence[Dated],
    placements: list[Placement],
    joined: dict[int, PlannedWave],
) -> list[Dated]:
    """Put machines into waves that nobody has seen yet; those that fit into none."""
    opened = [[wave, wave.size] for wave in room.problem.open_waves]
    if not opened:
        return list(dated)
    rest: list[Dated] = []
    for position, machine in sorted(dated, key=_by_day):
        day = room.days[position]
        wave = _takes(opened, machine, room, position)
        if wave is None:
            rest.append((position, machine))
            continue
        placements.append(Placement(machine.id, machine.asset_tag, machine.site, day, wave.number))
        before = joined.get(wave.number)
        joined[wave.number] = (
            replace(before, size=before.size + 1)
            if before
            else PlannedWave(
                wave.number, False, wave.first_day, wave.last_day, 1, wave.refresh, joined=True
            )
        )
    return rest


def _takes(
    opened: list[list[object]], machine: MachineToPlace, room: Room, position: int
) -> OpenWave | None:
    day = room.days[position]
    for entry in opened:
        wave, size = entry
        assert isinstance(wave, OpenWave)  # noqa: S101  (the list is ours)
        assert isinstance(size, int)  # noqa: S101
        if (
            wave.refresh is machine.refresh
            and wave.first_day <= day <= wave.last_day
            and size < room.problem.machines_per_wave
        ):
            entry[1] = size + 1
            return wave
    return None


def _cut(dated: Iterable[Dated], limit: int) -> list[list[Dated]]:
    found: list[list[Dated]] = []
    batch: list[Dated] = []
    for _, entries in groupby(dated, key=lambda entry: entry[0]):
        day = list(entries)
        if batch and len(batch) + len(day) > limit:
            found.append(batch)
            batch = []
        while len(day) > limit:
            found.append(day[:limit])
            day = day[limit:]
        batch += day
    if batch:
        found.append(batch)
    return found


def _by_day(entry: Dated) -> tuple[int, str, int, str, str, int]:
    day, machine = entry
    return (
        day,
        machine.site,
        machine.order,
        machine.department,
        machine.asset_tag,
        machine.id,
    )
