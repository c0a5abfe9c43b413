"""`rollout plan`"""

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import moment, print_json, print_table, progress_bar, say
from rollout.domain.words import msgid
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.forecast import Forecast
    from rollout.application.plan import PlanSummary
    from rollout.application.plan_check import Change, Checked, Difference
    from rollout.application.plan_view import PlanView
    from rollout.planning.problem import Relaxation

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
        "kept": summary.kept,
        "moved": summary.moved,
        "relaxations": [entry._asdict() for entry in summary.relaxations],
        "unused_rules": [f"{table}.{name}" for table, name in summary.unused],
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
    for entry in summary.relaxations[:SHOWN]:
        say("  " + _relaxation(entry))
    if summary.kept or summary.moved:
        say(
            _("{kept} dates in force stay, {moved} change; see `rollout plan diff`").format(
                kept=summary.kept, moved=summary.moved
            )
        )
    for table, name in summary.unused:
        say(
            _('rollout.toml has [{table}."{name}"], but no machine of the ledger has to do with '
              "it: correct the name").format(table=table, name=name)
        )  # fmt: skip


def _relaxation(entry: "Relaxation") -> str:
    from rollout.i18n.labels import label

    more, later = entry.more_per_day, entry.later_days
    where = _("{site}: {number} without a place ({why})").format(
        site=entry.site, number=entry.machines, why=label(entry.obstacle)
    )
    if more is not None and later is not None:
        return (
            where
            + ": "
            + _("{more} more machines a day there, or {days} working days later, would do").format(
                more=more, days=later
            )
        )
    if more is not None:
        return where + ": " + _("{more} more machines a day there would do").format(more=more)
    if later is not None:
        return where + ": " + _("{days} working days later would do").format(days=later)
    return where + ": " + _(_REMEDIES[entry.obstacle.value])


_REMEDIES = {
    "pinned_day": msgid("pin it to another day"),
    "own_dates": msgid("change its absences, training, lease or window"),
    "department_dates": msgid("change the dates of its department"),
    "department_full": msgid("raise [limits] department_share_per_day"),
    "everywhere_full": msgid("raise [limits] blast_radius"),
    "no_successor": msgid("order more successors, or have them delivered earlier"),
    "site_not_visited": msgid("visit the site on another day of the week"),
    "site_without_capacity": msgid("give the site machines_per_day"),
    "no_day_left": msgid("begin earlier, or move the cutover"),
}


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


@app.command(help=_("Hold the proposal, else the dates in force, against every rule."))
def check(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import plan_check

    application = invocation(context).application()
    checked = plan_check.check(
        application.database, application.settings, now=application.clock.now()
    )
    if as_json:
        print_json(_checked_json(checked))
    else:
        _print_checked(checked)
    if checked.violations:
        raise typer.Exit(1)


def _checked_json(checked: "Checked") -> dict[str, Any]:
    return {
        "state": checked.state,
        "machines": checked.machines,
        "violations": [
            {
                "rule": violation.rule.value,
                "asset_tag": violation.asset_tag,
                "day": violation.day.isoformat() if violation.day else None,
                "found": violation.found,
            }
            for violation in checked.violations
        ],
    }


def _print_checked(checked: "Checked") -> None:
    from rollout.i18n.labels import label

    if not checked.violations:
        say(_("{machines} dates keep every rule").format(machines=checked.machines))
        return
    print_table(
        [_("asset tag"), _("day"), _("rule"), _("found")],
        [
            [entry.asset_tag or "–", entry.day or "–", label(entry.rule), entry.found]
            for entry in checked.violations
        ],
        title=_("{number} rules broken").format(number=len(checked.violations)),
    )


@app.command(help=_("What the proposal changes: who gets a date, who another one, and why."))
def diff(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import plan_check

    application = invocation(context).application()
    difference = plan_check.diff(application.database)
    if as_json:
        print_json(_difference_json(difference))
    else:
        _print_difference(difference)


def _difference_json(difference: "Difference") -> dict[str, Any]:
    return {
        "plan": difference.plan_id,
        "kept": difference.kept,
        "unaffected_moved": difference.unaffected_moved,
        "announced_moved": difference.announced_moved,
        "changes": [
            {
                "asset_tag": change.asset_tag,
                "from": change.from_day.isoformat() if change.from_day else None,
                "to": change.to_day.isoformat() if change.to_day else None,
                "why": change.why.value if change.why else None,
                "announced": change.announced,
            }
            for change in difference.changes
        ],
    }


def _print_difference(difference: "Difference") -> None:
    print_table(
        [_("asset tag"), _("day so far"), _("new day"), _("why")],
        [
            [change.asset_tag, change.from_day or "–", change.to_day or "–", _why(change)]
            for change in difference.changes
        ],
        title=_("{number} dates of plan {plan} differ from those in force").format(
            number=len(difference.changes), plan=difference.plan_id
        ),
    )
    say(
        _("{kept} dates stay; {unaffected} unaffected and {announced} announced dates move").format(
            kept=difference.kept,
            unaffected=difference.unaffected_moved,
            announced=difference.announced_moved,
        )
    )


def _why(change: "Change") -> str:
    if change.why is None:
        return _("had no date")
    return _(change.why.meaning) + (" " + _("(announced)") if change.announced else "")


@app.command(help=_("Whether the cutover holds: finish day, probability, what endangers it."))
def forecast(context: typer.Context, as_json: AsJson = False) -> None:
    from rollout.application import forecast as forecasting

    application = invocation(context).application()
    made = forecasting.forecast(
        application.database, application.settings, now=application.clock.now()
    )
    if as_json:
        print_json(_forecast_json(made))
    else:
        _print_forecast(made)


def _forecast_json(made: "Forecast") -> dict[str, Any]:
    found = made.outlook
    return {
        "day": made.day,
        "cutover": made.cutover,
        "done": made.done,
        "left": made.left,
        "required_per_day": made.required_per_day,
        "actual_per_day": made.actual_per_day,
        "not_computable": made.missing,
        "p10": found.p10 if found else None,
        "p50": found.p50 if found else None,
        "p90": found.p90 if found else None,
        "probability": found.probability if found else None,
        "endangered": [
            {"site": site, "late": share} for site, share in (found.endangered if found else ())
        ],
    }


def _print_forecast(made: "Forecast") -> None:
    say(
        _("{day}: {done} done, {left} left until {cutover}").format(
            day=made.day, done=made.done, left=made.left, cutover=made.cutover
        )
    )
    say(
        _("machines a day: {required} required, {actual} on the last working days").format(
            required=made.required_per_day or "–", actual=made.actual_per_day or "–"
        )
    )
    if made.missing is not None:
        say(_("not computable yet: {reason}").format(reason=made.missing))
    if made.outlook is None:
        return
    found = made.outlook
    say(
        _(
            "finish: {p10} (P10), {p50} (P50), {p90} (P90); probability of the cutover {share}"
        ).format(
            p10=found.p10 or "–",
            p50=found.p50 or "–",
            p90=found.p90 or "–",
            share=f"{found.probability:.0%}",
        )
    )
    for site, share in found.endangered[:3]:
        say(_("endangered by {site}: late in {share} of the trials").format(
            site=site, share=f"{share:.0%}"))  # fmt: skip
