"""`rollout plan`"""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import moment, print_json, print_table, progress_bar, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.plan import PlanSummary
    from rollout.application.plan_view import PlanView

app = typer.Typer(name="plan", help=_("Which machine is moved on which day."), no_args_is_help=True)

SHOWN = 20
"""Machines without a place that are listed before the rest is only counted."""


def _summary_json(summary: "PlanSummary") -> dict[str, Any]:
    return {
        "plan": summary.plan_id,
        "placed": summary.placed,
        "waves": summary.waves,
        "first_day": summary.first_day.isoformat() if summary.first_day else None,
        "last_day": summary.last_day.isoformat() if summary.last_day else None,
        "unplaced": {obstacle.value: number for obstacle, number in summary.unplaced.items()},
    }


def _print_summary(summary: "PlanSummary") -> None:
    from rollout.i18n.labels import label

    say(
        _("{placed} machines in {waves} waves, {first} – {last}").format(
            placed=summary.placed,
            waves=summary.waves,
            first=summary.first_day or "–",
            last=summary.last_day or "–",
        )
    )
    for obstacle, number in summary.unplaced.items():
        say(
            _("{number} without a place: {why}").format(
                number=number, why=f"{label(obstacle)} – {_(obstacle.meaning)}"
            )
        )


@app.command(help=_("Propose a plan; nothing is in force before it is committed."))
def solve(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import plan

    given = invocation(context)
    application = given.application()
    with progress_bar(_("machines")) as bar:
        summary = plan.solve(
            application.database,
            application.settings,
            operator=application.operator(given.actor),
            now=application.clock.now(),
            progress=bar,
        )
    if as_json:
        print_json(_summary_json(summary))
        return
    _print_summary(summary)
    say(_("proposed; `rollout plan show`, then `rollout plan commit`"))


@app.command(help=_("The proposed plan, else the committed one: by wave, day and site."))
def show(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import plan

    application = invocation(context).application()
    view = plan.show(application.database)
    if as_json:
        print_json(_view_json(view, application.settings.programme.zone))
    else:
        _print_view(view)


def _view_json(view: "PlanView", zone: ZoneInfo) -> dict[str, Any]:
    return {
        "plan": view.plan_id,
        "state": view.state,
        "created_at": moment(view.created_at, zone),
        "created_by": view.created_by,
        "committed_at": moment(view.committed_at, zone),
        "committed_by": view.committed_by,
        "placed": view.placed,
        "waves": [
            {
                "number": wave.number,
                "pilot": wave.pilot,
                "first_day": wave.first_day.isoformat(),
                "last_day": wave.last_day.isoformat(),
                "machines": wave.machines,
                "sites": dict(wave.sites),
            }
            for wave in view.waves
        ],
        "days": [
            {"day": day.day.isoformat(), "machines": day.machines, "sites": dict(day.sites)}
            for day in view.days
        ],
        "sites": dict(view.sites),
        "unplaced": [
            {"asset_tag": tag, "reason": obstacle.value} for tag, obstacle in view.unplaced
        ],
    }


def _print_view(view: "PlanView") -> None:
    from rollout.i18n.labels import label

    sites = list(view.sites)
    if view.state == "proposed":
        title = _("proposed by {name}").format(name=view.created_by)
    else:
        title = _("committed by {name}").format(name=view.committed_by)
    print_table(
        [_("wave"), _("days"), _("machines"), *sites],
        [
            [
                f"{wave.number}{_(' (pilot)') if wave.pilot else ''}",
                f"{wave.first_day} – {wave.last_day}",
                wave.machines,
                *(wave.sites.get(site, "") for site in sites),
            ]
            for wave in view.waves
        ],
        title=title,
    )
    print_table(
        [_("day"), _("machines"), *sites],
        [
            [f"{day.day:%Y-%m-%d}", day.machines, *(day.sites.get(site, "") for site in sites)]
            for day in view.days
        ],
        title=_("by day and site"),
    )
    if view.unplaced:
        print_table(
            [_("asset tag"), _("without a place because")],
            [[tag, label(obstacle)] for tag, obstacle in view.unplaced[:SHOWN]],
        )
        if len(view.unplaced) > SHOWN:
            say(_("and {number} more: see --json").format(number=len(view.unplaced) - SHOWN))


@app.command(help=_("Put the proposed plan into force: waves, days, states; all of it or nothing."))
def commit(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import plan

    given = invocation(context)
    application = given.application()
    summary = plan.commit(
        application.database,
        operator=application.operator(given.actor),
        now=application.clock.now(),
    )
    if as_json:
        print_json(_summary_json(summary))
        return
    _print_summary(summary)
    say(_("committed; `rollout wave list`"))
