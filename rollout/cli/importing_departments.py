"""`rollout import departments`"""

from datetime import date
from typing import Annotated

import typer

from rollout.cli.bad_cells import print_faults, print_unread
from rollout.cli.importing_options import DryRun, Encoding, File, Sheet
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import day_option
from rollout.cli.output import print_json, print_table, say
from rollout.domain.departments import DepartmentChangeKind
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.labels import label

HELP = _("Import departments that are renamed, merged, split or closed (CSV or XLSX).")


def departments(
    context: typer.Context,
    file: File,
    as_of: Annotated[
        date | None, day_option("--as-of", _("the day of rows without one of their own"))
    ] = None,
    dry_run: DryRun = False,
    encoding: Encoding = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """The command `import departments`."""
    from rollout.adapters.ledger.lists import open_list
    from rollout.application.transfers.reorganising import import_departments

    given = invocation(context)
    application = given.application()
    rows = open_list(file, "departments", encoding=encoding, sheet=sheet)
    report = import_departments(
        application.database,
        application.settings,
        rows,
        operator=application.operator(given.actor),
        now=application.clock.now(),
        as_of=as_of,
        dry_run=dry_run,
    )
    if as_json:
        print_json(report.as_json())
    else:
        print_table(
            [_("change"), _("from"), _("to")],
            [[label(DepartmentChangeKind(kind)), old, new] for kind, old, new in report.pairs],
        )
        say(_("{count} {count:person goes|people go} along").format(count=report.people))
        print_faults(report.faults)
        print_unread(rows.unused)
        if report.dry_run:
            say(_("dry run: nothing was written"))
    if report.faults and not dry_run:
        raise RolloutError(
            _("{bad} {bad:row is|rows are} bad: nothing was written").format(
                bad=report.rows - report.good
            )
        )
