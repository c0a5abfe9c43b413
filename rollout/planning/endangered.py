"""Which site, wave or department is still unfinished on the day of the cutover, and how often."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from rollout.domain.lifecycle import Described

_OPERATIONS = 20_000_000
"""Parts times trials: with many parts fewer of the trials are asked."""


class PartKind(Described):
    """What can endanger the cutover."""

    SITE = "site", "A place whose machines are not all done."
    WAVE = "wave", "A wave whose machines are not all done."
    DEPARTMENT = "department", "A department whose machines are not all done."


class Part(NamedTuple):
    """Machines of one wave or department at one site that are not done.

    `due` counts them by the working day on which they can first be tried, `parked` are those that
    stand still. `last_day` is the last that the plan has for them.
    """

    kind: PartKind
    name: str
    last_day: date | None
    due: Mapping[date, int]
    parked: int = 0


class Endangered(NamedTuple):
    """Late in this share of the trials; `last_day` is the last that the plan has for it."""

    kind: PartKind
    name: str
    late: float
    last_day: date | None = None


class AtCutover(NamedTuple):
    """A site with its parts; `waiting` and `parked` hold one number per trial: the machines that
    wait or stand still when the cutover comes.

    `all_of_it` is the site itself as a part.
    """

    all_of_it: Part
    parts: Sequence[Part]
    waiting: Any
    parked: Any


def in_danger(
    late_sites: Sequence[Endangered],
    sites: Sequence[AtCutover],
    days: Sequence[date],
    still_open: float,
) -> list[Endangered]:
    """Everything that is late in any trial, the worst first.

    `days` are the working days before the cutover, `still_open` the chance that a machine which
    stands still on a day does so on the next.
    """
    import numpy as np

    number = sum(len(site.parts) for site in sites)
    punctual: dict[tuple[PartKind, str], Any] = {}
    last: dict[tuple[PartKind, str], date | None] = {}
    for site in sites:
        trials = max(200, min(len(site.waiting), _OPERATIONS // max(1, number)))
        waiting, parked = site.waiting[:trials], site.parked[:trials]
        if not (waiting.any() or parked.any()):
            continue
        everything = _weight(site.all_of_it, days, still_open)
        behind = _behind(site.all_of_it.due)
        for part in site.parts:
            key = (part.kind, part.name)
            # Whoever is due first is tried first; those that stand still can be anybody's, and
            # the longer ago they were due, the less likely.
            share = min(1.0, _weight(part, days, still_open) / everything)
            chance = (1.0 - share) ** parked
            if part.due:
                chance = np.where(waiting > behind[max(part.due)], 0.0, chance)
            punctual[key] = punctual.get(key, 1.0) * chance
            last[key] = max(filter(None, (last.get(key), part.last_day)), default=None)
    late = [
        Endangered(*key, late, last[key])
        for key, chances in punctual.items()
        if (late := 1.0 - float(np.mean(chances))) >= _WORTH_SAYING
    ]
    return sorted([*late_sites, *late], key=_worst)


def _behind(due: Mapping[date, int]) -> dict[date, int]:
    """How many machines are due after each day."""
    later, found = 0, {}
    for day in sorted(due, reverse=True):
        found[day] = later
        later += due[day]
    return found


def _weight(part: Part, days: Sequence[date], still_open: float) -> float:
    """How many of the part's machines would stand still if each had failed on its day."""
    left = max(0, len(days) - 1)
    waits = {day: left - position for position, day in enumerate(days)}
    standing = part.parked * still_open**left
    return standing + sum(n * still_open ** waits.get(day, 0) for day, n in part.due.items())


_WORTH_SAYING = 0.001


def _worst(entry: Endangered) -> tuple[float, date, str]:
    return (-round(entry.late, 3), entry.last_day or date.max, entry.name)
