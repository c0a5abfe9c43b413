"""What needs a person, what is held, and what comes next."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rollout.application.exports.status.daily import DailyReport
from rollout.application.exports.status.exceptions import ExceptionKind, ExceptionLine
from rollout.application.exports.status.grids.form import Cell, Column, Grid, Tone, Word
from rollout.application.exports.status.table import named
from rollout.application.exports.status.years import fiscal_year
from rollout.domain.machine import MachineState
from rollout.domain.programme_board import IndicatorStanding
from rollout.i18n import _
from rollout.i18n.labels import label

_AMBER = frozenset({MachineState.HELD, IndicatorStanding.UNMEASURED})


def exceptions(report: DailyReport) -> Grid:
    """Machines and promises, with who is to do what by when."""
    columns = (
        Column(_("Kind"), 12),
        Column(_("Asset tag or name"), 16),
        Column(_("State"), 14),
        Column(_("Site"), 10),
        Column(_("Office"), 20),
        Column(_("Since"), 16),
        Column(_("Days"), 7),
        Column(_("Step"), 12),
        Column(_("Cause"), 33),
        Column(_("In charge"), 15),
        Column(_("Next date"), 16),
        Column(_("On time?"), 10),
        Column(_("Owner"), 12),
    )
    zone = report.summary.zone
    rows = [_exception(line, zone) for line in report.exceptions]
    return Grid(_("Exceptions"), columns, rows, empty=_("nothing needs a person"))


def _exception(line: ExceptionLine, zone: ZoneInfo) -> Sequence[Cell]:
    return (
        label(line.kind),
        line.name if line.year is None else f"{line.name} {fiscal_year(line.year)}",
        Word(label(line.state), Tone.AMBER if line.state in _AMBER else Tone.RED),
        line.site,
        line.office or None,
        _day(line.since, zone),
        line.days,
        label(line.step) if line.step else None,
        line.cause,
        line.in_charge or None,
        line.next_date,
        _in_time(line),
        line.owner,
    )


def _in_time(line: ExceptionLine) -> Word:
    if line.overdue:
        return Word(_("overdue"), Tone.RED)
    if line.kind is ExceptionKind.MACHINE and line.is_hold:
        return Word(_("waits"), Tone.AMBER)
    return Word(_("on time"), Tone.GREEN)


def _day(since: datetime | date | None, zone: ZoneInfo) -> date | None:
    return since.astimezone(zone).date() if isinstance(since, datetime) else since


def holds(report: DailyReport) -> Grid:
    """Machines that somebody has kept back, with who did and why."""
    zone = report.summary.zone
    columns = (
        Column(_("Asset tag"), 16),
        Column(_("State"), 10),
        Column(_("Site"), 10),
        Column(_("Office"), 26),
        Column(_("Held from"), 16),
        Column(_("Since"), 18),
        Column(_("Days"), 6),
        Column(_("Held until"), 18),
        Column(_("Held by"), 14),
        Column(_("Reason"), 44),
    )
    rows: list[Sequence[Cell]] = [
        (
            line.name,
            Word(label(line.state), Tone.AMBER),
            line.site,
            line.office or None,
            label(line.held_from) if line.held_from else None,
            _day(line.since, zone),
            line.days,
            line.next_date,
            line.approver,
            line.cause,
        )
        for line in report.holds
    ]
    return Grid(_("Holds"), columns, rows, empty=_("nothing is held"))


def tomorrow(report: DailyReport) -> Grid:
    """The next working day, site by site."""
    work = report.tomorrow
    rows: list[Sequence[Cell]] = [
        (
            named(site.site),
            site.due,
            site.overdue,
            site.total,
            site.room,
            Word(_("too much"), Tone.RED) if site.too_much else Word(_("fits"), Tone.GREEN),
            ", ".join(map(str, site.waves)),
            ", ".join(site.departments),
        )
        for site in work.sites
    ]
    if rows:
        sums = [sum(getattr(site, name) for site in work.sites) for name in ("due", "overdue")]
        rows.append((_("Total"), *sums, sum(sums), None, None, None, None))
    columns = (
        Column(_("Site"), 14),
        Column(_("Due on the day"), 10),
        Column(_("Overdue"), 10),
        Column(_("Total"), 8),
        Column(_("Room on a day"), 10),
        Column(_("How it stands"), 12),
        Column(_("Waves"), 12),
        Column(_("Departments"), 50),
    )
    return Grid(
        _("Work of the next working day"),
        columns,
        rows,
        total=bool(rows),
        empty=_("no machine is due"),
    )
