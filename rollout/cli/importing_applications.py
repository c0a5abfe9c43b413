"""`rollout import applications`"""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.application.applications.words import Form
from rollout.cli.bad_cells import SHOWN, print_faults, print_remarks, print_unread
from rollout.cli.importing_options import DryRun, Encoding, File, Sheet
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import day_option
from rollout.cli.output import print_json, progress_bar, say
from rollout.i18n import _
from rollout.i18n.labels import label

if TYPE_CHECKING:
    from rollout.application.applications.importing import ApplicationsReport

HELP = _("Import applications for private devices and for taking PCs out (CSV or XLSX).")


def applications(
    context: typer.Context,
    file: File,
    form: Annotated[
        Form | None, typer.Option(help=_("the form, where the file does not name it"))
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(help=_("version of the rules that was consented to, where it is not named")),
    ] = None,
    consented: Annotated[
        date | None, day_option("--consented", _("day of consent, where it is not named"))
    ] = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """The command `import applications`."""
    from rollout.adapters.ledger.lists import open_list
    from rollout.application.applications.importing import import_applications
    from rollout.application.applications.reading import Given

    given = invocation(context)
    application = given.application()
    rows = open_list(
        file,
        "applications",
        encoding=encoding,
        sheet=sheet,
        synonyms=application.settings.byod.columns,
    )
    with progress_bar(_("reading")) as bar:
        report = import_applications(
            application.database,
            application.settings,
            rows,
            operator=application.operator(given.actor),
            now=application.clock.now(),
            given=Given(form, rules, consented),
            dry_run=dry_run,
            progress=bar,
        )
    if as_json:
        print_json(report.as_json())
    else:
        _show(report)
        print_unread(rows.unused)


def _show(report: "ApplicationsReport") -> None:
    say(
        _("{source}: {rows} {rows:row|rows}, {good} good, {bad} bad").format(
            source=report.source, rows=report.rows, good=report.good, bad=report.bad
        )
    )
    for form, numbers in report.created.items():
        say(
            _("{form}: {count} new {count:application|applications}").format(
                form=label(form), count=len(numbers)
            )
        )
    say(
        _("{changed} changed, {unchanged} as before").format(
            changed=report.changed, unchanged=report.unchanged
        )
    )
    print_faults(report.faults)
    print_remarks(report.remarks.values())
    for lack in report.lacks[:SHOWN]:
        say(
            _("row {row}, {number}: still missing: {what}").format(
                row=lack.row, number=lack.staff_number, what="; ".join(lack.what)
            )
        )
    if len(report.lacks) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(report.lacks) - SHOWN))
    for one in report.ignored[:SHOWN]:
        say(
            _(
                "row {row}: application {number} is there already and stays as it is; {columns} "
                "say otherwise: {remedy}"
            ).format(
                row=one.row,
                number=one.number,
                columns=", ".join(report.columns.get(name, name) for name in one.columns),
                remedy=one.remedy,
            )
        )
    if len(report.ignored) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(report.ignored) - SHOWN))
    if report.dry_run:
        say(_("dry run: nothing was written"))
