"""`rollout machine`"""

from datetime import date
from typing import Annotated

import typer

from rollout.cli import host_key, retirement, spare
from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.machine_filter import (
    GenerationOption,
    NeedsAPerson,
    PurposeOption,
    SiteOption,
    StateOption,
    TextOption,
    WaveOption,
    wanted,
)
from rollout.cli.machine_view import as_json, as_row, columns, print_view, view_json
from rollout.cli.options import Tag, Tags, day_option
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

app = typer.Typer(
    name="machine", help=_("Machines: where each stands, and what to do."), no_args_is_help=True
)


@app.command("list", help=_("Machines that match every given filter."))
def list_(
    context: typer.Context,
    state: StateOption = None,
    site: SiteOption = None,
    generation: GenerationOption = None,
    wave: WaveOption = None,
    purpose: PurposeOption = None,
    text: TextOption = "",
    needs_a_person: NeedsAPerson = False,
    limit: Annotated[int, typer.Option(min=1, help=_("how many at most"))] = 1000,
    as_json_: AsJson = False,
) -> None:
    from rollout.application import machines

    application = invocation(context).application()
    zone = application.settings.programme.zone
    rows = machines.listing(
        application.database,
        wanted(state, site, generation, wave, purpose, text, needs_a_person),
        limit=limit,
    )
    if as_json_:
        print_json([as_json(joined, zone) for joined in rows])
        return
    if not rows:
        say(_("no machine matches"))
        return
    print_table(columns(), [as_row(joined, zone) for joined in rows])
    if len(rows) == limit:
        say(_("only the first {limit}: see --limit").format(limit=limit))


@app.command(help=_("One machine with its whole history."))
def show(context: typer.Context, tag: Tag, as_json_: AsJson = False) -> None:
    from rollout.application import machines
    from rollout.application.accounts.signing_in import why_not_begun
    from rollout.application.choosing import today

    application = invocation(context).application()
    zone = application.settings.programme.zone
    day = today(application.settings, application.clock.now())
    view = machines.show(application.database, tag)
    waits = why_not_begun(application.database, application.settings, tag)
    if as_json_:
        print_json(view_json(view, zone, day) | {"waits": waits})
        return
    print_view(view, zone, day)
    if waits is not None:
        say(waits)


def _move(
    context: typer.Context,
    tags: list[str],
    verb: str,
    reason: str | None,
    until: date | None = None,
) -> None:
    from rollout.application import machines
    from rollout.domain.machine import MachineState, MachineVerb
    from rollout.i18n.labels import label

    given = invocation(context)
    application = given.application()
    moved = machines.move(
        application.database,
        tags,
        MachineVerb(verb),
        application.operator(given.actor),
        application.clock.now(),
        reason=reason,
        until=until,
    )
    for one in moved:
        say(f"{one.key}: {label(MachineState(one.to_state))}")


@app.command(help=_("What went wrong, grouped by cause."))
def failures(
    context: typer.Context,
    wave: Annotated[list[int] | None, typer.Option(help=_("only of this wave"))] = None,
    as_json_: AsJson = False,
) -> None:
    from rollout.application import failures as grouped
    from rollout.domain.machine import MachineState, Step
    from rollout.i18n.labels import label

    application = invocation(context).application()
    found = grouped.groups(application.database, tuple(wave or ()))
    if as_json_:
        print_json(
            [
                {
                    "state": group.state,
                    "step": group.step,
                    "cause": group.cause,
                    "count": len(group.tags),
                    "held": group.held,
                    "machines": list(group.tags),
                }
                for group in found
            ]
        )
        return
    if not found:
        say(_("nothing has failed"))
        return
    print_table(
        [_("count"), _("held"), _("state"), _("step"), _("cause"), _("machines")],
        [
            [
                len(group.tags),
                group.held or None,
                label(MachineState(group.state)),
                label(Step(group.step)) if group.step else None,
                group.cause,
                ", ".join(group.tags[:5]) + (" …" if len(group.tags) > 5 else ""),
            ]
            for group in found
        ],
    )


@app.command(help=_("Send a failed or silent machine back to the start of its step."))
def retry(
    context: typer.Context,
    tags: Tags,
    reason: Reason = None,
    settled: Annotated[
        str | None,
        typer.Option(
            help=_("what was found at a machine whose reimage is in doubt: done or not-started")
        ),
    ] = None,
) -> None:
    from rollout.application import machines
    from rollout.i18n.labels import label

    if settled is not None and settled not in set(machines.Settled):
        raise typer.BadParameter(_("--settled is done or not-started"))
    given = invocation(context)
    application = given.application()
    operator = application.operator(given.actor)
    for tag in tags:
        state = machines.retry(
            application.database,
            tag,
            operator,
            application.clock.now(),
            reason=reason,
            settled=machines.Settled(settled) if settled else None,
        )
        if state is not None:
            say(f"{tag}: {label(state)}")
        else:
            say(
                _(
                    "{tag}: it may have been rewritten, so the daemon asks it first; "
                    "see `rollout machine show {tag}`"
                ).format(tag=tag)
            )


@app.command(help=_("Begin the next step of machines now, before their day and their turn."))
def begin(context: typer.Context, tags: Tags, reason: Reason = None) -> None:
    from rollout.application import beginning

    given = invocation(context)
    application = given.application()
    count = beginning.ask(
        application.database,
        application.settings,
        tags,
        application.operator(given.actor),
        application.clock.now(),
        reason=reason,
    )
    say(_("the daemon begins with {count} as soon as stops, windows and places let it").format(
        count=count))  # fmt: skip


@app.command(help=_("Keep machines back."))
def hold(
    context: typer.Context,
    tags: Tags,
    reason: Reason = None,
    until: Annotated[date | None, day_option("--until", _("day on which to look again"))] = None,
) -> None:
    _move(context, tags, "hold", reason, until)


@app.command(help=_("Let held machines go on from where they were."))
def release(context: typer.Context, tags: Tags, reason: Reason = None) -> None:
    _move(context, tags, "release", reason)


@app.command(help=_("Take machines out of the programme."))
def exclude(context: typer.Context, tags: Tags, reason: Reason = None) -> None:
    _move(context, tags, "exclude", reason)


@app.command(help=_("Take excluded machines in again."))
def readmit(context: typer.Context, tags: Tags, reason: Reason = None) -> None:
    _move(context, tags, "readmit", reason)


for name, (command, text) in {**spare.COMMANDS, **retirement.COMMANDS, **host_key.COMMANDS}.items():
    app.command(name, help=text)(command)
