"""The first page, and the machines by department, site, generation and wave."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rollout.application.exports.status.daily import DailyReport
from rollout.application.exports.status.grids.form import (
    Cell,
    Change,
    Column,
    Grid,
    Rate,
    Tone,
    Word,
)
from rollout.application.exports.status.summary import Split, Standing, standing_of
from rollout.application.exports.status.table import named
from rollout.application.planning import forecasting
from rollout.domain.machine import MachineState
from rollout.i18n import _
from rollout.i18n.labels import headed, label

TONES = {
    Standing.DONE: Tone.GREEN,
    Standing.IN_PROGRESS: Tone.PLAIN,
    Standing.HELD: Tone.AMBER,
    Standing.FAILED: Tone.RED,
    Standing.SILENT: Tone.RED,
    Standing.UNKNOWN: Tone.RED,
    Standing.NOT_STARTED: Tone.GREY,
    Standing.EXCLUDED: Tone.GREY,
}
_LIKELY, _OPEN = 0.9, 0.5
"""From when on the cutover is called likely to hold, and open."""


def summary(report: DailyReport) -> Grid:
    """Every machine in one word, beside the working day before."""
    found = report.summary
    taking_part = found.total - found.standing[Standing.EXCLUDED]
    rows: list[Sequence[Cell]] = []
    for word, number in found.standing.items():
        change = report.change(word)
        share = (
            Rate(number / taking_part) if taking_part and word is not Standing.EXCLUDED else None
        )
        rows.append(
            (
                Word(label(word), TONES[word] if number else Tone.GREY),
                number,
                None if change is None else Change(change),
                share,
            )
        )
    grown = None if report.before is None else Change(found.total - report.before.total)
    rows.append((_("Total"), found.total, grown, None))
    columns = (
        Column(_("State"), 16),
        Column(_("Machines"), 10),
        Column(_("Since the working day before"), 14),
        Column(_("Share"), 10),
    )
    return Grid(_("Summary"), columns, rows, total=True)


def verdict(report: DailyReport) -> Word:
    """Whether the cutover holds, in a word."""
    made = report.burn_up.forecast
    if made.missing is not None:
        return Word(_("not computable"), Tone.GREY)
    if made.outlook is None:
        return Word(_("all is done"), Tone.GREEN)
    if made.outlook.probability >= _LIKELY:
        return Word(_("likely to hold"), Tone.GREEN)
    if made.outlook.probability >= _OPEN:
        return Word(_("uncertain"), Tone.AMBER)
    return Word(_("in danger"), Tone.RED)


def key_figures(report: DailyReport) -> Grid:
    """Plan, forecast and spares beside the cutover."""
    return Grid(
        _("Plan and forecast"),
        (Column(_("Item"), 40), Column(_("Value"), 22)),
        list(_key_figures(report)),
        note=why_no_forecast(report),
    )


def why_no_forecast(report: DailyReport) -> str:
    """The reason in a sentence; empty where there is a forecast."""
    missing = report.burn_up.forecast.missing
    if missing is None:
        return ""
    return _("not computable yet: {reason}").format(reason=forecasting.sentence(missing))


def _key_figures(report: DailyReport) -> Iterator[Sequence[Cell]]:
    found, made = report.summary, report.burn_up.forecast
    if found.percent_done is not None:
        yield _("Share done"), Rate(found.percent_done / 100)
    yield _("Due by the plan by the end of this day"), report.burn_up.due
    yield (
        _("Done, against the plan"),
        Change(found.standing[Standing.DONE] - report.burn_up.due),
    )
    yield _("Cutover"), found.cutover
    yield _("Will the cutover hold?"), verdict(report)
    if made.outlook is not None:
        yield _("Probability of the cutover"), Rate(made.outlook.probability)
        yield _("Finish forecast (P50)"), made.outlook.p50 or _("beyond the horizon")
        yield _("Finish forecast (P90)"), made.outlook.p90 or _("beyond the horizon")
    if made.required_per_day is not None:
        yield _("Machines a working day, needed"), made.required_per_day
    if made.actual_per_day is not None:
        yield _("Machines a working day, of late"), made.actual_per_day
    yield _("Spares left"), _spares(report)
    yield _("Exceptions"), len(report.exceptions)
    late = report.board.late
    if report.board.milestones or report.board.indicators:
        tone = Tone.RED if late else Tone.GREEN
        text = _("{count} late").format(count=late) if late else _("on time")
        yield _("Programme board"), Word(text, tone)


def _spares(report: DailyReport) -> Cell:
    if report.summary.not_known:
        return _("not known of this moment")
    return sum(pool.free for pool in report.summary.spares)


def splits(report: DailyReport) -> dict[str, Grid]:
    """Each split of the machines, by its field."""
    titles = {
        "by_department": (_("By department"), _("Department")),
        "by_site": (_("By site"), _("Site")),
        "by_generation": (_("By generation"), _("Generation")),
        "by_wave": (_("By wave"), _("Wave")),
    }
    return {field: _split(report, field, *words) for field, words in titles.items()}


def _split(report: DailyReport, field: str, title: str, heading: str) -> Grid:
    found: Sequence[Split] = getattr(report.summary, field)
    rows = [_group(report, split, field) for split in found]
    if found:
        rows.append(_sums(report))
    columns = (
        Column(heading, 24),
        Column(_("How it stands"), 12),
        Column(_("Total"), 8),
        *(Column(headed(label(word)), 10) for word in Standing),
        Column(_("Share done"), 9),
        Column(_("Done since the working day before"), 12),
    )
    return Grid(title, columns, rows, total=bool(rows), empty=_("there are no machines"))


def _group(report: DailyReport, split: Split, field: str) -> Sequence[Cell]:
    standing = _standing(split.states)
    changes = report.state_changes(split, field)
    more = None
    if changes is not None:
        more = Change(sum(n for state, n in changes.items() if _is_done(state)))
    return _figures(named(split.name), split.total, standing, more)


def _sums(report: DailyReport) -> Sequence[Cell]:
    change = report.change(Standing.DONE)
    more = None if change is None else Change(change)
    return _figures(_("Total"), report.summary.total, Counter(report.summary.standing), more)


def _figures(
    name: Cell, total: int, standing: Counter[Standing], more: Change | None
) -> Sequence[Cell]:
    part = total - standing[Standing.EXCLUDED]
    return (
        name,
        how_it_stands(standing, part),
        total,
        *(standing[word] for word in Standing),
        Rate(standing[Standing.DONE] / part) if part else None,
        more,
    )


def _standing(states: Mapping[MachineState, int]) -> Counter[Standing]:
    found: Counter[Standing] = Counter()
    for state, number in states.items():
        found[standing_of(state)] += number
    return found


def _is_done(state: MachineState) -> bool:
    return standing_of(state) is Standing.DONE


def how_it_stands(standing: Mapping[Standing, int], taking_part: int) -> Word:
    """One word for a group of machines: the worst that is true of it."""
    if standing[Standing.FAILED] or standing[Standing.SILENT] or standing[Standing.UNKNOWN]:
        return Word(_("needs action"), Tone.RED)
    if standing[Standing.HELD]:
        return Word(_("has holds"), Tone.AMBER)
    if taking_part == standing[Standing.DONE]:
        return Word(label(Standing.DONE), Tone.GREEN)
    if standing[Standing.DONE] or standing[Standing.IN_PROGRESS]:
        return Word(_("going on"), Tone.GREEN)
    return Word(label(Standing.NOT_STARTED), Tone.GREY)


def states(report: DailyReport) -> Grid:
    """Departments by every state that any machine is in."""
    found = report.summary
    known = [state for state, number in found.by_state.items() if number]
    rows: list[Sequence[Cell]] = [
        (named(split.name), split.total, *(split.states[state] for state in known))
        for split in found.by_department
    ]
    if rows:
        rows.append((_("Total"), found.total, *(found.by_state[state] for state in known)))
    columns = (
        Column(_("Department"), 24),
        Column(_("Total"), 8),
        *(Column(headed(label(state)), 12) for state in known),
    )
    return Grid(
        _("Department by state"), columns, rows, total=bool(rows), empty=_("there are no machines")
    )


def course(report: DailyReport) -> Grid:
    """The burn-up, day by day."""
    rows: list[Sequence[Cell]] = [
        (
            day.day,
            _weekday(day.day),
            label_off(day.off),
            day.planned,
            day.done,
            day.low,
            day.middle,
            day.high,
        )
        for day in report.burn_up.days
    ]
    columns = (
        Column(_("Day"), 18),
        Column(_("Weekday"), 8),
        Column(_("Closed"), 14),
        Column(_("Planned"), 10),
        Column(_("Done"), 10),
        Column(_("Forecast, low (10 of 100)"), 12),
        Column(_("Forecast, middle"), 12),
        Column(_("Forecast, high (90 of 100)"), 12),
    )
    return Grid(_("Burn-up"), columns, rows, note=why_no_forecast(report))


def _weekday(day: date) -> str:
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    return names[day.weekday()]


def label_off(off: object) -> str | None:
    """Why nothing is moved on a day, in a word."""
    words = {
        "weekend": _("weekend"),
        "holiday": _("holiday"),
        "closed": _("office closed"),
        "frozen": _("frozen"),
    }
    return words[str(off)] if off else None
