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
    from rollout.bootstrap import Application
    from rollout.store.notices import Letter

app = typer.Typer(name="notice", help=_("Notices: mails to owners."), no_args_is_help=True)

_SHOWN = 50
Kinds = Annotated[list[NoticeKind] | None, typer.Option("--kind", help=_("only this kind"))]


@app.command(help=_("Put what the plan asks for into the outbox, and show what would go."))
def plan(context: typer.Context, kind: Kinds = None, as_json: AsJson = False) -> None:
    from rollout.adapters.notices.writer import TemplateWriter
    from rollout.application.notices.planning import fill_outbox
    from rollout.settings import OperatorRole

    call = invocation(context)
    application = call.application()
    application.operator(call.actor).must_be(OperatorRole.OPERATOR)
    TemplateWriter(application.settings).check()
    fill_outbox(application.database, application.settings, application.clock.now())
    _show(application, [NoticeState.PLANNED], kind, as_json)


@app.command("list", help=_("The outbox; refused and returned mails with `--state failed`."))
def list_(
    context: typer.Context,
    state: Annotated[
        NoticeState | None, typer.Option("--state", help=_("only in this state"))
    ] = None,
    kind: Kinds = None,
    as_json: AsJson = False,
) -> None:
    states = [state] if state is not None else list(NoticeState)
    _show(invocation(context).application(), states, kind, as_json)


@app.command(help=_("Send what is in the outbox, each mail once."))
def send(
    context: typer.Context,
    send_to: Annotated[
        str | None,
        typer.Option("--send-to", help=_("rehearse: all to this address, nothing is recorded")),
    ] = None,
    kind: Kinds = None,
    limit: Annotated[int, typer.Option(min=1, help=_("at most so many"))] = 1000,
) -> None:
    from rollout.adapters.notices.writer import TemplateWriter
    from rollout.application.notices.sending import Outbox
    from rollout.settings import OperatorRole

    call = invocation(context)
    application = call.application()
    application.operator(call.actor).must_be(OperatorRole.OPERATOR)
    with application.directory_closed():
        outbox = Outbox(
            application.database,
            application.settings,
            application.mailer,
            TemplateWriter(application.settings),
            application.clock,
        )
        if send_to is not None:
            count = outbox.rehearse(send_to, kind or [], limit, f"rehearsal/{uuid4()}")
            say(
                _("{count} mails went to {address} only; nothing was recorded").format(
                    count=count, address=send_to
                )
            )
            return
        done = outbox.round(kind or [], limit, time.sleep)
    say(
        _("sent {sent}, refused {failed}, in doubt {in_doubt}, outdated {outdated}").format(
            sent=done.sent, failed=done.failed, in_doubt=done.in_doubt, outdated=done.outdated
        )
    )
    if done.waiting:
        say(_("the mailbox takes no more for now: {why}").format(why=done.waiting))
    if done.failed:
        raise typer.Exit(1)


def _show(
    application: "Application",
    states: list[NoticeState],
    kinds: list[NoticeKind] | None,
    as_json: bool,
) -> None:
    from rollout.application.notices.sending import address_of, outbox

    found = [
        letter
        for letter in outbox(application.database, states)
        if not kinds or letter.kind in kinds
    ]
    if as_json:
        print_json({"notices": [_json(application, letter) for letter in found]})
        return
    rows = [
        (
            letter.asset_tag,
            letter.name,
            address_of(letter, application.settings),
            label(NoticeKind(letter.kind)),
            letter.day,
            label(NoticeState(letter.state)),
            letter.cause or "",
        )
        for letter in found[:_SHOWN]
    ]
    columns = (_("PC"), _("owner"), _("address"), _("kind"), _("day"), _("state"), _("cause"))
    print_table(columns, rows)
    say(_("{count} notices").format(count=len(found)))


def _json(application: "Application", letter: "Letter") -> dict[str, Any]:
    from rollout.application.notices.sending import address_of

    zone = application.settings.programme.zone
    return {
        "id": letter.id,
        "asset_tag": letter.asset_tag,
        "staff_number": letter.staff_number,
        "address": address_of(letter, application.settings),
        "kind": letter.kind,
        "day": letter.day.isoformat(),
        "state": letter.state,
        "cause": letter.cause,
        "sent_at": moment(letter.sent_at, zone),
        "tried_at": moment(letter.tried_at, zone),
    }
