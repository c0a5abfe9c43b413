"""`rollout accounts`"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.output import moment, print_json, print_table, progress_bar, say
from rollout.domain.account import AccountState, CloudService, PlannedAction
from rollout.domain.errors import NeedsApproval
from rollout.i18n import _
from rollout.i18n.labels import label

if TYPE_CHECKING:
    from rollout.application.accounts.plan import Proposal
    from rollout.bootstrap import Application

app = typer.Typer(
    name="accounts", help=_("Mail, groupware and chat of people."), no_args_is_help=True
)

Wave = Annotated[int | None, typer.Option("--wave", help=_("only owners of this wave's PCs"))]
Department = Annotated[
    str | None,
    typer.Option(help=_("only this bureau, or bureau and division with a space between")),
]
Person = Annotated[str | None, typer.Option(help=_("only this staff number"))]
Services = Annotated[
    list[CloudService] | None, typer.Option("--services", help=_("only these services"))
]

SHOWN = 30
"""Lines that are printed before the rest is only counted."""


@app.command(help=_("What there is to do, by service and person; nothing is done."))
def plan(
    context: typer.Context,
    wave: Wave = None,
    department: Department = None,
    person: Person = None,
    services: Services = None,
    as_json: AsJson = False,
) -> None:
    from rollout.application.accounts.plan import Scope, propose

    given = invocation(context)
    application = given.application()
    with application.directory_closed():
        proposal = propose(
            application.database,
            application.settings,
            application.directory,
            Scope(wave, department, person, tuple(one.value for one in services or ())),
            application.operator(given.actor),
            application.clock.now(),
        )
    if as_json:
        print_json(_json(proposal))
    else:
        _print(proposal)


@app.command(help=_("Do what the newest plan says, and wait until it is done."))
def apply(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help=_("without asking"))] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help=_("minutes to wait for what needs time"))
    ] = 5,
) -> None:
    from rollout.application.accounts.carrying_out import carry_out
    from rollout.application.accounts.deciding import ACTING
    from rollout.application.accounts.plan import begin, last_scope, must_be_in_use

    given = invocation(context)
    application = given.application()
    must_be_in_use(application.settings.accounts)
    number, _scope = last_scope(application.database)
    if not yes and not typer.confirm(
        _("carry out plan {number} of `rollout accounts plan`?").format(number=number)
    ):
        raise NeedsApproval(_("nothing was done"))
    with application.directory_closed(), _stoppable() as stop, progress_bar(_("accounts")) as bar:
        proposal = begin(
            application.database,
            application.settings,
            application.directory,
            application.operator(given.actor),
            application.clock.now(),
        )
        asked = sum(one.action in ACTING for one in proposal.decisions)
        done = carry_out(
            application.accounts_work,
            application.database,
            application.clock,
            patience=timedelta(minutes=wait),
            stop=stop,
            progress=lambda ended, total: bar(ended, max(total, asked)),
        )
    say(_("{count} reached their end").format(count=done.ended))
    if done.open:
        say(
            _("{count} are still under way; the next look is at {time}: {remedy}").format(
                count=done.open,
                time=moment(done.next_look, application.settings.programme.zone),
                remedy=_("`rollout serve` goes on with them, or `rollout accounts resume`"),
            )
        )
    _print_blocked(application)


@app.command(help=_("Go on with what is still under way."))
def resume(
    context: typer.Context,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help=_("minutes to wait for what needs time"))
    ] = 5,
) -> None:
    from rollout.application.accounts.carrying_out import carry_out
    from rollout.application.accounts.plan import must_be_in_use

    application = invocation(context).application()
    must_be_in_use(application.settings.accounts)
    with application.directory_closed(), _stoppable() as stop, progress_bar(_("accounts")) as bar:
        done = carry_out(
            application.accounts_work,
            application.database,
            application.clock,
            patience=timedelta(minutes=wait),
            stop=stop,
            progress=bar,
        )
    say(
        _("{ended} reached their end, {open} are still under way").format(
            ended=done.ended, open=done.open
        )
    )


@app.command(help=_("How many have which service, and what is blocked."))
def status(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.store import accounts

    application = invocation(context).application()
    with application.database.read() as session:
        counts = accounts.counts(session)
        blocked = accounts.in_states(session, [AccountState.BLOCKED], limit=100_000)
    if as_json:
        print_json(
            {
                "services": {
                    service.value: {
                        state.value: counts.get((service.value, state.value), 0)
                        for state in AccountState
                    }
                    for service in CloudService
                },
                "blocked": [
                    {
                        "staff_number": number,
                        "service": row.service,
                        "cause": row.cause,
                        "request_id": row.request_id,
                    }
                    for row, number, _name in blocked
                ],
            }
        )
        return
    print_table(
        [_("service"), *(label(state) for state in AccountState)],
        [
            [
                label(service),
                *(counts.get((service.value, state.value), 0) for state in AccountState),
            ]
            for service in CloudService
        ],
    )
    _print_blocked(application)


@app.command(help=_("Take a person's access away: sign-in now, the rest after the grace period."))
def revoke(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="STAFF_NUMBER")],
    everything: Annotated[
        bool, typer.Option("--everything", help=_("licences and groups at once, too"))
    ] = False,
    reason: Reason = None,
) -> None:
    from rollout.application.accounts.revoking import revoke as revoke_of

    given = invocation(context)
    application = given.application()
    count = revoke_of(
        application.database,
        application.settings,
        person,
        application.operator(given.actor),
        application.clock.now(),
        reason,
        everything=everything,
    )
    say(
        _("{count} services of {person} will be taken away: {remedy}").format(
            count=count,
            person=person,
            remedy=_("`rollout serve` goes on with them, or `rollout accounts resume`"),
        )
    )


@contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """The first signal ends after what is under way; what is open stays so."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _json(proposal: "Proposal") -> dict[str, Any]:
    return {
        "plan": proposal.number,
        "totals": {
            service.value: {
                action.value: proposal.totals()[service, action] for action in PlannedAction
            }
            for service in CloudService
        },
        "stock": [
            {
                "part_number": one.part_number,
                "enabled": one.enabled,
                "consumed": one.consumed,
                "needed": one.needed,
                "missing": one.missing,
                "runs_out": one.runs_out,
            }
            for one in proposal.stock
        ],
        "services": [
            {
                "staff_number": one.person.staff_number,
                "service": one.service.value,
                "action": one.action.value,
                "cause": one.cause,
            }
            for one in proposal.decisions
            if one.action is not PlannedAction.KEEP
        ],
    }


