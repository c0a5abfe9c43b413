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

    `behind` machines of the site are due later than the last of these, so they are done after
    them. `share` is the share of these among the site's.
    """

    kind: PartKind
    name: str
    last_day: date | None
    behind: int
    share: float


class Endangered(NamedTuple):
    """Late in this share of the trials; `last_day` is the last that the plan has for it."""

    kind: PartKind
    name: str
    late: float
    last_day: date | None = None


def in_danger(
    sites: Sequence[Endangered],
    parts: Mapping[str, Sequence[Part]],
    waiting: Mapping[str, Any],
    parked: Mapping[str, Any],
) -> list[Endangered]:
    """Everything that is late in any trial, the worst first.

    `sites` are the late ones, `parts` what belongs to each site by its name. `waiting` and
    `parked` hold one number per trial: the site's machines that wait or stand still when the
    cutover comes.
    """
    import numpy as np

    number = sum(len(found) for found in parts.values())
    punctual: dict[tuple[PartKind, str], Any] = {}
    last: dict[tuple[PartKind, str], date | None] = {}
    for site, found in parts.items():
        trials = max(200, min(len(waiting[site]), _OPERATIONS // max(1, number)))
        wait, stand = waiting[site][:trials], parked[site][:trials]
        if not (wait.any() or stand.any()):
            continue
        for part in found:
            key = (part.kind, part.name)
            # Whoever is due first is done first; those that failed can be anybody's.
            chance = np.where(wait > part.behind, 0.0, (1.0 - part.share) ** stand)
            punctual[key] = punctual.get(key, 1.0) * chance
            last[key] = max(filter(None, (last.get(key), part.last_day)), default=None)
    late = [
        Endangered(*key, late, last[key])
        for key, chances in punctual.items()
        if (late := 1.0 - float(np.mean(chances))) >= _WORTH_SAYING
    ]
    return sorted([*sites, *late], key=_worst)


_WORTH_SAYING = 0.001


def _worst(entry: Endangered) -> tuple[float, date, str]:
    return (-round(entry.late, 3), entry.last_day or date.max, entry.name)
