"""`rollout accounts mailboxes` and `approve-mailbox`, and `rollout import mailbox-batches`"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.bad_cells import SHOWN, print_faults, print_remarks
from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.options import OnlyPerson, StaffNumber, day_option
from rollout.cli.output import print_json, print_table, progress_bar, say
from rollout.domain.mailbox_batch import BatchStatus, Grade
from rollout.i18n import _
from rollout.i18n.labels import label

if TYPE_CHECKING:
    from rollout.application.mailboxes.listing import BatchView, MailboxView
    from rollout.application.mailboxes.reading import MailboxReport

IMPORT_HELP = _("Import a report of Exchange's migration batches (CSV or XLSX).")


def import_batches(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    batch: Annotated[
        str | None, typer.Option("--batch", help=_("the batch, where the file does not name it"))
    ] = None,
    batch_status: Annotated[
        BatchStatus | None,
        typer.Option("--batch-status", help=_("its status, where the file does not name it")),
    ] = None,
    as_of: Annotated[
        date | None, day_option("--as-of", _("the day of the report; now by default"))
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("the same report, but nothing is written"))
    ] = False,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help=_("of a CSV file; detected by default"))
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help=_("of a workbook; found by its header"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The command `import mailbox-batches`."""
    from rollout.adapters.ledger.lists import open_list
    from rollout.application.mailboxes.importing import Order, import_mailboxes

    given = invocation(context)
    application = given.application()
    now, zone = application.clock.now(), application.settings.programme.zone
    rows = open_list(file, "mailbox_batches", encoding=encoding, sheet=sheet)
    with progress_bar(_("reading")) as bar:
        report = import_mailboxes(
            application.database,
            application.settings,
            rows,
            operator=application.operator(given.actor),
            now=now,
            order=Order(batch, batch_status, _end_of(as_of, now, zone), dry_run),
            progress=bar,
        )
    if as_json:
        print_json(report.as_json())
    else:
        _show_report(report)


def _end_of(day: date | None, now: datetime, zone: Any) -> datetime | None:
    """The last moment of a past day; today's report is of now, a later one of its midnight."""
    if day is None or day == now.astimezone(zone).date():
        return None
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return end - timedelta(seconds=1)


def _show_report(report: "MailboxReport") -> None:
    say(
        _("{source}: {rows} {rows:row|rows}, {good} good, {bad} bad").format(
            source=report.source, rows=report.rows, good=report.good, bad=report.bad
        )
    )
    say(
        _(
            "{created} {created:mailbox|mailboxes} new, {changed} changed, {unchanged} as before"
        ).format(created=report.created, changed=report.changed, unchanged=report.unchanged)
    )
    if report.batches:
        print_table(
            [_("batch"), _("status")],
            [[name, label(BatchStatus(status))] for name, status in report.batches.items()],
        )
    counted = [
        f"{label(grade)} {report.grades[grade.value]}"
        for grade in Grade
        if grade.value in report.grades
    ]
    if counted:
        say(_("data consistency: {grades}").format(grades=", ".join(counted)))
    print_faults(report.faults)
    print_remarks(report.remarks.values())
    if report.dry_run:
        say(_("dry run: nothing was written"))


