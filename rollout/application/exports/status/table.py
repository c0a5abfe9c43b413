"""The report as one table: a line per figure, so that a sheet can filter and pivot it."""

from collections.abc import Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from rollout.application.exports.forms import Cell, Table, iso
from rollout.application.exports.status.daily import DailyReport
from rollout.application.exports.status.exceptions import ExceptionLine
from rollout.application.exports.status.years import fiscal_year
from rollout.i18n import _
from rollout.i18n.labels import label


class _Row(NamedTuple):
    section: str
    item: Cell = None
    state: str | None = None
    number: Cell = None
    change: Cell = None
    since: str | None = None
    days: int | None = None
    step: str | None = None
    cause: str | None = None
    owner: str | None = None
    site: str | None = None
    department: str | None = None
    division: str | None = None
    in_charge: str | None = None
    next_date: str | None = None
    approver: str | None = None


def table(report: DailyReport) -> Table:
    """For people: headings and words in the language in force."""
    as_of = iso(report.summary.as_of, report.summary.zone)
    rows = [
        (as_of, *row)
        for part in (_progress, _splits, _course, _people, _board, _tomorrow, _exceptions)
        for row in part(report)
    ]
    headings = (
        _("As of"),
        _("Section"),
        _("Item"),
        _("State"),
        _("Number"),
        _("Change"),
        _("In this state since"),
        _("Days"),
        _("Step"),
        _("Cause"),
        _("Owner"),
        _("Site"),
        _("Department"),
        _("Division"),
        _("In charge"),
        _("Next date"),
        _("Held by"),
    )
    return Table(headings, rows, len(rows))


def _progress(report: DailyReport) -> Iterator[_Row]:
    summary = report.summary
    yield _Row(_("Programme"), summary.programme, None, summary.total)
    for word, number in summary.standing.items():
        yield _Row(_("Summary"), label(word), None, number, report.change(word))
    for state, number in summary.by_state.items():
        yield _Row(_("By state"), None, label(state), number)
    for unknown in summary.not_known:
        yield _Row(_("Not known of this moment"), label(unknown))


def _splits(report: DailyReport) -> Iterator[_Row]:
    summary = report.summary
    for section, field in (
        (_("By generation"), "by_generation"),
        (_("By site"), "by_site"),
        (_("By department"), "by_department"),
        (_("By wave"), "by_wave"),
    ):
        for split in getattr(summary, field):
            changes = report.state_changes(split, field) or {}
            for state, number in split.states.items():
                if number or changes.get(state):
                    yield _Row(section, named(split.name), label(state), number, changes.get(state))
    for pool in summary.spares:
        yield _Row(_("Spares"), named(pool.site), _("left"), pool.free)
        yield _Row(_("Spares"), named(pool.site), _("out"), pool.out)


def named(name: str | int | None) -> str | int:
    """A group's name; machines without one belong to nobody's."""
    return _("(none)") if name is None else name


def _course(report: DailyReport) -> Iterator[_Row]:
    for day in report.burn_up.days:
        for word, number in (
            (_("planned"), day.planned),
            (_("done"), day.done),
            (_("forecast, 10 of 100"), day.low),
            (_("forecast, middle"), day.middle),
            (_("forecast, 90 of 100"), day.high),
        ):
            if number is not None:
                yield _Row(_("Burn-up"), day.day.isoformat(), word, number)


def _people(report: DailyReport) -> Iterator[_Row]:
    people = report.people
    yield _Row(_("People"), _("in service"), None, people.people)
    for share in people.shares:
        if share.number is not None:
            yield _Row(
                _("People"),
                label(share.figure),
                None,
                share.number,
                change_or_word(report.people_change(share)),
            )
        if share.blocked:
            yield _Row(_("People"), label(share.figure), _("blocked"), share.blocked)
    for word, number in people.devices.items():
        change = change_or_word(report.devices_change(word))
        yield _Row(_("Personal devices"), None, label(word), number, change)


def change_or_word(change: int | None) -> int | str:
    """A change that nobody knows is not one of 0."""
    return _("not known") if change is None else change


def _board(report: DailyReport) -> Iterator[_Row]:
    zone = report.summary.zone
    for milestone in report.board.milestones:
        yield _Row(
            _("Milestones"),
            milestone.name,
            label(milestone.state),
            since=iso(milestone.since, zone),
            days=milestone.days_late or None,
            cause=milestone.cause,
            in_charge=milestone.owner,
            next_date=milestone.due.isoformat(),
        )
    for indicator in report.board.indicators:
        name = f"{indicator.name} {fiscal_year(indicator.year)}"
        for word, figure in ((_("target"), indicator.target), (_("actual"), indicator.actual)):
            if figure is not None:
                yield _Row(_("Indicators"), name, word, figure, in_charge=indicator.owner)


def _tomorrow(report: DailyReport) -> Iterator[_Row]:
    work = report.tomorrow
    day = work.day.isoformat() if work.day else None
    for site in work.sites:
        for word, number in ((_("due"), site.due), (_("overdue"), site.overdue)):
            yield _Row(_("Next working day"), day, word, number, site=str(named(site.site)))


def _exceptions(report: DailyReport) -> Iterator[_Row]:
    for line in report.exceptions:
        yield _exception(line, report.summary.zone)


def _exception(line: ExceptionLine, zone: ZoneInfo) -> _Row:
    return _Row(
        _("Exceptions"),
        line.name if line.year is None else f"{line.name} {fiscal_year(line.year)}",
        label(line.state),
        1,
        None,
        iso(line.since, zone),
        line.days,
        label(line.step) if line.step else None,
        line.cause,
        line.owner,
        line.site,
        line.bureau,
        line.division,
        line.in_charge or None,
        line.next_date.isoformat() if line.next_date else None,
        line.approver,
    )
