"""`rollout import people`"""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.bad_cells import SHOWN, print_faults, print_remarks, print_unread
from rollout.cli.importing_options import DryRun, Encoding, File, Sheet, Strict
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import day_option
from rollout.cli.output import print_json, print_table, progress_bar, say
from rollout.domain.errors import RolloutError
from rollout.domain.personal_device import DeviceState
from rollout.domain.takeout import TakeoutState
from rollout.i18n import _
from rollout.i18n.labels import label

if TYPE_CHECKING:
    from rollout.application.people.report import PeopleReport
    from rollout.application.transfers.relocations import Relocation

HELP = _("Import a list of people or of transfers (CSV or XLSX), with the days they hold from.")


def people(
    context: typer.Context,
    file: File,
    as_of: Annotated[
        date | None, day_option("--as-of", _("the day of rows without one of their own"))
    ] = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    end_missing: Annotated[
        int | None,
        typer.Option(
            "--end-missing", min=0, help=_("end whom the list lacks, at most so many people")
        ),
    ] = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    as_json: AsJson = False,
) -> None:
    """The command `import people`."""
    from rollout.adapters.ledger.lists import open_list
    from rollout.application.people.importing import Order, import_people

    given = invocation(context)
    application = given.application()
    rows = open_list(file, "people", encoding=encoding, sheet=sheet)
    with progress_bar(_("reading")) as bar:
        report = import_people(
            application.database,
            application.settings,
            rows,
            operator=application.operator(given.actor),
            now=application.clock.now(),
            order=Order(as_of, dry_run, strict, end_missing),
            progress=bar,
        )
    if as_json:
        print_json(report.as_json())
    else:
        _show(report)
        print_unread(rows.unused)
    if strict and report.faults and not dry_run:
        raise RolloutError(
            _("{bad} {bad:row is|rows are} bad and --strict was given: nothing was written").format(
                bad=report.bad
            )
        )


def _show(report: "PeopleReport") -> None:
    say(
        _("{source}: {rows} {rows:row|rows}, {good} good, {bad} bad").format(
            source=report.source, rows=report.rows, good=report.good, bad=report.bad
        )
    )
    say(
        _(
            "{created} {created:person|people} new, {changed} changed ({moved} to another "
            "department), {unchanged} as before, {leaving} {leaving:leaves|leave}"
        ).format(
            created=report.created,
            changed=report.changed,
            moved=report.moved,
            unchanged=report.unchanged,
            leaving=report.leaving,
        )
    )
    if report.mails_again:
        say(
            _(
                "{count} {count:mail|mails} that had not reached them {count:goes|go} again to "
                "the new address"
            ).format(count=report.mails_again)
        )
    if report.new_departments:
        names = ", ".join(report.new_departments[:SHOWN])
        say(_("new departments: {names}").format(names=names))
    if report.new_sites:
        say(_("new sites: {names}").format(names=", ".join(report.new_sites[:SHOWN])))
    if report.missing and not report.ended:
        say(
            _(
                "{count} {count:person is missing from this list and was left as before|people "
                "are missing from this list; they were left as they are}"
            ).format(count=len(report.missing))
        )
    print_faults(report.faults)
    print_remarks(report.remarks.values())
    _show_relocations(report)
    _show_effects(report)
    if report.dry_run:
        say(_("dry run: nothing was written"))


def _show_relocations(report: "PeopleReport") -> None:
    found = [one for one in report.relocations if one.from_department]
    if not found:
        return
    print_table(
        [_("staff number"), _("effective day"), _("department"), _("site"), _("groups")],
        [
            [
                one.staff_number,
                one.day,
                _change(one.from_department, one.to_department),
                _change(one.from_site, one.to_site),
                _groups(one),
            ]
            for one in found[:SHOWN]
        ],
        title=_("who goes where"),
    )
    if len(found) > SHOWN:
        say(_("and {count} more: see --json").format(count=len(found) - SHOWN))


def _change(before: str | None, after: str | None) -> str:
    if before == after:
        return before or ""
    return f"{before or '-'} → {after or '-'}"


def _groups(one: "Relocation") -> str:
    words = []
    if one.joins_group:
        words.append(_("joins {group}").format(group=one.joins_group))
    if one.leaves_group and one.leaves_after:
        words.append(
            _("leaves {group} after {day}").format(group=one.leaves_group, day=one.leaves_after)
        )
    elif one.leaves_group:
        words.append(_("leaves {group} with the account").format(group=one.leaves_group))
    return "; ".join(words)


def _show_effects(report: "PeopleReport") -> None:
    effects = report.effects
    kinds = (
        (_("stays, without a user"), effects.stay),
        (_("goes along"), effects.go),
        (_("follows its department"), effects.follow),
        (_("held"), effects.held),
        (_("under way: changed afterwards"), effects.under_way),
    )
    rows = [
        [kind, one.asset_tag, one.planned_day, one.why]
        for kind, found in kinds
        for one in found[:SHOWN]
    ]
    if rows:
        print_table(
            [_("PC"), _("asset tag"), _("planned day"), _("reason")],
            rows,
            title=_("what the transfers do to PCs"),
        )
    approvals = [
        *((_("take-out"), one, label(TakeoutState(one.state))) for one in effects.takeouts),
        *(
            (_("personal device: `rollout byod release`"), one, label(DeviceState(one.state)))
            for one in effects.devices
        ),
    ]
    if approvals:
        print_table(
            ["", _("staff number"), _("of"), _("state")],
            [[what, one.staff_number, one.key, state] for what, one, state in approvals[:SHOWN]],
            title=_("take-outs and personal devices of these people"),
        )
    for kind, found in kinds:
        if len(found) > SHOWN:
            say(f"{kind}: {len(found)}")
