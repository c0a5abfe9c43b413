"""`rollout export machines|evidence|audit`"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.export import Encoding, EncodingOption, Out, form_of
from rollout.cli.export_status import AsOf
from rollout.cli.invocation import invocation
from rollout.cli.machine_filter import (
    GenerationOption,
    NeedsAPerson,
    PurposeOption,
    SiteOption,
    StateOption,
    TextOption,
    WaveOption,
    wanted,
)
from rollout.cli.output import print_table, progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.adapters.reports.exporting import Exported
    from rollout.application.exports.extract import Extract

SHOWN = 20
"""Replaced characters and cut texts that are listed before the rest is only counted."""


class RowFormat(StrEnum):
    """The forms of rows."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    JSONL = "jsonl"


class EvidenceFormat(StrEnum):
    """The forms of evidence; PDF has what is lacking, and no row for every measurement."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    JSONL = "jsonl"
    PDF = "pdf"


RowFormatOption = Annotated[
    RowFormat | None,
    typer.Option(
        "--format",
        help=_("csv, xlsx, json or jsonl (an object per line); by the file's ending by default"),
    ),
]
EvidenceFormatOption = Annotated[
    EvidenceFormat | None,
    typer.Option(
        "--format",
        help=_(
            "csv, xlsx, pdf, json or jsonl (an object per line); by the file's ending by default"
        ),
    ),
]


def machines(
    context: typer.Context,
    out: Out,
    state: StateOption = None,
    site: SiteOption = None,
    generation: GenerationOption = None,
    wave: WaveOption = None,
    purpose: PurposeOption = None,
    text: TextOption = "",
    needs_a_person: NeedsAPerson = False,
    format_: RowFormatOption = None,
    encoding: EncodingOption = Encoding.UTF8_BOM,
    as_of: AsOf = None,
) -> None:
    """One row per machine."""
    from rollout.application.exports.machines import open_machines

    form = form_of(out, format_, otherwise=RowFormat.CSV)
    these = wanted(state, site, generation, wave, purpose, text, needs_a_person)
    _export(context, partial(open_machines, wanted=these), out, form, encoding, as_of)


def evidence(
    context: typer.Context,
    out: Out,
    state: StateOption = None,
    site: SiteOption = None,
    generation: GenerationOption = None,
    wave: WaveOption = None,
    purpose: PurposeOption = None,
    text: TextOption = "",
    needs_a_person: NeedsAPerson = False,
    format_: EvidenceFormatOption = None,
    encoding: EncodingOption = Encoding.UTF8_BOM,
    as_of: AsOf = None,
) -> None:
    """One row per machine and control."""
    from rollout.application.exports.evidence import open_evidence

    form = form_of(out, format_, otherwise=EvidenceFormat.XLSX)
    these = wanted(state, site, generation, wave, purpose, text, needs_a_person)
    _export(context, partial(open_evidence, wanted=these), out, form, encoding, as_of)


def audit(
    context: typer.Context,
    out: Out,
    format_: RowFormatOption = None,
    encoding: EncodingOption = Encoding.UTF8_BOM,
    as_of: AsOf = None,
) -> None:
    """One row per fact."""
    from rollout.application.exports.audit import open_audit

    form = form_of(out, format_, otherwise=RowFormat.JSONL)
    _export(context, open_audit, out, form, encoding, as_of)


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "machines": (machines, _("One row per machine, with everything that belongs to it.")),
    "evidence": (
        evidence,
        _("What was measured of each control on each machine, and what is missing."),
    ),
    "audit": (audit, _("The history with its hash chain.")),
}


def _export(
    context: typer.Context,
    opened: Callable[..., AbstractContextManager["Extract"]],
    out: Path,
    form: StrEnum,
    encoding: Encoding,
    as_of: str | None,
) -> None:
    """Write what `opened` reads at the moment that was asked for."""
    from rollout.adapters.reports.exporting import Form, write
    from rollout.application.exports.status.past import moment

    application = invocation(context).application()
    now = application.clock.now()
    then = None if as_of is None else moment(as_of, now=now)
    with (
        opened(application.database, application.settings, now=now, as_of=then) as extract,
        progress_bar(extract.title, extract.total) as bar,
    ):
        done = write(out, extract, Form(form.value), encoding=encoding, progress=bar)
    say_exported(done)


def say_exported(done: "Exported") -> None:
    """Where the file is, its digest, and what of its texts is not as in the database."""
    say(
        _("{path}: {rows} {rows:row|rows}, {digest}").format(
            path=done.path, rows=f"{done.stamp.rows:,}", digest=done.stamp.sha256
        )
    )
    if done.replacements:
        print_table(
            [_("row"), _("column"), _("character"), _("written as")],
            [[one.row, one.column, one.character, one.put] for one in done.replaced[:SHOWN]],
            title=_("{count} {count:character|characters} that the encoding does not have").format(
                count=done.replacements
            ),
        )
        say(_("every one of them is listed in {path}").format(path=done.listed))
    if done.cuts:
        say(
            _("{count} {count:text is|texts are} longer than a cell and were cut:").format(
                count=done.cuts
            )
        )
        for place in done.cut[:SHOWN]:
            say(f"  {place}")
