"""`rollout run`"""

from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.output import moment, print_json, print_table, say
from rollout.domain.text import printable
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.runs import RunView

app = typer.Typer(name="run", help=_("Runs: what Ansible does and did."), no_args_is_help=True)

Id = Annotated[int, typer.Argument(help=_("number of the run"), metavar="ID")]


def _as_json(view: "RunView", zone: ZoneInfo) -> dict[str, Any]:
    run = view.run
    return {
        "id": run.id,
        "purpose": run.purpose,
        "step": run.step,
        "wave": view.wave,
        "site": view.site,
        "machines": run.size,
        "state": run.state,
        "cause": run.cause,
        "created_at": moment(run.created_at, zone),
        "started_at": moment(run.started_at, zone),
        "ended_at": moment(run.ended_at, zone),
        "failed": view.troubles.get("failed", 0),
        "unreachable": view.troubles.get("unreachable", 0),
    }


@app.command("list", help=_("The newest runs."))
def list_(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help=_("how many at most"))] = 50,
    as_json: AsJson = False,
) -> None:
    from rollout.application import runs
    from rollout.application.run_words import what_it_does
    from rollout.domain.run import RunState
    from rollout.i18n.labels import label

    application = invocation(context).application()
    zone = application.settings.programme.zone
    views = runs.listing(application.database, limit)
    if as_json:
        print_json([_as_json(view, zone) for view in views])
        return
    if not views:
        say(_("no run yet"))
        return
    print_table(
        [
            _("run"),
            _("step"),
            _("wave"),
            _("site"),
            _("machines"),
            _("failed"),
            _("no answer"),
            _("state"),
            _("started"),
            _("ended"),
        ],
        [
            [
                view.run.id,
                what_it_does(view.run),
                view.wave,
                view.site,
                view.run.size,
                view.troubles.get("failed", 0),
                view.troubles.get("unreachable", 0),
                label(RunState(view.run.state)),
                moment(view.run.started_at, zone),
                moment(view.run.ended_at, zone),
            ]
            for view in views
        ],
    )


@app.command(help=_("One run, task by task."))
def show(context: typer.Context, run_id: Id, as_json: AsJson = False) -> None:
    from rollout.application import runs
    from rollout.application.run_words import result_words, what_it_does
    from rollout.domain.run import RunState
    from rollout.i18n.labels import label

    application = invocation(context).application()
    zone = application.settings.programme.zone
    run, results = runs.show(application.database, run_id)
    if as_json:
        print_json(
            {
                "id": run.id,
                "step": run.step,
                "state": run.state,
                "cause": run.cause,
                "machines": run.size,
                "results": [
                    {
                        "asset_tag": tag,
                        "task": result.task,
                        "status": result.status,
                        "message": result.message,
                        "at": moment(result.at, zone),
                        "seconds": result.seconds,
                    }
                    for result, tag in results
                ],
            }
        )
        return
    heading = _("run {number}: {what}, {state}").format(
        number=run.id, what=what_it_does(run), state=label(RunState(run.state))
    )
    say(heading + (f" – {printable(run.cause)}" if run.cause else ""))
    print_table(
        [_("asset tag"), _("task"), _("result"), _("seconds"), _("message")],
        [
            [
                tag,
                result.task,
                result_words(result.status),
                "" if result.seconds is None else f"{result.seconds:.1f}",
                result.message,
            ]
            for result, tag in results
        ],
    )


@app.command(help=_("What Ansible wrote."))
def log(context: typer.Context, run_id: Id) -> None:
    from rollout.application import runs
    from rollout.domain.errors import RolloutError

    application = invocation(context).application()
    run, _results = runs.show(application.database, run_id)
    path = application.engine.log(run.ident)
    if path is None:
        raise RolloutError(
            _("the output of run {run} is not kept any more; `rollout run show {run}`").format(
                run=run_id
            )
        )
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            say(printable(line.rstrip("\n")))


@app.command(help=_("Ask the daemon to stop a run."))
def cancel(context: typer.Context, run_id: Id, reason: Reason = None) -> None:
    from rollout.application import runs

    given = invocation(context)
    application = given.application()
    operator = application.operator(given.actor)
    runs.cancel(application.database, run_id, operator, application.clock.now(), reason)
    say(_("run {run}: the daemon was asked to stop it").format(run=run_id))
