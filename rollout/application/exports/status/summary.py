"""Where every machine stands, in one figure per word: the summary of the report."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rollout.application.choosing import today
from rollout.application.spares import SparePool, pools
from rollout.domain.lifecycle import Described
from rollout.domain.machine import DONE, MachineState
from rollout.settings import Settings
from rollout.store import machines, reports
from rollout.store.database import Database
from rollout.store.reports import Count, MachineLine

_S = MachineState


class Standing(Described):
    """The words of the summary; every machine stands in exactly one."""

    DONE = "done", "Nothing is left to do for its owner."
    IN_PROGRESS = "in_progress", "Its passage has begun."
    HELD = "held", "Kept back with a reason."
    FAILED = "failed", "A step ended with an error."
    SILENT = "silent", "It did not answer in time."
    UNKNOWN = "unknown", "Nobody knows yet how its step ended."
    NOT_STARTED = "not_started", "Its passage has not begun."
    EXCLUDED = "excluded", "Takes no part in the programme."


_STANDING = {
    **dict.fromkeys(DONE, Standing.DONE),
    _S.HELD: Standing.HELD,
    _S.FAILED: Standing.FAILED,
    _S.SILENT: Standing.SILENT,
    _S.UNKNOWN: Standing.UNKNOWN,
    _S.REGISTERED: Standing.NOT_STARTED,
    _S.PLANNED: Standing.NOT_STARTED,
    _S.EXCLUDED: Standing.EXCLUDED,
}


def standing_of(state: MachineState) -> Standing:
    """The word of the summary for a state."""
    return _STANDING.get(state, Standing.IN_PROGRESS)


@dataclass(frozen=True)
class Split:
    """A group of machines by state; `name` is None for machines without one."""

    name: str | int | None
    total: int
    states: Mapping[MachineState, int]


@dataclass(frozen=True)
class Exceptional:
    """A machine that needs a person; `days` are calendar days in its state."""

    line: MachineLine
    days: int


class Unknowable(Described):
    """What the history does not keep, so that no report of the past can say it."""

    SPARES = "spares", "How many spares were left."
    CONTROLS = "controls", "Which controls were to be measured again."
    SIGN_INS = "sign_ins", "Who had registered for multi-factor sign-in."
    TRAINING = "training", "Who had been trained, as far as it was known then."
    READINESS = "readiness", "Who was ready."


@dataclass(frozen=True)
class StatusReport:
    """Every split counts every machine once. `not_known` is empty but for a moment of the past."""

    programme: str
    cutover: date
    as_of: datetime
    zone: ZoneInfo
    total: int
    standing: Mapping[Standing, int]
    percent_done: float | None
    by_state: Mapping[MachineState, int]
    by_generation: Sequence[Split]
    by_site: Sequence[Split]
    by_department: Sequence[Split]
    by_wave: Sequence[Split]
    spares: Sequence[SparePool]
    exceptions: Sequence[Exceptional]
    not_known: Sequence[Unknowable] = ()


def status(database: Database, settings: Settings, *, now: datetime) -> StatusReport:
    """Where every machine stands at `now`."""
    with database.read() as session:
        day = today(settings, now)
        counts = reports.counted(reports.groups(session, day))
        lines = reports.exceptions(session, day)
    return prepared(settings, now, counts, lines, spares=pools(database, settings))


def standings(database: Database) -> dict[Standing, int]:
    """How many machines stand where, now: read at once at any size."""
    with database.read() as session:
        counts = machines.counts(session)
    found: Counter[Standing] = Counter()
    for state, number in counts.items():
        found[standing_of(MachineState(state))] += number
    return {word: found[word] for word in Standing}


def prepared(
    settings: Settings,
    moment: datetime,
    counts: Sequence[Count],
    lines: Iterable[MachineLine],
    *,
    spares: Sequence[SparePool] = (),
    not_known: Sequence[Unknowable] = (),
) -> StatusReport:
    """The figures of a moment from what was read of it."""
    zone = settings.programme.zone
    states = _by_state(counts)
    standing: Counter[Standing] = Counter()
    for state, number in states.items():
        standing[standing_of(state)] += number
    # Excluded machines are no part of what has to be done.
    taking_part = sum(states.values()) - standing[Standing.EXCLUDED]
    day = today(settings, moment)
    return StatusReport(
        programme=settings.programme.name,
        cutover=settings.programme.cutover,
        as_of=moment,
        zone=zone,
        total=sum(states.values()),
        standing={word: standing[word] for word in Standing},
        percent_done=round(100 * standing[Standing.DONE] / taking_part, 1) if taking_part else None,
        by_state=states,
        by_generation=_split(counts, lambda count: count.generation),
        by_site=_split(counts, lambda count: count.site),
        by_department=_split(counts, lambda count: count.bureau),
        by_wave=_split(counts, lambda count: count.wave),
        spares=spares,
        not_known=not_known,
        exceptions=[
            Exceptional(line, (day - line.state_since.astimezone(zone).date()).days)
            for line in lines
        ],
    )


def _by_state(counts: Iterable[Count]) -> dict[MachineState, int]:
    found: Counter[MachineState] = Counter()
    for count in counts:
        found[MachineState(count.state)] += count.machines
    return {state: found[state] for state in MachineState}


def _split(counts: Sequence[Count], name_of: Callable[[Count], str | int | None]) -> list[Split]:
    groups: dict[str | int | None, list[Count]] = {}
    for count in counts:
        groups.setdefault(name_of(count), []).append(count)
    # Machines without a name of that kind come last; numbers sort as numbers.
    names = sorted(
        groups, key=lambda name: (name is None, name if isinstance(name, int) else 0, str(name))
    )
    return [
        Split(name, sum(count.machines for count in groups[name]), _by_state(groups[name]))
        for name in names
    ]
