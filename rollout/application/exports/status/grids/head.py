"""What stands above and below every sheet and page."""

from collections.abc import Iterator
from datetime import date, datetime

from rollout.application.exports.status.daily import DailyReport
from rollout.domain.dates import format_era
from rollout.i18n import _, language
from rollout.i18n.labels import label


def title() -> str:
    """Of the report."""
    return _("Daily progress report")


def day_text(day: date) -> str:
    """A day for a reader: with its era in Japanese."""
    if language() == "ja":
        return format_era(day)
    return f"{day.day} {day:%b %Y}"


def as_of(report: DailyReport) -> str:
    """Of which moment the report is."""
    return _("as of {moment}").format(moment=moment_text(report.summary.as_of, report))


def moment_text(moment: datetime, report: DailyReport) -> str:
    """A moment in the programme's zone."""
    local = moment.astimezone(report.summary.zone)
    return f"{day_text(local.date())} {local:%H:%M}"


def notes(report: DailyReport) -> Iterator[str]:
    """What a reader has to know to read the figures."""
    if report.before is not None:
        yield _(
            "Changes are those since {moment}, the same time on the working day before."
        ).format(moment=moment_text(report.before.as_of, report))
    if report.summary.not_known:
        yield _("Not known of this moment: {what}").format(
            what="、".join(label(word) for word in report.summary.not_known)
            if language() == "ja"
            else ", ".join(label(word) for word in report.summary.not_known)
        )
