"""`rollout export status`"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.export import Encoding, EncodingOption, Out, form_of, say_written
from rollout.cli.invocation import invocation
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.exports.status import DailyReport

HELP = _("The daily progress report: where everything stands, and what comes next.")


class StatusFormat(StrEnum):
    """The forms of the report: two to read, one for sheets of others, one for programs."""

    XLSX = "xlsx"
    PDF = "pdf"
    CSV = "csv"
    JSON = "json"


FormatOption = Annotated[
    StatusFormat | None,
    typer.Option("--format", help=_("xlsx, pdf, csv or json; by the file's ending by default")),
]

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help=_("as it was at this moment, as 2023-02-28T17:15+09:00")),
]


def status(
    context: typer.Context,
    out: Out,
    format_: FormatOption = None,
    encoding: EncodingOption = Encoding.UTF8_BOM,
    as_of: AsOf = None,
) -> None:
    """The daily progress report."""
    from rollout.application.exports.status import past

    form = form_of(out, format_, otherwise=StatusFormat.CSV)
    application = invocation(context).application()
    moment = None if as_of is None else past.moment(as_of, now=application.clock.now())
    report = application.daily_report(moment)
    _write(report, out, form, encoding)


def _write(report: "DailyReport", out: Path, format_: StatusFormat, encoding: Encoding) -> None:
    from rollout.adapters.reports.exporting import Form, write_status_as

    say_written(write_status_as(out, report, Form(format_.value), encoding=encoding))