def mailboxes(
    context: typer.Context,
    person: OnlyPerson = None,
    batch: Annotated[str | None, typer.Option(help=_("only this batch"))] = None,
    everyone: Annotated[
        bool, typer.Option("--all", help=_("also mailboxes that nothing keeps back"))
    ] = False,
    alarms: Annotated[
        bool, typer.Option("--alarms", help=_("only batches with an alarm; ends with 1 if any"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The command `accounts mailboxes`."""
    from rollout.application.mailboxes import listing

    application = invocation(context).application()
    database, at = application.database, application.clock.now()
    found = [
        one
        for one in listing.batches(database, application.settings, at)
        if (one.alarm is not None or not alarms) and batch in (None, one.name)
    ]
    shown = [] if alarms else listing.mailboxes(
        database, staff_number=person, batch=batch, hindered_only=not (everyone or person)
    )  # fmt: skip
    if as_json:
        print_json(
            {"batches": [_batch(one) for one in found], "mailboxes": [_box(one) for one in shown]}
        )
    else:
        print_batches(found)
        _print_mailboxes(shown)
        if not found:
            say(_("no batch has an alarm") if alarms else _("no report of batches was imported"))
    if alarms and found:
        raise typer.Exit(1)


def approve_mailbox(
    context: typer.Context,
    person: StaffNumber,
    reason: Reason = None,
) -> None:
    """The command `accounts approve-mailbox`."""
    from rollout.application.mailboxes.approving import approve

    given = invocation(context)
    application = given.application()
    approve(
        application.database,
        person,
        application.operator(given.actor),
        application.clock.now(),
        reason,
    )
    say(_("{person}: the grade is approved, as long as it stays so").format(person=person))


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "mailboxes": (mailboxes, _("Batches of mailbox moves, and mailboxes that are kept back.")),
    "approve-mailbox": (
        approve_mailbox,
        _("Take a mailbox with the grade Investigate over as it is."),
    ),
}


def print_batches(found: "list[BatchView]") -> None:
    """Batches with the day on which Exchange stops them."""
    if not found:
        return
    print_table(
        [
            _("batch"),
            _("status"),
            _("mailboxes"),
            _("not in the cloud"),
            _("failed"),
            _("stopped on"),
            _("alarm"),
        ],
        [
            [
                one.name,
                label(one.status),
                one.mailboxes,
                one.unfinished,
                one.failed,
                _stop(one),
                label(one.alarm) if one.alarm else "",
            ]
            for one in found
        ],
        title=_("batches of mailbox moves"),
    )


def _stop(one: "BatchView") -> str:
    if one.stop is None:
        return ""
    day = one.stop.day.isoformat()
    return day if one.stop.certain else _("{day} at the latest").format(day=day)


def _print_mailboxes(found: "Sequence[MailboxView]") -> None:
    from rollout.application.mailboxes.holding import cause_of

    if not found:
        return
    print_table(
        [
            _("staff number"),
            _("name"),
            _("batch"),
            _("status"),
            _("grade"),
            _("skipped"),
            _("cause"),
        ],
        [
            [
                one.staff_number,
                one.name,
                one.batch,
                label(one.status),
                label(one.grade) if one.grade else "-",
                one.move.items_skipped if one.move.items_skipped is not None else "-",
                cause_of(one.hindrance) if one.hindrance else _approved(one),
            ]
            for one in found[:SHOWN]
        ],
        title=_("moved mailboxes"),
    )
    if len(found) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(found) - SHOWN))


def _approved(one: "MailboxView") -> str:
    if one.move.approved_by is None:
        return ""
    return _("approved by {name}: {why}").format(
        name=one.move.approved_by, why=one.move.approved_why
    )


def batches_json(found: "list[BatchView]") -> dict[str, Any]:
    """Batches with an alarm, under a key of their own."""
    return {"batch_alarms": [_batch(one) for one in found]}


def _batch(one: "BatchView") -> dict[str, Any]:
    return {
        "batch": one.name,
        "status": one.status,
        "mailboxes": one.mailboxes,
        "unfinished": one.unfinished,
        "failed": one.failed,
        "touched_at": one.touched_at,
        "reported_at": one.reported_at,
        "stops_on": one.stop.day if one.stop else None,
        "stop_date_certain": one.stop.certain if one.stop else None,
        "alarm": one.alarm,
    }


def _box(one: "MailboxView") -> dict[str, Any]:
    return {
        "staff_number": one.staff_number,
        "batch": one.batch,
        "status": one.status,
        "grade": one.grade,
        "kept_back_by": one.hindrance,
        "synced_at": one.move.synced_at,
        "items_synced": one.move.items_synced,
        "items_skipped": one.move.items_skipped,
        "error": one.move.error,
        "reported_at": one.move.reported_at,
        "approved_by": one.move.approved_by,
        "approved_at": one.move.approved_at,
        "reason": one.move.approved_why or None,
    }
