"""`rollout machine supersede`, `keep`, `erase`, `return`, `replaced` and `recheck`"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.options import Tag, Tags, asset_tag, day_option
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rollout.application.retirement.listing import Replaced


def supersede(
    context: typer.Context,
    tag: Tag,
    successor: Annotated[
        str,
        typer.Option(
            parser=asset_tag, metavar="TAG", help=_("asset tag of the PC that replaces it")
        ),
    ],
    reason: Reason = None,
) -> None:
    """The command `machine supersede`."""
    from rollout.application.retirement import decisions

    given = invocation(context)
    application = given.application()
    operator, at = application.operator(given.actor), application.clock.now()
    decisions.supersede(application.database, tag, successor, operator, at, reason or "")
    say(
        _("{tag}: replaced by {successor}; it is kept from the day on which that is in use").format(
            tag=tag, successor=successor
        )
    )


def keep(
    context: typer.Context,
    tag: Tag,
    until: Annotated[date, day_option("--until", _("last day on which it stays as it is"))],
    reason: Reason = None,
) -> None:
    """The command `machine keep`."""
    from rollout.application.retirement import decisions

    given = invocation(context)
    application = given.application()
    operator, at = application.operator(given.actor), application.clock.now()
    decisions.retain(application.database, tag, until, operator, at, reason or "")
    say(_("{tag}: kept until {day}").format(tag=tag, day=until))


def erase(
    context: typer.Context,
    tags: Tags,
    reason: Reason = None,
    approve: Annotated[
        bool, typer.Option("--approve", help=_("let it be erased; another operator than who asked"))
    ] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help=_("take back what was asked for or approved"))
    ] = False,
    seen: Annotated[
        bool, typer.Option("--seen", help=_("an approver has seen that it is empty"))
    ] = False,
) -> None:
    """The command `machine erase`."""
    from rollout.application.retirement import decisions

    if approve + withdraw + seen > 1:
        raise typer.BadParameter(_("only one of --approve, --withdraw and --seen"))
    given = invocation(context)
    application = given.application()
    database, settings = application.database, application.settings
    operator, at = application.operator(given.actor), application.clock.now()
    if approve:
        decisions.approve(database, settings, tags, operator, at)
        text = _("{tag}: may be erased; the daemon does it within its window")
    elif withdraw:
        decisions.withdraw(database, tags, operator, at, reason)
        text = _("{tag}: nothing is erased")
    elif seen:
        for tag in tags:
            decisions.attest(database, settings, tag, operator, at, reason or "")
        text = _("{tag}: erased; see `rollout machine show {tag}` for its certificate")
    else:
        decisions.ask(database, settings, tags, operator, at, reason or "")
        text = _("{tag}: waits for another operator: `rollout machine erase {tag} --approve`")
    for tag in tags:
        say(text.format(tag=tag))


def give_back(
    context: typer.Context,
    tag: Tag,
    on: Annotated[
        date | None, day_option("--date", _("day on which the lessor got it; today"))
    ] = None,
    reason: Reason = None,
) -> None:
    """The command `machine return`."""
    from rollout.application.choosing import today
    from rollout.application.retirement import decisions

    given = invocation(context)
    application = given.application()
    settings, at = application.settings, application.clock.now()
    day = on or today(settings, at)
    operator = application.operator(given.actor)
    decisions.give_back(application.database, settings, tag, day, operator, at, reason)
    say(_("{tag}: returned on {day}").format(tag=tag, day=day))


def replaced(
    context: typer.Context,
    overdue: Annotated[
        bool, typer.Option("--overdue", help=_("only those whose lease has ended"))
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help=_("also those that were returned"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The command `machine replaced`."""
    from rollout.application.choosing import today
    from rollout.application.exports.retirements import item
    from rollout.application.retirement.listing import listing

    application = invocation(context).application()
    zone = application.settings.programme.zone
    day = today(application.settings, application.clock.now())
    found = listing(application.database, overdue_on=day if overdue else None, gone=everything)
    if as_json:
        print_json([item(entry, zone, day) for entry in found])
        return
    if not found:
        say(_("no machine matches"))
        return
    print_table(
        [
            _("asset tag"),
            _("state"),
            _("replaced by"),
            _("kept until"),
            _("erasure"),
            _("lease ends"),
            _("returned on"),
        ],
        [_row(entry, day) for entry in found],
    )


