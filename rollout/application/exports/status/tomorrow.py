"""What is to be done on the next day on which machines are moved, site by site."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rollout.application.exports.status.days import next_day
from rollout.application.standing import per_day
from rollout.domain.machine import DONE, NEEDS_A_PERSON, MachineState
from rollout.settings import Settings
from rollout.store.reports import Group

_NO_WORK = frozenset(state.value for state in DONE | NEEDS_A_PERSON | {MachineState.EXCLUDED})


@dataclass(frozen=True)
class SiteWork:
    """A site's machines that are not through and wait for nobody: with that day, with an earlier
    one.

    `room` is how many the site can hold on a day.
    """

    site: str | None
    due: int
    overdue: int
    room: int
    waves: Sequence[int]
    departments: Sequence[str]

    @property
    def total(self) -> int:
        """Machines that wait for that day."""
        return self.due + self.overdue

    @property
    def too_much(self) -> bool:
        """Whether the site cannot hold them all on one day."""
        return self.total > self.room


@dataclass(frozen=True)
class Tomorrow:
    """`day` is None when no working day comes soon."""

    day: date | None
    sites: Sequence[SiteWork]


def tomorrow(settings: Settings, today: date, groups: Sequence[Group]) -> Tomorrow:
    """The work of the next working day; what was due before and is not through comes with it."""
    day = next_day(settings, today)
    waiting: dict[str | None, list[Group]] = {}
    for group in groups:
        dated = day is not None and group.planned_day is not None and group.planned_day <= day
        if dated and group.state not in _NO_WORK:
            waiting.setdefault(group.site, []).append(group)
    return Tomorrow(
        day,
        [
            _site(settings, site, waiting[site], day)
            for site in sorted(waiting, key=lambda name: (name is None, name or ""))
        ],
    )


def _site(
    settings: Settings, site: str | None, groups: Sequence[Group], day: date | None
) -> SiteWork:
    due = sum(group.machines for group in groups if group.planned_day == day)
    return SiteWork(
        site,
        due,
        sum(group.machines for group in groups) - due,
        per_day(settings, site or ""),
        sorted({group.wave for group in groups if group.wave is not None}),
        sorted({group.bureau for group in groups if group.bureau}),
    )
