"""`rollout plan`: proposing a plan and putting it into force; the tree of its commands."""

from typing import TYPE_CHECKING, Any

import typer

from rollout.application.planning.words import relaxation, unused_rule, without_a_place
from rollout.cli import (
    plan_backtest,
    plan_changes,
    plan_constraints,
    plan_forecast,
    plan_move,
    plan_show,
)
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.planning.plans import PlanSummary

app = typer.Typer(name="plan", help=_("Which machine is moved on which day."), no_args_is_help=True)

SHOWN = 20
"""Remedies that are listed before the rest is left to `plan show`."""


@app.command(help=_("Propose a plan; nothing is in force before it is committed."))
def solve(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application.planning import plans

    given = invocation(context)
    application = given.application()
    with progress_bar(_("reading")) as bar:
        labels = {"plan": _("planning"), "write": _("writing")}
        summary = plans.solve(
            application.database,
            application.settings,
            operator=application.operator(given.actor),
            now=application.clock.now(),
            progress=lambda phase, done, total: bar(done, total, labels[phase]),
        )
    if as_json:
        print_json(_as_json(summary))
        return
    _print(summary)
    say(_("proposed; `rollout plan show`, then `rollout plan commit`"))


@app.command(help=_("Put the proposed plan into force: waves, days, states; all of it or nothing."))
def commit(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application.planning import plans

    given = invocation(context)
    application = given.application()
    with progress_bar(_("checking")) as bar:
        summary = plans.commit(
            application.database,
            operator=application.operator(given.actor),
            now=application.clock.now(),
            progress=lambda _phase, done, total: bar(done, total, _("writing")),
        )
    if as_json:
        print_json(_as_json(summary))
        return
    _print(summary)
    say(_("committed; `rollout wave list`"))


for name, (command, text) in {
    **plan_show.COMMANDS,
    **plan_changes.COMMANDS,
    **plan_move.COMMANDS,
    **plan_forecast.COMMANDS,
    **plan_backtest.COMMANDS,
    **plan_constraints.COMMANDS,
}.items():
    app.command(name, help=text)(command)


def _as_json(summary: "PlanSummary") -> dict[str, Any]:
    return {
        "plan": summary.plan_id,
        "placed": summary.placed,
        "waves": summary.waves,
        "first_day": summary.first_day.isoformat() if summary.first_day else None,
        "last_day": summary.last_day.isoformat() if summary.last_day else None,
        "unplaced": {obstacle.value: number for obstacle, number in summary.unplaced.items()},
        "kept": summary.kept,
        "moved": summary.moved,
        "relaxations": [entry._asdict() for entry in summary.relaxations],
        "unused_rules": [f"{table}.{name}" for table, name in summary.unused],
    }


def _print(summary: "PlanSummary") -> None:
    say(
        _(
            "{placed} {placed:machine|machines} in {waves} {waves:wave|waves}, {first} – {last}"
        ).format(
            placed=summary.placed,
            waves=summary.waves,
            first=summary.first_day or "–",
            last=summary.last_day or "–",
        )
    )
    for obstacle, number in summary.unplaced.items():
        say(without_a_place(obstacle, number))
    for entry in summary.relaxations[:SHOWN]:
        say("  " + relaxation(entry))
    if summary.kept or summary.moved:
        say(
            _(
                "{kept} {kept:date|dates} in force stay, {moved} {moved:changes|change}; see "
                "`rollout plan diff`"
            ).format(kept=summary.kept, moved=summary.moved)
        )
    for table, name in summary.unused:
        say(unused_rule(table, name))
