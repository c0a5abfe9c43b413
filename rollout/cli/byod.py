"""`rollout byod`"""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.options import StaffNumber, day_option
from rollout.cli.output import print_json, say
from rollout.domain.errors import RolloutError
from rollout.domain.personal_device import ApplicationKind, Platform
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.byod.outcomes import Tally
    from rollout.application.byod.syncing import Synced
    from rollout.bootstrap import Application

app = typer.Typer(
    name="byod", help=_("Personal devices and their applications."), no_args_is_help=True
)
_AT_ONCE = 1000
"""Invitations that one command sends; the daemon sends the rest."""
Number = Annotated[int, typer.Argument(metavar="NUMBER")]
Numbers = Annotated[list[int] | None, typer.Argument(metavar="[NUMBER]...")]
Head = Annotated[str | None, typer.Option(help=_("the head of office who agreed"))]


@app.command(help=_("Take in one application."))
def apply(
    context: typer.Context,
    staff_number: StaffNumber,
    platform: Annotated[Platform, typer.Option(help=_("what the device runs"))],
    model: Annotated[str, typer.Option(help=_("make and model"))],
    purpose: Annotated[str, typer.Option(help=_("what it is used for"))],
    consented: Annotated[str, typer.Option(help=_("day of the consent to the rules"))],
    rules: Annotated[str, typer.Option(help=_("version of the rules that was consented to"))],
    kind: Annotated[
        ApplicationKind, typer.Option(help=_("the first device, or one more"))
    ] = ApplicationKind.NEW,
    head_of_office: Head = None,
) -> None:
    from rollout.application.byod.applying import DeviceApplication
    from rollout.application.byod.applying import apply as take_in
    from rollout.domain.dates import parse_date
    from rollout.domain.text import ValueRefused

    given = invocation(context)
    application = given.application()
    try:
        day = parse_date(consented)
    except ValueRefused:
        raise typer.BadParameter(_("--consented is a day such as 2022-11-30")) from None
    form = DeviceApplication(
        staff_number, platform, model, purpose, kind, rules.strip(), day, head_of_office
    )
    received = take_in(
        application.database,
        application.settings,
        form,
        application.operator(given.actor),
        application.clock.now(),
    )
    say(_("application {number} was taken in").format(number=received.number))
    _say_lacks(received.lacks)


@app.command(help=_("Let a device be used; not by whoever applied."))
def approve(
    context: typer.Context, number: Number, reason: Reason = None, head_of_office: Head = None
) -> None:
    _say_lacks(_decide(context, number, reason, approve=True, head=head_of_office))
    say(_("application {number} is approved").format(number=number))


@app.command(help=_("Refuse a device; needs a reason."))
def reject(context: typer.Context, number: Number, reason: Reason = None) -> None:
    _decide(context, number, reason, approve=False)
    say(_("application {number} is rejected").format(number=number))


def _decide(
    context: typer.Context,
    number: int,
    reason: str | None,
    *,
    approve: bool,
    head: str | None = None,
) -> tuple[str, ...]:
    from rollout.application.byod.applying import decide

    given = invocation(context)
    application = given.application()
    return decide(
        application.database,
        application.settings,
        number,
        application.operator(given.actor),
        application.clock.now(),
        approve=approve,
        reason=reason,
        head_of_office=head,
    )


def _say_lacks(lacks: tuple[str, ...]) -> None:
    for text in lacks:
        say(_("still missing: {what}").format(what=text))


@app.command(help=_("Take owners of approved devices into the group, and send them the steps."))
def invite(
    context: typer.Context,
    numbers: Numbers = None,
    everybody: Annotated[
        bool, typer.Option("--all", help=_("every application that is approved"))
    ] = False,
) -> None:
    from rollout.application.byod.inviting import ask

    if bool(numbers) == everybody:
        raise typer.BadParameter(_("name applications by their numbers, or give --all"))
    given = invocation(context)
    application = given.application()
    application.mail_writer.check()
    asked = ask(
        application.database,
        application.settings,
        None if everybody else numbers,
        application.operator(given.actor),
        application.clock.now(),
    )
    for number, why in asked.refused:
        say(_("{number} is not invited: {why}").format(number=number, why=why))
    if asked.asked or asked.before:
        _invite_now(application)
    if asked.refused:
        raise RolloutError(
            _("{count} {count:was|were} not invited: see the reasons above").format(
                count=len(asked.refused)
            )
        )


