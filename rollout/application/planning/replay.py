"""The history of the programme, walked forward: where it stood on each working day."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from rollout.application.planning.problem import calendar_of
from rollout.application.standing import WINDOW, Pile, Standing
from rollout.domain.machine import DONE, NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.planning.calendar import WorkCalendar
from rollout.settings import Settings
from rollout.store import forecasts

_COUNTED = frozenset(
    {
        MachineVerb.HAND_OVER,
        MachineVerb.SUPERSEDE,
        MachineVerb.FAIL,
        MachineVerb.FALL_SILENT,
        MachineVerb.RETRY,
    }
)
_DAY = timedelta(days=1)
_Key = tuple[str, date | None, bool]
"""Site, day in force, whether it stands still."""


class Replay:
    """The machines as they were, one fact of the history after the other.

    Sites are those of today: a machine that moved is counted where it stands now.
    """

    def __init__(self, sites: Mapping[int, str], unborn: set[int]) -> None:
        self._sites = sites
        self._states: dict[int, MachineState] = dict.fromkeys(
            sites.keys() - unborn, MachineState.REGISTERED
        )
        self._days: dict[int, date] = {}
        self._piles: Counter[_Key] = Counter(
            (sites[machine], None, False) for machine in self._states
        )
        self._dated: Counter[tuple[str, date]] = Counter()
        self._happened: deque[tuple[date, str, MachineVerb]] = deque()
        self.done = 0

    def take(self, step: forecasts.Step, day: date) -> None:
        """Let `step` happen on the local `day`."""
        site = self._sites.get(step.machine_id)
        if site is None:
            return
        self._count(step.machine_id, site, -1)
        self._states[step.machine_id] = step.state
        if step.verb is MachineVerb.PLAN and step.day is not None:
            self._days[step.machine_id] = step.day
        elif step.verb is MachineVerb.UNPLAN:
            self._days.pop(step.machine_id, None)
        self._count(step.machine_id, site, 1)
        if step.verb in _COUNTED:
            self._happened.append((day, site, step.verb))

    def _count(self, machine: int, site: str, number: int) -> None:
        state = self._states.get(machine)
        if state is None:
            return
        day = self._days.get(machine)
        if day is not None:
            self._dated[site, day] += number
        if state in DONE:
            self.done += number
        elif state is not MachineState.EXCLUDED:
            self._piles[site, day, state in NEEDS_A_PERSON] += number

    def standing(self, today: date, first: date) -> Standing:
        """How things stand at the end of `today`; what happened from `first` on is counted."""
        while self._happened and self._happened[0][0] < first:
            self._happened.popleft()
        happened: dict[tuple[date, str], Counter[MachineVerb]] = {}
        for day, site, verb in self._happened:
            happened.setdefault((day, site), Counter())[verb] += 1
        return Standing(
            # The next morning: what was not done today is still to do.
            today=today + _DAY,
            piles=[Pile(*key, machines) for key, machines in self._piles.items() if machines > 0],
            done=self.done,
            happened=happened,
            dated={key: machines for key, machines in self._dated.items() if machines > 0},
        )


def working_days(
    session: Session, settings: Settings, *, until: date
) -> Iterator[tuple[date, Standing]]:
    """The standing at the end of every working day from the first outcome to `until`."""
    zone, calendar = settings.programme.zone, calendar_of(settings)
    replay = Replay(forecasts.sites_of_machines(session), forecasts.registered(session))
    end = datetime.combine(until + _DAY, time(), zone)
    current: date | None = None
    begun = False
    for step in forecasts.history(session, end):
        day = step.at.astimezone(zone).date()
        if current is not None and day > current and begun:
            yield from _between(replay, calendar, current, day)
        current = max(current or day, day)
        begun = begun or step.verb in _COUNTED
        replay.take(step, current)
    if current is not None and begun:
        yield from _between(replay, calendar, current, until + _DAY)


def _between(
    replay: Replay, calendar: WorkCalendar, first: date, end: date
) -> Iterator[tuple[date, Standing]]:
    """Every working day from `first` on and before `end`, on which nothing more happened."""
    for today in calendar.between(first, end - _DAY):
        window = list(calendar.between(today - timedelta(days=60), today))[-WINDOW:]
        yield today, replay.standing(today, window[0] if window else today)
