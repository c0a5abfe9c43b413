"""`rollout import`"""

from typing import TYPE_CHECKING

import typer

from rollout.cli.bad_cells import SHOWN, print_faults, print_remarks, print_unread
from rollout.cli.importing_options import DryRun, Encoding, File, Sheet, Strict
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, progress_bar, say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.ledger.report import ImportReport

app = typer.Typer(name="import", help=_("Take in what other offices keep."), no_args_is_help=True)


@app.callback()
def group() -> None:
    """A group of its own, although it has one command yet."""


@app.command(help=_("Import the asset ledger (CSV or XLSX); a second import is an update."))
def ledger(
    context: typer.Context,
    file: File,
    dry_run: DryRun = False,
    strict: Strict = False,
    encoding: Encoding = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    from rollout.adapters.ledger.reader import open_ledger
    from rollout.application.ledger.importing import import_ledger
    from rollout.domain.identifiers import GENERATIONS

    given = invocation(context)
    application = given.application()
    settings = application.settings
    now = application.clock.now()
    source = open_ledger(file, encoding=encoding, sheet=sheet, synonyms=settings.ledger_columns)
    with progress_bar(_("reading")) as bar:
        labels = {"read": _("reading"), "write": _("writing")}
        report = import_ledger(
            application.database,
            source,
            operator=application.operator(given.actor),
            now=now,
            today=now.astimezone(settings.programme.zone).date(),
            valid_from=settings.programme.start,
            generations={*GENERATIONS, *settings.generations},
            dry_run=dry_run,
            strict=strict,
            progress=lambda phase, done, total: bar(done, total, labels[phase]),
        )
    if as_json:
        print_json(report.as_json())
    else:
        _print(report)
        print_unread(report.unused_columns)
    if strict and report.faults and not dry_run:
        raise RolloutError(
            _("{bad} {bad:row is|rows are} bad and --strict was given: nothing was written").format(
                bad=report.bad
            )
        )


def _print(report: "ImportReport") -> None:
    say(
        _("{source}: {rows} {rows:row|rows}, {good} good, {bad} bad").format(
            source=report.source, rows=report.rows, good=report.good, bad=report.bad
        )
    )
    print_table(
        ["", _("new"), _("changed"), _("unchanged")],
        [
            [name, tally.created, tally.updated, tally.unchanged]
            for name, tally in (
                (_("machines"), report.machines),
                (_("people"), report.people),
                (_("sites"), report.sites),
                (_("departments"), report.departments),
            )
        ],
    )
    print_faults(report.faults)
    print_remarks(report.remarks.values())
    _print_changes(report)
    if report.gone:
        tags = ", ".join(report.gone[:SHOWN])
        say(
            _(
                "{count} {count:machine is gone from this ledger; it was left as it is|machines "
                "are gone from this ledger; they were left as they are}: {tags}"
            ).format(count=len(report.gone), tags=tags)
        )
    if report.dry_run:
        say(_("dry run: nothing was written"))


def _print_changes(report: "ImportReport") -> None:
    rows = [
        [name, changes.count, change.key, change.before, change.after]
        for name, changes in sorted(report.changes.items())
        for change in changes.examples
    ]
    if rows:
        print_table(
            [_("field"), _("changes"), _("for example"), _("before"), _("after")],
            rows[:SHOWN],
            title=_("what changes"),
        )