def _invite_now(application: "Application") -> None:
    """Into the group, the mail by the outbox, and what came of both."""
    from rollout.application.notices.sending import Outbox, Pace
    from rollout.domain.notice import NoticeKind

    with application.directory_closed():
        _say_tally(application.devices_work.carry_out())
        outbox = Outbox(
            application.database,
            application.settings,
            application.mailer,
            application.mail_writer,
            application.clock,
        )
        sent = outbox.round([NoticeKind.BYOD_INVITATION], _AT_ONCE, Pace())
        _say_tally(application.devices_work.carry_out())
    if sent.waiting:
        say(_("the mailbox takes no more for now: {why}").format(why=sent.waiting))


@app.command(help=_("Read what is registered, and bring it to the applications."))
def sync(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.settings import OperatorRole

    given = invocation(context)
    application = given.application()
    application.operator(given.actor).must_be(OperatorRole.OPERATOR)
    _must_have_a_directory(application)
    with application.directory_closed():
        application.devices_work.carry_out()
        done = application.devices_work.sync()
        # What the reading showed may be the reason for an order.
        application.devices_work.carry_out()
    if as_json:
        print_json(_synced(done))
        return
    say(
        _(
            "{devices} private {devices:device is|devices are} registered: {matched} "
            "{matched:belongs to an application|belong to applications}, {stray} to none"
        ).format(devices=done.devices, matched=done.matched, stray=done.stray)
    )
    say(
        _("newly registered {enrolled}, gone {missing}, released {released}").format(
            enrolled=done.enrolled, missing=done.missing, released=done.released
        )
    )
    for number in done.company:
        say(
            _(
                "ALARM: the service takes the private device {number} to be the organisation's; "
                "make it personal in Intune before anybody wipes it"
            ).format(number=number)
        )


@app.command(help=_("A device is lost: end sign-ins, and take the apps' data away."))
def lost(
    context: typer.Context,
    number: Number,
    on: Annotated[date | None, day_option("--date", _("the day; today"))] = None,
    reason: Reason = None,
) -> None:
    from rollout.application.byod.leaving import lose

    given = invocation(context)
    application = given.application()
    lose(
        application.database,
        application.settings,
        number,
        application.operator(given.actor),
        application.clock.now(),
        lost_on=on,
        reason=reason,
    )
    say(_("{number} is lost: sign-ins end and the apps' data go").format(number=number))
    _order_now(application)


@app.command(help=_("End the use of a device, or take an application back."))
def release(context: typer.Context, number: Number, reason: Reason = None) -> None:
    from rollout.application.byod.leaving import release as end

    given = invocation(context)
    application = given.application()
    done = end(
        application.database,
        number,
        application.operator(given.actor),
        application.clock.now(),
        reason=reason,
    )
    if done.nothing_on_it:
        say(_("application {number} is taken back").format(number=number))
    elif done.apps:
        say(_("{number}: the apps' data go when the app is opened next").format(number=number))
    else:
        say(
            _(
                "{number}: no protected app of it is known; it is released when its owner has "
                "removed the work account from it"
            ).format(number=number)
        )
    _order_now(application)


def _order_now(application: "Application") -> None:
    """What is written down is done at once where that is possible; the daemon goes on with it."""
    from rollout.application.accounts.directory import DirectoryAway

    if not application.settings.accounts.in_use:
        return
    try:
        _say_tally(_carried_out(application))
    except DirectoryAway as away:
        say(_("not ordered yet, the daemon tries again: {why}").format(why=away))


def _carried_out(application: "Application") -> "Tally":
    with application.directory_closed():
        return application.devices_work.carry_out()


def _must_have_a_directory(application: "Application") -> None:
    if not application.settings.accounts.in_use:
        raise RolloutError(_("nothing can be read: name the directory under [accounts.tenant]"))


def _say_tally(done: "Tally") -> None:
    for count, text in (
        (done.joined, _("{count} joined the group")),
        (done.written, _("{count} {count:invitation is|invitations are} in the outbox")),
        (done.invited, _("{count} {count:was|were} invited")),
        (done.ordered, _("{count} {count:order was|orders were} taken")),
        (done.left, _("{count} left the group")),
        (done.troubled, _("{count} {count:was|were} not taken: see `rollout byod list --alarms`")),
    ):
        if count:
            say(text.format(count=count))


def _synced(done: "Synced") -> dict[str, object]:
    return {
        "devices": done.devices,
        "matched": done.matched,
        "stray": done.stray,
        "enrolled": done.enrolled,
        "missing": done.missing,
        "released": done.released,
        "company": list(done.company),
    }