def _print(proposal: "Proposal") -> None:
    totals = proposal.totals()
    print_table(
        [_("service"), *(label(action) for action in PlannedAction)],
        [
            [label(service), *(totals[service, action] for action in PlannedAction)]
            for service in CloudService
        ],
        title=_("plan {number}").format(number=proposal.number),
    )
    print_table(
        [_("licence"), _("bought"), _("given"), _("needed"), _("missing"), _("runs out on")],
        [
            [
                one.part_number,
                one.enabled,
                one.consumed,
                one.needed,
                one.missing,
                one.runs_out or "-",
            ]
            for one in proposal.stock
        ],
    )
    doing = [one for one in proposal.decisions if one.action is not PlannedAction.KEEP]
    if not doing:
        say(_("there is nothing to do"))
        return
    print_table(
        [_("staff number"), _("name"), _("service"), _("what"), _("cause")],
        [
            [
                one.person.staff_number,
                one.person.name,
                label(one.service),
                label(one.action),
                one.cause or "",
            ]
            for one in sorted(doing, key=lambda one: one.action is not PlannedAction.BLOCKED)[
                :SHOWN
            ]
        ],
    )
    if len(doing) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(doing) - SHOWN))
    say(_("`rollout accounts apply` does this"))


def _print_blocked(application: "Application") -> None:
    from rollout.store import accounts

    with application.database.read() as session:
        blocked = accounts.in_states(session, [AccountState.BLOCKED], limit=SHOWN + 1)
    if not blocked:
        return
    print_table(
        [_("staff number"), _("name"), _("service"), _("cause"), _("request")],
        [
            [number, name, label(CloudService(row.service)), row.cause, row.request_id or "-"]
            for row, number, name in blocked[:SHOWN]
        ],
        title=_("blocked"),
    )
    if len(blocked) > SHOWN:
        say(_("and more: see `rollout accounts status --json`"))
