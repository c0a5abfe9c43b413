"""Cutting dated machines into waves: whole days up to the limit; a larger day is cut."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import NamedTuple

from rollout.planning.problem import MachineToPlace, OpenWave, Placement, PlannedWave
from rollout.planning.room import Cell, Room


class Parcel(NamedTuple):
    """Machines of one cell that go on the same day, which is given by its position."""

    day: int
    cell: Cell
    machines: Sequence[MachineToPlace]


_BY_DAY = attrgetter("day")


class _Batch(NamedTuple):
    pilot: bool
    refresh: bool
    parcels: list[Parcel]


def into_waves(
    room: Room, pilot: Sequence[Parcel], others: Sequence[Parcel]
) -> tuple[list[Placement], list[PlannedWave]]:
    """A wave for every machine. Refreshes have waves of their own: other hands do them.

    On each day machines follow each other as they do in `others`.
    """
    problem = room.problem
    placements: list[Placement] = []
    joined: dict[int, PlannedWave] = {}
    rest = _join(room, sorted(others, key=_BY_DAY), placements, joined)
    batches = [_Batch(True, False, sorted(pilot, key=_BY_DAY))] if pilot else []
    for refresh in (False, True):
        parcels = [parcel for parcel in rest if parcel.cell.refresh is refresh]
        batches += [
            _Batch(False, refresh, members) for members in _cut(parcels, problem.machines_per_wave)
        ]
    batches.sort(key=lambda batch: (not batch.pilot, batch.parcels[0].day, batch.refresh))
    waves = list(joined.values())
    for number, batch in enumerate(batches, start=problem.first_wave):
        size = 0
        for position, _, machines in batch.parcels:
            day = room.days[position]
            size += len(machines)
            placements += [Placement(m.id, m.asset_tag, m.site, day, number) for m in machines]
        first, last = room.days[batch.parcels[0].day], room.days[batch.parcels[-1].day]
        waves.append(PlannedWave(number, batch.pilot, first, last, size, batch.refresh))
    return placements, waves


def _join(
    room: Room,
    parcels: Sequence[Parcel],
    placements: list[Placement],
    joined: dict[int, PlannedWave],
) -> list[Parcel]:
    """Put machines into waves that nobody has seen yet; those that fit into none."""
    opened = {wave: wave.size for wave in room.problem.open_waves}
    if not opened:
        return list(parcels)
    rest: list[Parcel] = []
    for parcel in parcels:
        day = room.days[parcel.day]
        machines = list(parcel.machines)
        for wave in opened:
            fits = room.problem.machines_per_wave - opened[wave]
            if (
                wave.refresh is parcel.cell.refresh
                and wave.first_day <= day <= wave.last_day
                and fits > 0
                and machines
            ):
                joining, machines = machines[:fits], machines[fits:]
                opened[wave] += len(joining)
                placements += [Placement(m.id, m.asset_tag, m.site, day, wave.number)
                               for m in joining]  # fmt: skip
                joined[wave.number] = _grown(joined.get(wave.number), wave, len(joining))
        if machines:
            rest.append(parcel._replace(machines=machines))
    return rest


def _grown(before: PlannedWave | None, wave: OpenWave, machines: int) -> PlannedWave:
    if before is not None:
        return replace(before, size=before.size + machines)
    return PlannedWave(
        wave.number, False, wave.first_day, wave.last_day, machines, wave.refresh, joined=True
    )


def _cut(parcels: Sequence[Parcel], limit: int) -> Iterator[list[Parcel]]:
    """Parcels in turn, cut where a wave is full; a day is divided only when it alone is larger."""
    batch: list[Parcel] = []
    size = 0
    for day in _days(parcels):
        number = sum(len(parcel.machines) for parcel in day)
        if batch and size + number > limit:
            yield batch
            batch, size = [], 0
        for parcel in day:
            machines = parcel.machines
            while number > limit and size + len(machines) >= limit:
                yield [*batch, parcel._replace(machines=machines[: limit - size])]
                machines = machines[limit - size :]
                number -= limit
                batch, size = [], 0
            if machines:
                whole = machines is parcel.machines
                batch.append(parcel if whole else parcel._replace(machines=machines))
                size += len(machines)
    if batch:
        yield batch


def _days(parcels: Sequence[Parcel]) -> Iterator[list[Parcel]]:
    day: list[Parcel] = []
    for parcel in parcels:
        if day and day[0].day != parcel.day:
            yield day
            day = []
        day.append(parcel)
    if day:
        yield day
