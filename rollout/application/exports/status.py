"""`export status`: where everything stands, on one page."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rollout.application.exports.forms import Cell, Document, Table, iso
from rollout.application.spares import SparePool, pools
from rollout.domain.lifecycle import Described
from rollout.domain.machine import DONE, MachineState, Step
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import Settings
from rollout.store import reports
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
        counts = reports.counts(session)
        lines = reports.exceptions(session)
    return prepared(settings, now, counts, lines, spares=pools(database, settings))


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
    for state, machines in states.items():
        standing[_STANDING.get(state, Standing.IN_PROGRESS)] += machines
    # Excluded machines are no part of what has to be done.
    taking_part = sum(states.values()) - standing[Standing.EXCLUDED]
    today = moment.astimezone(zone).date()
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
            Exceptional(line, (today - line.state_since.astimezone(zone).date()).days)
            for line in lines
        ],
    )


def table(report: StatusReport) -> Table:
    """For people: one line per figure, so that a sheet can filter and pivot it."""
    as_of = iso(report.as_of, report.zone)
    rows = [(as_of, *row) for row in _rows(report)]
    headings = (
        _("As of"),
        _("Section"),
        _("Item"),
        _("State"),
        _("Machines"),
        _("In this state since"),
        _("Days"),
        _("Step"),
        _("Cause"),
        _("Owner"),
        _("Site"),
        _("Department"),
        _("Division"),
    )
    return Table(headings, rows, len(rows))


def document(report: StatusReport) -> Document:
    """For programs."""
    head = {
        "programme": report.programme,
        "cutover": report.cutover.isoformat(),
        "as_of": iso(report.as_of, report.zone),
        "total": report.total,
        "percent_done": report.percent_done,
        "not_known": [word.value for word in report.not_known],
        "summary": {word.value: number for word, number in report.standing.items()},
        "by_state": _words(report.by_state),
        "by_generation": _splits("generation", report.by_generation),
        "by_site": _splits("site", report.by_site),
        "by_department": _splits("department", report.by_department),
        "by_wave": _splits("wave", report.by_wave),
        "spares": [
            {
                "site": pool.site,
                "left": pool.free,
                "out": pool.out,
                "in_ledger": pool.total,
                "configured": pool.configured,
            }
            for pool in report.spares
        ],
    }
    items = [_item(entry, report.zone) for entry in report.exceptions]
    return Document(head, "exceptions", items, len(items))


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


def _rows(report: StatusReport) -> Iterator[Sequence[Cell]]:
    empty: tuple[Cell, ...] = (None,) * 8
    yield (_("Programme"), report.programme, None, report.total, *empty)
    for word, number in report.standing.items():
        yield (_("Summary"), label(word), None, number, *empty)
    for state, number in report.by_state.items():
        yield (_("By state"), None, label(state), number, *empty)
    for section, splits in (
        (_("By generation"), report.by_generation),
        (_("By site"), report.by_site),
        (_("By department"), report.by_department),
        (_("By wave"), report.by_wave),
    ):
        for split in splits:
            name = _("(none)") if split.name is None else split.name
            for state, number in split.states.items():
                if number:
                    yield (section, name, label(state), number, *empty)
    for pool in report.spares:
        site = _("(none)") if pool.site is None else pool.site
        yield (_("Spares"), site, _("left"), pool.free, *empty)
        yield (_("Spares"), site, _("out"), pool.out, *empty)
    for unknown in report.not_known:
        yield (_("Not known of this moment"), label(unknown), None, None, *empty)
    for entry in report.exceptions:
        line = entry.line
        yield (
            _("Exceptions"),
            line.asset_tag,
            label(MachineState(line.state)),
            1,
            iso(line.state_since, report.zone),
            entry.days,
            label(Step(line.step)) if line.step else None,
            line.cause,
            line.owner,
            line.site,
            line.bureau,
            line.division,
        )


def _words(states: Mapping[MachineState, int]) -> dict[str, int]:
    return {state.value: number for state, number in states.items()}


def _splits(key: str, splits: Iterable[Split]) -> list[dict[str, Any]]:
    return [
        {key: split.name, "total": split.total, "by_state": _words(split.states)}
        for split in splits
    ]


def _item(entry: Exceptional, zone: ZoneInfo) -> dict[str, Any]:
    line = entry.line
    return {
        "asset_tag": line.asset_tag,
        "site": line.site,
        "department": line.bureau,
        "division": line.division,
        "state": line.state,
        "since": iso(line.state_since, zone),
        "days": entry.days,
        "step": line.step,
        "cause": line.cause,
        "owner": line.owner,
        "hold_until": iso(line.hold_until, zone),
    }
