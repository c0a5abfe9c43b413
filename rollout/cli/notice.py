"""`rollout notice`"""

import time
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import moment, print_json, print_table, say
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.i18n import _
from rollout.i18n.labels import label

if TYPE_CHECKING:
    from rollout.application.notices.sending import Outbox
    from rollout.bootstrap import Application
    from rollout.store.notices import Letter

app = typer.Typer(name="notice", help=_("Notices: mails to people."), no_args_is_help=True)

_SHOWN = 50
Kinds = Annotated[list[NoticeKind] | None, typer.Option("--kind", help=_("only this kind"))]


@app.command(help=_("Put what is called for now into the outbox, and show what would go."))
def plan(context: typer.Context, kind: Kinds = None, as_json: AsJson = False) -> None:
    from rollout.application.notices.planning import fill_outbox, kept_back
    from rollout.settings import OperatorRole

    call = invocation(context)
    application = call.application()
    application.operator(call.actor).must_be(OperatorRole.OPERATOR)
    application.mail_writer.check()
    now = application.clock.now()
    fill_outbox(application.database, application.settings, now)
    _show(application, [NoticeState.PLANNED, NoticeState.FAILED], kind, as_json)
    if as_json:
        return
    for wave, count in kept_back(application.database, application.settings, now).items():
        say(
            _(
                "wave {wave} is not approved: the owners of {count} {count:PC|PCs}, of whose day "
                "it is time to tell, are told once it is"
            ).format(wave=wave, count=count)
        )


@app.command("list", help=_("The outbox; refused and returned mails with `--state failed`."))
def list_(
    context: typer.Context,
    state: Annotated[
        NoticeState | None, typer.Option("--state", help=_("only in this state"))
    ] = None,
    kind: Kinds = None,
    needs_a_person: Annotated[
        bool,
        typer.Option(
            "--needs-a-person", help=_("only what was refused or came back, and goes no more")
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    states = [state] if state is not None else list(NoticeState)
    _show(
        invocation(context).application(),
        [NoticeState.FAILED] if needs_a_person else states,
        kind,
        as_json,
        stuck=needs_a_person,
    )


@app.command(help=_("Send what is in the outbox, each mail once."))
def send(
    context: typer.Context,
    send_to: Annotated[
        str | None,
        typer.Option(
            "--send-to",
            help=_("rehearse: all to this address (`me`: your own), nothing is recorded"),
        ),
    ] = None,
    kind: Kinds = None,
    limit: Annotated[int, typer.Option(min=1, help=_("at most so many"))] = 1000,
) -> None:
    from rollout.application.notices.sending import Outbox, Pace
    from rollout.settings import OperatorRole

    call = invocation(context)
    application = call.application()
    application.operator(call.actor).must_be(OperatorRole.OPERATOR)
    writer = application.mail_writer
    writer.check()
    with application.directory_closed():
        outbox = Outbox(
            application.database,
            application.settings,
            application.mailer,
            writer,
            application.clock,
        )
        if send_to is not None:
            _rehearse(application, outbox, call.actor, send_to, kind or [], limit)
            return
        outbox.go_again()
        done = outbox.round(kind or [], limit, Pace(time.sleep))
    say(
        _("sent {sent}, refused {failed}, in doubt {in_doubt}, held back {held_back}").format(
            sent=done.sent, failed=done.failed, in_doubt=done.in_doubt, held_back=done.held_back
        )
    )
    if done.waiting:
        say(_("the mailbox takes no more for now: {why}").format(why=done.waiting))
    if done.failed:
        raise typer.Exit(1)


def _rehearse(
    application: "Application",
    outbox: "Outbox",
    actor: str | None,
    send_to: str,
    kinds: list[NoticeKind],
    limit: int,
) -> None:
    from rollout.application.notices.recipients import rehearsal_address

    to = rehearsal_address(
        application.database, application.settings, send_to, application.operator(actor).name
    )
    count, why = outbox.rehearse(to, kinds, limit, f"rehearsal/{uuid4()}")
    say(
        _("{count} {count:mail|mails} went to {address} only; nothing was recorded").format(
            count=count, address=to
        )
    )
    if why:
        say(_("the mailbox takes no more for now: {why}").format(why=why))
        raise typer.Exit(1)


@app.command(help=_("Let refused or returned mails go once more, after their cause is mended."))
def retry(
    context: typer.Context,
    number: Annotated[
        list[int] | None,
        typer.Argument(help=_("numbers of notices; none: all that failed"), metavar="[N]..."),
    ] = None,
    kind: Kinds = None,
) -> None:
    from rollout.application.notices.retrying import retry as retry_them

    call = invocation(context)
    application = call.application()
    count = retry_them(
        application.database,
        application.operator(call.actor),
        application.clock.now(),
        numbers=number or (),
        kinds=kind or (),
    )
    say(_("{count} {count:notice goes|notices go} again").format(count=count))


def _show(
    application: "Application",
    states: list[NoticeState],
    kinds: list[NoticeKind] | None,
    as_json: bool,
    *,
    stuck: bool = False,
) -> None:
    from rollout.application.notices.sending import address_of, outbox

    found = [
        letter
        for letter in outbox(application.database, states, kinds or ())
        if not (stuck and letter.next_at)
    ]
    if as_json:
        print_json({"notices": [_json(application, letter) for letter in found]})
        return
    zone = application.settings.programme.zone
    rows = [
        (
            letter.id,
            letter.asset_tag,
            letter.name,
            address_of(letter, application.settings),
            label(NoticeKind(letter.kind)),
            letter.day,
            label(NoticeState(letter.state)),
            letter.cause or "",
            f"{letter.next_at.astimezone(zone):%m-%d %H:%M}" if letter.next_at else "",
        )
        for letter in found[:_SHOWN]
    ]
    columns = (
        _("number"), _("PC"), _("recipient"), _("address"), _("kind"), _("day"), _("state"),
        _("cause"), _("again at"),
    )  # fmt: skip
    print_table(columns, rows)
    say(_("{count} {count:notice|notices}").format(count=len(found)))


def _json(application: "Application", letter: "Letter") -> dict[str, Any]:
    from rollout.application.notices.sending import address_of

    zone = application.settings.programme.zone
    return {
        "id": letter.id,
        "asset_tag": letter.asset_tag or None,
        "staff_number": letter.staff_number,
        "address": address_of(letter, application.settings),
        "kind": letter.kind,
        "about": letter.about or None,
        "day": letter.day.isoformat(),
        "edition": letter.edition,
        "state": letter.state,
        "cause": letter.cause,
        "refusals": letter.refusals,
        "next_at": moment(letter.next_at, zone),
        "sent_at": moment(letter.sent_at, zone),
        "tried_at": moment(letter.tried_at, zone),
    }
