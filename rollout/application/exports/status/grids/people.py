"""People's side, and what was promised besides machines."""

from collections.abc import Iterator, Sequence

from rollout.application.board.view import IndicatorLine, MilestoneLine
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
from rollout.application.exports.status.grids.head import moment_text
from rollout.application.exports.status.people import COUNTED, PeopleFigure, Share
from rollout.application.exports.status.table import change_or_word
from rollout.application.exports.status.years import fiscal_year
from rollout.domain.programme_board import IndicatorStanding, MilestoneState
from rollout.i18n import _
from rollout.i18n.labels import label

_MOST, _HALF = 0.9, 0.5


def shares(report: DailyReport) -> Grid:
    """Accounts, sign-in, training and readiness of everybody in service."""
    columns = (
        Column(_("Of people in service"), 24),
        Column(_("Number"), 10),
        Column(_("Change"), 13),
        Column(_("Of"), 9),
        Column(_("Share"), 10),
        Column(_("How it stands"), 19),
        Column(_("Blocked"), 10),
    )
    rows = [_share(share, report) for share in report.people.shares]
    note = " ".join(_counted(report))
    return Grid(_("Accounts, training and readiness"), columns, rows, note=note)


def _counted(report: DailyReport) -> Iterator[str]:
    """When that was counted of which no history tells, where it was not at the report's moment."""
    at = report.people.counted_at
    if at is not None and at != report.summary.as_of:
        yield _("Sign-in, training and readiness were counted on {moment}.").format(
            moment=moment_text(at, report)
        )
    before = report.people_before
    if at is None or before is None:
        return
    if before.counted_at is None:
        yield _("They were not counted on the working day before: how they changed is not known.")
    else:
        yield _("Their changes are those since {moment}, when they were counted.").format(
            moment=moment_text(before.counted_at, report)
        )


def _share(share: Share, report: DailyReport) -> Sequence[Cell]:
    rate = share.rate
    if rate is None:
        word = Word(_missing(share, report), Tone.GREY)
    elif rate >= 1:
        word = Word(_("complete"), Tone.GREEN)
    elif rate >= _MOST:
        word = Word(_("nearly complete"), Tone.GREEN)
    elif rate >= _HALF:
        word = Word(_("under way"), Tone.AMBER)
    else:
        word = Word(_("early"), Tone.GREY)
    blocked = share.blocked or None
    figure = Rate(rate) if rate is not None else None
    change = None if share.number is None else _change(report.people_change(share))
    return label(share.figure), share.number, change, share.of, figure, word, blocked


def _missing(share: Share, report: DailyReport) -> str:
    """Why a figure is not there."""
    if share.figure in COUNTED and report.people.counted_at is None:
        return _("not known of this moment")
    if share.figure is PeopleFigure.MFA_REGISTERED:
        return _("not read yet")
    return _("not asked for")


def _change(value: int | None) -> Cell:
    return change_or_word(None) if value is None else Change(value)


def devices(report: DailyReport) -> Grid:
    """Personal devices by how far they are."""
    rows: list[Sequence[Cell]] = [
        (label(word), number, _change(report.devices_change(word)))
        for word, number in report.people.devices.items()
    ]
    rows.append((_("Total"), sum(report.people.devices.values()), None))
    columns = (Column(_("State"), 20), Column(_("Devices"), 10), Column(_("Change"), 10))
    return Grid(_("Personal devices"), columns, rows, total=True)


def obstacles(report: DailyReport) -> Grid:
    """What keeps people from being ready."""
    rows: list[Sequence[Cell]] = [
        (label(effect.part), effect.people, effect.alone) for effect in report.people.obstacles
    ]
    columns = (
        Column(_("Missing"), 20),
        Column(_("People"), 10),
        Column(_("Nothing else is missing"), 18),
    )
    unknown = bool(report.summary.not_known)
    empty = _("not known of this moment") if unknown else _("nothing is missing")
    return Grid(_("What is missing to people"), columns, rows, empty=empty)


def milestones(report: DailyReport) -> Grid:
    """Promises by their day."""
    columns = (
        Column(_("Milestone"), 34),
        Column(_("Due"), 18),
        Column(_("State"), 12),
        Column(_("On time?"), 12),
        Column(_("Late by days"), 8),
        Column(_("Responsible"), 24),
        Column(_("Reason"), 30),
    )
    rows = [_milestone(line) for line in report.board.milestones]
    return Grid(_("Milestones"), columns, rows, empty=_("none is configured"))


def _milestone(line: MilestoneLine) -> Sequence[Cell]:
    if line.state is MilestoneState.DROPPED:
        word = Word(label(line.state), Tone.GREY)
    elif line.late:
        word = Word(_("late"), Tone.RED)
    else:
        word = Word(_("on time"), Tone.GREEN)
    days = line.days_late or None
    return line.name, line.due, label(line.state), word, days, line.owner, line.cause


_TONES = {
    IndicatorStanding.AWAITED: Tone.GREY,
    IndicatorStanding.MET: Tone.GREEN,
    IndicatorStanding.BEHIND: Tone.RED,
    IndicatorStanding.UNMEASURED: Tone.AMBER,
}


def indicators(report: DailyReport) -> Grid:
    """Figures by fiscal year."""
    columns = (
        Column(_("Indicator"), 34),
        Column(_("Fiscal year"), 14),
        Column(_("Target"), 10),
        Column(_("Actual"), 10),
        Column(_("Unit"), 8),
        Column(_("Of the target"), 10),
        Column(_("How it stands"), 12),
        Column(_("Responsible"), 24),
    )
    rows = [_indicator(line) for line in report.board.indicators]
    return Grid(_("Indicators"), columns, rows, empty=_("none is configured"))


def _indicator(line: IndicatorLine) -> Sequence[Cell]:
    return (
        line.name,
        fiscal_year(line.year),
        line.target,
        line.actual,
        line.unit,
        Rate(line.share) if line.share is not None else None,
        Word(label(line.standing), _TONES[line.standing]),
        line.owner,
    )