def _row(entry: "Replaced", day: date) -> list[object]:
    from rollout.domain.machine import MachineState
    from rollout.i18n.labels import label

    machine, row = entry.machine, entry.retirement
    return [
        machine.asset_tag,
        label(MachineState(machine.state)),
        entry.successor,
        row.retain_until,
        erasure_words(entry),
        _lease(entry, day),
        row.returned_on,
    ]


def erasure_words(entry: "Replaced") -> str | None:
    """How far the erasure of a machine is, in one phrase."""
    row, certificate = entry.retirement, entry.certificate
    if certificate is not None:
        if certificate["confirmed"]:
            return _("confirmed by the machine")
        return _("seen by {who}").format(who=certificate["seen_by"])
    if entry.authorisation == "approved":
        return _("approved by {who}").format(who=row.approved_by)
    if entry.authorisation == "asked":
        return _("asked for by {who}").format(who=row.asked_by)
    return None


def _lease(entry: "Replaced", day: date) -> object:
    ends = entry.machine.lease_to
    return _("{day} overdue").format(day=ends) if entry.overdue(day) else ends


def print_retirement(entry: "Replaced", zone: "ZoneInfo", day: date) -> None:
    """The retirement of a machine with its certificate, below its other facts."""
    from rollout.application.exports.retirements import method_of

    row, proof = entry.retirement, entry.certificate
    lines: list[list[object]] = [
        [_("replaced by"), entry.successor],
        [_("kept until"), row.retain_until],
        [_("erasure"), erasure_words(entry)],
        [_("lease ends"), _lease(entry, day)],
        [_("returned on"), row.returned_on],
    ]
    print_table(["", ""], lines, title=_("replaced"))
    if proof is None:
        return
    disks = (proof.get("result") or proof.get("order") or {}).get("disks") or ()
    told = [
        [_("serial"), proof["serial"]],
        [_("method"), method_of(proof)],
        [_("disks"), "; ".join(_disk(disk) for disk in disks)],
        [_("asked by"), proof["asked_by"]],
        [_("approved by"), proof["approved_by"]],
        [_("reason"), proof["reason"]],
        [_("order"), proof["epoch"]],
        [_("ordered"), _moment(proof["ordered_at"], zone)],
        [_("completed"), _moment(proof["completed_at"], zone)],
        [_("confirmed by the machine"), _("yes") if proof["confirmed"] else _("no")],
        [_("result"), (proof.get("result") or {}).get("result")],
        [_("seen by"), proof.get("seen_by")],
        [_("what was seen"), proof.get("seen")],
    ]
    print_table(["", ""], [line for line in told if line[1]], title=_("certificate of erasure"))


def _disk(disk: object) -> str:
    if not isinstance(disk, dict):
        return str(disk)
    return " ".join(str(disk[key]) for key in ("model", "serial", "bytes") if disk.get(key))


def _moment(text: str | None, zone: "ZoneInfo") -> str | None:
    from datetime import datetime

    from rollout.cli.output import moment

    return moment(datetime.fromisoformat(text), zone) if text else None


def recheck(context: typer.Context, tags: Tags) -> None:
    """The command `machine recheck`."""
    from rollout.application import rechecks

    given = invocation(context)
    application = given.application()
    operator, at = application.operator(given.actor), application.clock.now()
    for tag in tags:
        controls = rechecks.again(application.database, tag, operator, at)
        say(
            _("{tag}: the daemon measures {controls} again").format(
                tag=tag, controls=", ".join(controls)
            )
        )


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "supersede": (supersede, _("A successor has replaced this machine.")),
    "keep": (keep, _("Set the last day on which a replaced machine stays as it is.")),
    "erase": (
        erase,
        _("Ask for the erasure of replaced machines, or approve it."),
    ),
    "return": (give_back, _("The lessor has an erased machine back.")),
    "replaced": (replaced, _("Replaced machines, their erasure and their return.")),
    "recheck": (recheck, _("Measure again now what is pending on a machine.")),
}
