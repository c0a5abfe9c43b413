"""`rollout export`"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from rollout.cli.invocation import invocation
from rollout.cli.output import print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.adapters.export_files import Written

F = TypeVar("F", bound=StrEnum)

app = typer.Typer(name="export", help=_("Files for people and programs."), no_args_is_help=True)

SHOWN = 20
"""Replaced characters that are listed before the rest is only counted."""


_ENDINGS = ("csv", "xlsx", "json", "jsonl", "pdf", "xls")
"""Of all exports together, and the one that Excel once had."""


class Format(StrEnum):
    """The forms in which an export can be written."""

    CSV = "csv"
    JSON = "json"


class Encoding(StrEnum):
    """Of CSV files."""

    UTF8_BOM = "utf-8-bom"
    UTF8 = "utf-8"
    CP932 = "cp932"


def a_file(text: str) -> Path:
    """The path of a file. Raises BadParameter for what can only be a folder."""
    path = Path(text)
    if not path.name:
        raise typer.BadParameter(_("name a file"))
    return path


FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help=_("csv or json; by the file's ending by default")),
]
Out = Annotated[
    Path, typer.Option("--out", parser=a_file, metavar="FILE", help=_("the file to write"))
]
EncodingOption = Annotated[Encoding, typer.Option("--encoding", help=_("of a CSV file"))]


@app.command(help=_("Replaced machines with the certificates of their erasure."))
def retirements(
    context: typer.Context,
    out: Out,
    format_: FormatOption = None,
    encoding: EncodingOption = Encoding.UTF8_BOM,
) -> None:
    from rollout.adapters import export_files
    from rollout.application.choosing import today
    from rollout.application.exports import retirements as export_retirements
    from rollout.application.retirement.listing import listing

    form = form_of(out, format_, otherwise=Format.CSV)
    application = invocation(context).application()
    zone = application.settings.programme.zone
    day = today(application.settings, application.clock.now())
    found = listing(application.database, gone=True)
    if form is Format.JSON:
        say_written(export_files.write_json(out, export_retirements.document(found, zone, day)))
    else:
        table = export_retirements.table(found, zone, day)
        say_written(export_files.write_csv(out, table, encoding=encoding))


def form_of(out: Path, chosen: F | None, *, otherwise: F) -> F:
    """The form that was chosen, else that of the file's ending; `otherwise` where the ending is of
    no form at all. Raises BadParameter when it is of one that this export does not have."""
    if chosen is not None:
        return chosen
    forms, ending = type(otherwise), out.suffix.lower().removeprefix(".")
    if ending in set(forms):
        return forms(ending)
    if ending in _ENDINGS:
        raise typer.BadParameter(
            _("{path}: this is written as {forms} only; choose such an ending, or --format").format(
                path=out, forms=", ".join(forms)
            )
        )
    return otherwise


def say_written(written: "Written") -> None:
    """Where the file is, and which characters it could not hold."""
    say(_("{path}: written").format(path=written.path))
    if not written.replaced:
        return
    print_table(
        [_("row"), _("column"), _("character"), _("written as")],
        [
            [found.row, found.column, found.character, found.put]
            for found in written.replaced[:SHOWN]
        ],
        title=_("{count} {count:character|characters} that the encoding does not have").format(
            count=len(written.replaced)
        ),
    )
