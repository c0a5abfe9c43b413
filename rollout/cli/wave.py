"""`rollout wave`"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.output import moment, print_json, print_table, say
from rollout.domain.text import printable
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.waves import WaveView

app = typer.Typer(name="wave", help=_("Waves: approval, start, pause, halt."), no_args_is_help=True)

Number = Annotated[int, typer.Argument(help=_("number of the wave"), metavar="N")]


def _as_json(view: "WaveView", zone: ZoneInfo) -> dict[str, Any]:
    wave = view.wave
    return {
        "number": wave.number,
        "pilot": wave.pilot,
        "state": wave.state,
        "state_since": moment(wave.state_since, zone),
        "cause": wave.cause,
        "first_day": wave.first_day.isoformat(),
        "last_day": wave.last_day.isoformat(),
        "machines": view.size,
        "done": view.done,
        "by_state": dict(view.counts),
        "submitted_by": wave.submitted_by,
        "approved_by": wave.approved_by,
        "approved_at": moment(wave.approved_at, zone),
    }


@app.command("list", help=_("Every wave with its dates and progress."))
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import waves
    from rollout.domain.wave import WaveState
    from rollout.i18n.labels import label

    application = invocation(context).application()
    views = waves.listing(application.database)
    zone = application.settings.programme.zone
    if as_json:
        print_json([_as_json(view, zone) for view in views])
        return
    if not views:
        say(_("no wave yet: `rollout plan solve`, then `rollout plan commit`"))
        return
    print_table(
        [_("wave"), _("days"), _("state"), _("machines"), _("done"), _("why")],
        [
            [
                f"{view.wave.number}{_(' (pilot)') if view.wave.pilot else ''}",
                f"{view.wave.first_day} – {view.wave.last_day}",
                label(WaveState(view.wave.state)),
                view.size,
                view.done,
                view.wave.cause,
            ]
            for view in views
        ],
    )


@app.command(help=_("One wave and its machines."))
def show(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    from rollout.application import waves
    from rollout.cli.machine_view import as_json as machine_json
    from rollout.cli.machine_view import as_row, columns
    from rollout.cli.wave_gates import gates_json, print_gates
    from rollout.domain.wave import WaveState
    from rollout.i18n.labels import label

    application = invocation(context).application()
    view, machines = waves.show(application.database, number)
    zone = application.settings.programme.zone
    progress, numbers = waves.progress(
        application.database, application.settings, number, application.clock.now()
    )
    if as_json:
        listed = [
            {**machine_json(joined, zone), "tranche": numbers.get(joined.machine.id or 0)}
            for joined in machines
        ]
        print_json({**_as_json(view, zone), **gates_json(progress, zone), "list": listed})
        return
    wave = view.wave
    say(
        _("wave {number}: {state}, {first} – {last}, {done} of {size} done").format(
            number=number,
            state=label(WaveState(wave.state)),
            first=wave.first_day,
            last=wave.last_day,
            done=view.done,
            size=view.size,
        )
    )
    if wave.submitted_by:
        say(
            _("submitted by {submitter}, approved by {approver}").format(
                submitter=wave.submitted_by, approver=wave.approved_by or "–"
            )
        )
    if wave.cause:
        say(printable(wave.cause))
    print_gates(progress, zone)
    replaced = waves.await_successors(application.settings, machines)
    if replaced:
        say(
            _(
                "{count} of its machines {count:waits for its successor|wait for their "
                "successors}: `rollout machine supersede {tag} --successor TAG`"
            ).format(count=len(replaced), tag=replaced[0].machine.asset_tag)
        )
    print_table(columns(), [as_row(joined, zone) for joined in machines])


def _move(context: typer.Context, number: int, verb: str, reason: str | None = None) -> None:
    from rollout.application import waves
    from rollout.domain.wave import WaveVerb
    from rollout.i18n.labels import label

    given = invocation(context)
    application = given.application()
    now: datetime = application.clock.now()
    operator = application.operator(given.actor)
    state = waves.move(application.database, number, WaveVerb(verb), operator, now, reason)
    say(_("wave {number}: {state}").format(number=number, state=label(state)))


@app.command(help=_("Ask another operator for approval."))
def submit(context: typer.Context, number: Number) -> None:
    _move(context, number, "submit")


@app.command(help=_("Approve a wave that another operator submitted."))
def approve(context: typer.Context, number: Number) -> None:
    _move(context, number, "approve")


@app.command(help=_("Take a submission or an approval back."))
def withdraw(context: typer.Context, number: Number, reason: Reason = None) -> None:
    _move(context, number, "withdraw", reason)


@app.command(help=_("Start an approved wave; the daemon does the work."))
def start(
    context: typer.Context,
    number: Number,
    foreground: Annotated[
        bool,
        typer.Option("--foreground", help=_("do the work here until nothing is left for today")),
    ] = False,
) -> None:
    from rollout.application import waves
    from rollout.application.gate_words import numbers_of
    from rollout.cli.serving import work_until_idle
    from rollout.domain.wave import WaveState
    from rollout.i18n.labels import label

    application = invocation(context).application()
    view, _machines = waves.show(application.database, number)
    if not (foreground and view.wave.state == WaveState.RUNNING):
        _move(context, number, "start")
    now = application.clock.now()
    standing = waves.standing(application.database, application.settings, number, now)
    for reading in standing.kept_back:
        say(
            _("its first machines wait for “{gate}”: {numbers}").format(
                gate=label(reading.gate), numbers=numbers_of(reading)
            )
        )
    if foreground:
        work_until_idle(application)


@app.command(help=_("Start nothing new in this wave for now."))
def pause(context: typer.Context, number: Number, reason: Reason = None) -> None:
    _move(context, number, "pause", reason)


@app.command(help=_("Let a paused or halted wave go on."))
def resume(context: typer.Context, number: Number, reason: Reason = None) -> None:
    _move(context, number, "resume", reason)


@app.command(help=_("Stop a wave at once."))
def halt(context: typer.Context, number: Number, reason: Reason = None) -> None:
    _move(context, number, "halt", reason)


@app.command(help=_("Let a wave pass one gate once; needs an approver and a reason."))
def override(
    context: typer.Context,
    number: Number,
    gate: Annotated[str, typer.Argument(help=_("the gate as `wave show` names it"))],
    reason: Reason = None,
) -> None:
    from rollout.application import gates, waves
    from rollout.application.gate_words import numbers_of
    from rollout.cli.wave_gates import gate_of
    from rollout.domain.wave import WaveState
    from rollout.i18n.labels import label

    word = gate_of(gate)
    given = invocation(context)
    application = given.application()
    reading = gates.override(
        application.database,
        application.settings,
        number,
        word,
        application.operator(given.actor),
        application.clock.now(),
        reason,
    )
    say(
        _("wave {number}: the gate “{gate}” is passed at {numbers}").format(
            number=number, gate=label(word), numbers=numbers_of(reading)
        )
    )
    if waves.show(application.database, number)[0].wave.state == WaveState.HALTED:
        say(_("the wave is still halted: `rollout wave resume {number}`").format(number=number))


@app.command(help=_("Give a wave up; machines not begun go back to the planner."))
def cancel(context: typer.Context, number: Number, reason: Reason = None) -> None:
    _move(context, number, "cancel", reason)
