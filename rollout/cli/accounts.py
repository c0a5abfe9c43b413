"""`rollout accounts`"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime, timedelta
from types import FrameType
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from rollout.cli import accounts_mailboxes
from rollout.cli.accounts_mailboxes import batches_json, print_batches
from rollout.cli.accounts_view import (
    print_blocked,
    print_counts,
    print_missed,
    print_moves,
    print_proposal,
    proposal_json,
    status_json,
)
from rollout.cli.confirming import confirm
from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.options import OnlyPerson, StaffNumber, day_option
from rollout.cli.output import Bar, moment, print_json, progress_bar, say
from rollout.domain.account import AccountState, CloudService
from rollout.i18n import _

app = typer.Typer(
    name="accounts", help=_("Mail, groupware and chat of people."), no_args_is_help=True
)

Wave = Annotated[int | None, typer.Option("--wave", help=_("only owners of this wave's PCs"))]
Department = Annotated[
    str | None,
    typer.Option(help=_("only this bureau, or bureau and division with a space between")),
]
Services = Annotated[
    list[CloudService] | None, typer.Option("--services", help=_("only these services"))
]


@app.command(help=_("What there is to do, by service and person; nothing is done."))
def plan(
    context: typer.Context,
    wave: Wave = None,
    department: Department = None,
    person: OnlyPerson = None,
    services: Services = None,
    as_of: Annotated[
        date | None, day_option("--as-of", _("only as it will be on that day; nothing is kept"))
    ] = None,
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
            as_of,
        )
    if as_json:
        print_json(proposal_json(proposal))
        return
    print_proposal(proposal, as_of)
    if as_of is not None:
        print_moves(proposal, as_of)


@app.command(help=_("Do what the newest plan says, and wait until it is done."))
def apply(
    context: typer.Context,
    wave: Wave = None,
    department: Department = None,
    person: OnlyPerson = None,
    services: Services = None,
    yes: Annotated[bool, typer.Option("--yes", help=_("without asking"))] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help=_("minutes to wait for what needs time"))
    ] = 5,
) -> None:
    from rollout.application.accounts.carrying_out import carry_out
    from rollout.application.accounts.deciding import ACTING
    from rollout.application.accounts.plan import Scope, begin, last_plan_of, must_be_in_use

    given = invocation(context)
    application = given.application()
    must_be_in_use(application.settings.accounts)
    asked_for = Scope(wave, department, person, tuple(one.value for one in services or ()))
    number = last_plan_of(application.database, asked_for)
    confirm(_("carry out plan {number} of `rollout accounts plan`?").format(number=number), yes=yes)
    with application.directory_closed(), _stoppable() as stop, _progress() as bar:
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
            waiting=_waiting(bar, application.settings.programme.zone),
        )
    say(_("{count} reached {count:its|their} end").format(count=done.ended))
    if done.open:
        say(
            _(
                "{count} {count:is|are} still under way; the next look is at {time}: {remedy}"
            ).format(
                count=done.open,
                time=moment(done.next_look, application.settings.programme.zone),
                remedy=_("`rollout serve` goes on with them, or `rollout accounts resume`"),
            )
        )
    print_blocked(application.database)


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
    with application.directory_closed(), _stoppable() as stop, _progress() as bar:
        done = carry_out(
            application.accounts_work,
            application.database,
            application.clock,
            patience=timedelta(minutes=wait),
            stop=stop,
            progress=bar,
            waiting=_waiting(bar, application.settings.programme.zone),
        )
    say(
        _("{ended} reached their end, {open} are still under way").format(
            ended=done.ended, open=done.open
        )
    )


@app.command(help=_("How many have which service, and what is blocked."))
def status(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application.mailboxes.listing import alarms
    from rollout.store import accounts

    application = invocation(context).application()
    stopping = alarms(application.database, application.settings, application.clock.now())
    with application.database.read() as session:
        counts = accounts.counts(session)
        blocked = accounts.in_states(session, [AccountState.BLOCKED], limit=100_000)
        missed = accounts.missed(session, limit=100_000)
    if as_json:
        print_json(status_json(counts, blocked, missed) | batches_json(stopping))
        return
    print_counts(counts)
    print_batches(stopping)
    print_missed(missed, application.settings.programme.zone)
    print_blocked(application.database)


@app.command(help=_("Take a person's access away: sign-in now, the rest after the grace period."))
def revoke(
    context: typer.Context,
    person: StaffNumber,
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
        _("{count} {count:service|services} of {person} will be taken away: {remedy}").format(
            count=count,
            person=person,
            remedy=_("`rollout serve` goes on with them, or `rollout accounts resume`"),
        )
    )


@app.command(help=_("Give access back that was taken away."))
def restore(
    context: typer.Context,
    person: StaffNumber,
    reason: Reason = None,
) -> None:
    from rollout.application.accounts.revoking import restore as restore_of

    given = invocation(context)
    application = given.application()
    count = restore_of(
        application.database,
        application.settings,
        person,
        application.operator(given.actor),
        application.clock.now(),
        reason,
    )
    say(
        _(
            "{count} {count:service|services} of {person} {count:is|are} asked for again: {remedy}"
        ).format(
            count=count,
            person=person,
            remedy=_("`rollout serve` goes on with them, or `rollout accounts resume`"),
        )
    )


for _name, (_command, _text) in accounts_mailboxes.COMMANDS.items():
    app.command(_name, help=_text)(_command)


def _progress() -> AbstractContextManager[Bar]:
    """Services that reached their end, of all that are asked for."""
    return progress_bar(_("services"), rate=True)


def _waiting(bar: Bar, zone: ZoneInfo) -> Callable[[datetime | None], None]:
    """A bar that stands still says what it waits for."""

    def says(until: datetime | None) -> None:
        if until is None:
            bar.says(_("services"))
        else:
            time = f"{until.astimezone(zone):%H:%M:%S}"
            bar.says(_("services, the directory is asked again at {time}").format(time=time))

    return says


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
