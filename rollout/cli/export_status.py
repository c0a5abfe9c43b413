"""`rollout export status`"""

from typing import Annotated

import typer

from rollout.cli.export import Encoding, EncodingOption, Format, FormatOption, Out, say_written
from rollout.cli.invocation import invocation
from rollout.i18n import _

HELP = _("Where everything stands, on one page.")

AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help=_("as it was at this moment, as 2023-02-28T17:15+09:00")),
]


def status(
    context: typer.Context,
    out: Out,
    format_: FormatOption = Format.CSV,
    encoding: EncodingOption = Encoding.UTF8_BOM,
    as_of: AsOf = None,
) -> None:
    """The daily progress report."""
    from rollout.adapters import export_files
    from rollout.application.exports import status as export_status
    from rollout.application.exports.status import past

    application = invocation(context).application()
    database, settings, now = application.database, application.settings, application.clock.now()
    if as_of is None:
        report = export_status.daily(database, settings, now=now)
    else:
        report = export_status.daily_at(database, settings, past.moment(as_of, now=now))
    if format_ is Format.JSON:
        say_written(export_files.write_json(out, export_status.document(report)))
    else:
        table = export_status.table(report)
        say_written(export_files.write_csv(out, table, encoding=encoding))
