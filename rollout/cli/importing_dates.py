"""`rollout import absences` and `rollout import constraints`"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from rollout.cli.bad_cells import print_faults, print_remarks, print_unread
from rollout.cli.importing_options import DryRun, Encoding, File, Sheet
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.own_dates.report import DatesReport


def absences(
    context: typer.Context,
    file: File,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """The command `import absences`."""
    from rollout.adapters.ledger.lists import open_list
    from rollout.application.own_dates.absences import import_absences

    given = invocation(context)
    application = given.application()
    rows = open_list(file, "absences", encoding=encoding, sheet=sheet)
    with progress_bar(_("reading")) as bar:
        report = import_absences(
            application.database,
            rows,
            operator=application.operator(given.actor),
            now=application.clock.now(),
            dry_run=dry_run,
            progress=bar,
        )
    _show(report, rows.unused, as_json)


def constraints(
    context: typer.Context,
    file: File,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """The command `import constraints`."""
    from rollout.adapters.ledger.lists import open_list
    from rollout.application.own_dates.constraints import import_constraints
    from rollout.application.planning.problem import calendar_of

    given = invocation(context)
    application = given.application()
    rows = open_list(file, "constraints", encoding=encoding, sheet=sheet)
    with progress_bar(_("reading")) as bar:
        report = import_constraints(
            application.database,
            rows,
            calendar_of(application.settings),
            operator=application.operator(given.actor),
            now=application.clock.now(),
            dry_run=dry_run,
            progress=bar,
        )
    _show(report, rows.unused, as_json)


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "absences": (
        absences,
        _("Import absences (CSV or XLSX): for everybody in the list, it is the whole truth."),
    ),
    "constraints": (
        constraints,
        _("Import agreed dates: pinned days, windows of days, training."),
    ),
}


def _show(report: "DatesReport", unread: "Sequence[str]", as_json: bool) -> None:
    if as_json:
        print_json(report.as_json())
        return
    say(
        _("{source}: {rows} {rows:row|rows}, {good} good, {bad} bad").format(
            source=report.source, rows=report.rows, good=report.good, bad=report.bad
        )
    )
    say(
        _("{changed} with new dates, {cleared} without any now, {unchanged} as before").format(
            changed=report.changed, cleared=report.cleared, unchanged=report.unchanged
        )
    )
    print_faults(report.faults)
    print_remarks(report.remarks.values())
    print_unread(unread)
    if report.dry_run:
        say(_("dry run: nothing was written"))
    elif report.changed or report.cleared:
        say(_("written; `rollout plan solve` shows what it changes"))
