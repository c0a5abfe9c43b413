"""`rollout import training`"""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.bad_cells import print_faults, print_remarks, print_unread
from rollout.cli.importing_options import DryRun, Encoding, File, Sheet
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.training.importing import TrainingReport


def training(
    context: typer.Context,
    file: File,
    course: Annotated[
        str | None, typer.Option(help=_("the course, where the file does not name it"))
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", help=_("the day, where the file does not name it"))
    ] = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """The command `import training`."""
    from rollout.adapters.ledger.lists import open_list
    from rollout.application.training.importing import import_training

    given = invocation(context)
    application = given.application()
    settings, now = application.settings, application.clock.now()
    rows = open_list(
        file, "training", encoding=encoding, sheet=sheet, synonyms=settings.training.columns
    )
    with progress_bar(_("reading")) as bar:
        report = import_training(
            application.database,
            rows,
            operator=application.operator(given.actor),
            now=now,
            today=now.astimezone(settings.programme.zone).date(),
            course=course,
            taken_on=_day(day),
            dry_run=dry_run,
            progress=bar,
        )
    if as_json:
        print_json(report.as_json())
    else:
        _show(report)
        print_unread(rows.unused)


HELP = _("Import trainings (CSV or XLSX); the same file again changes nothing.")


def _day(text: str | None) -> date | None:
    from rollout.domain.dates import parse_date
    from rollout.domain.text import ValueRefused

    if text is None:
        return None
    try:
        return parse_date(text)
    except ValueRefused:
        raise typer.BadParameter(_("--date is a day such as 2022-11-30")) from None


def _show(report: "TrainingReport") -> None:
    say(
        _("{source}: {rows} {rows:row|rows}, {good} good, {bad} bad").format(
            source=report.source, rows=report.rows, good=report.good, bad=report.bad
        )
    )
    say(
        _("{created} new, {changed} changed, {unchanged} as before, {absent} not trained").format(
            created=report.created,
            changed=report.changed,
            unchanged=report.unchanged,
            absent=report.absent,
        )
    )
    print_faults(report.faults)
    print_remarks(report.remarks.values())
    if report.dry_run:
        say(_("dry run: nothing was written"))
