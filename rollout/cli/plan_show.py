"""`rollout plan show`"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.application.planning.words import relaxation, without_a_place
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import moment, print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rollout.application.planning.views import GroupPlan, PlanView
    from rollout.settings import Settings

SHOWN = 15
"""Rows of each table of the overview; a table asked for by name is shown whole."""


class By(StrEnum):
    """What `--by` can name."""

    WAVE = "wave"
    DAY = "day"
    SITE = "site"
    DEPARTMENT = "department"
    CALENDAR = "calendar"


def show(
    context: typer.Context,
    by: Annotated[
        By | None, typer.Option("--by", help=_("one table, whole; calendar is a map of the days"))
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", help=_("only this site; can be repeated"))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The command `plan show`."""
    from rollout.application.planning import plans

    application = invocation(context).application()
    view = plans.show(application.database, site or ())
    if as_json:
        print_json(_as_json(view, application.settings.programme.zone))
        return
    _print_head(view, application.settings)
    _TABLES.get(by, _print_overview)(view, application.settings)
    if by is None:
        say(_("more: `rollout plan show --by wave|day|site|department|calendar`, `--site NAME`"))


def _as_json(view: "PlanView", zone: "ZoneInfo") -> dict[str, Any]:
    return {
        "plan": view.plan_id,
        "state": view.state,
        "created_at": moment(view.created_at, zone),
        "created_by": view.created_by,
        "committed_at": moment(view.committed_at, zone),
        "committed_by": view.committed_by,
        "placed": view.placed,
        "new": view.new,
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
        "sites": [group._asdict() for group in view.sites],
        "departments": [group._asdict() for group in view.departments],
        "unplaced": [
            {"asset_tag": tag, "reason": obstacle.value} for tag, obstacle in view.unplaced
        ],
        "relaxations": [entry._asdict() for entry in view.relaxations],
    }


def _print_head(view: "PlanView", settings: "Settings") -> None:
    if view.state == "proposed":
        title = _("plan {plan}, proposed by {name}").format(plan=view.plan_id, name=view.created_by)
    else:
        title = _("plan {plan}, committed by {name}").format(
            plan=view.plan_id, name=view.committed_by
        )
    say(title)
    if view.days:
        say(
            _("{machines} {machines:machine|machines}, {first} – {last}; cutover {cutover}").format(
                machines=view.placed,
                first=view.days[0].day,
                last=view.days[-1].day,
                cutover=settings.programme.cutover,
            )
        )
    if view.state == "proposed" and view.new != view.placed:
        say(_("{new} of these dates {new:is|are} new; `rollout plan diff`").format(new=view.new))


def _print_overview(view: "PlanView", settings: "Settings") -> None:
    _print_waves(view, settings, SHOWN)
    _print_sites(view, settings, SHOWN)
    _print_departments(view, settings, SHOWN)
    _print_unplaced(view)


def _print_waves(view: "PlanView", settings: "Settings", limit: int | None = None) -> None:
    print_table(
        [_("wave"), _("days"), _("machines"), _("sites")],
        [
            [
                f"{wave.number}{_(' (pilot)') if wave.pilot else ''}",
                f"{wave.first_day} – {wave.last_day}",
                wave.machines,
                _places(wave.sites, settings, limit),
            ]
            for wave in view.waves[:limit]
        ],
        title=_("by wave"),
    )
    _rest(len(view.waves), limit, By.WAVE)


def _print_days(view: "PlanView", settings: "Settings", limit: int | None = None) -> None:
    print_table(
        [_("day"), _("machines"), _("sites")],
        [
            [f"{day.day} {_weekday(day.day.weekday())}", day.machines,
             _places(day.sites, settings, limit)]
            for day in view.days[:limit]
        ],
        title=_("by day"),
    )  # fmt: skip


def _print_sites(view: "PlanView", settings: "Settings", limit: int | None = None) -> None:
    _print_groups(
        view.sites, _("site"), _("by site"), lambda name: shown_site(settings, name), limit
    )
    _rest(len(view.sites), limit, By.SITE)


def _print_departments(view: "PlanView", settings: "Settings", limit: int | None = None) -> None:
    _print_groups(
        view.departments, _("department"), _("by department"), lambda name: name or "–", limit
    )
    _rest(len(view.departments), limit, By.DEPARTMENT)


def _print_groups(
    groups: "Sequence[GroupPlan]",
    noun: str,
    title: str,
    shown: Callable[[str], str],
    limit: int | None,
) -> None:
    print_table(
        [noun, _("machines"), _("first day"), _("last day"), _("number of days"), _("most a day")],
        [
            [shown(name), machines, first, last, days, peak]
            for name, machines, first, last, days, peak in groups[:limit]
        ],
        title=title,
    )


def _print_calendar(view: "PlanView", settings: "Settings", limit: int | None = None) -> None:
    from rollout.cli.plan_calendar import print_calendar

    print_calendar(view, settings)


def _print_unplaced(view: "PlanView") -> None:
    if not view.unplaced:
        return
    from rollout.i18n.labels import label

    for obstacle, number in Counter(why for _tag, why in view.unplaced).most_common():
        say(without_a_place(obstacle, number))
    for entry in view.relaxations[:SHOWN]:
        say("  " + relaxation(entry))
    print_table(
        [_("asset tag"), _("without a place because")],
        [[tag, label(obstacle)] for tag, obstacle in view.unplaced[:SHOWN]],
    )
    if len(view.unplaced) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(view.unplaced) - SHOWN))


def _rest(number: int, limit: int | None, by: By) -> None:
    if limit is not None and number > limit:
        say(
            _("and {number} more: `rollout plan show --by {by}`").format(
                number=number - limit, by=by.value
            )
        )


def _places(sites: Mapping[str, int], settings: "Settings", limit: int | None) -> str:
    """`本庁 12, 尾鷲 3`, the largest first; in the overview only some of them."""
    ranked = sorted(sites.items(), key=lambda entry: (-entry[1], entry[0]))
    few = ranked if limit is None else ranked[:3]
    text = ", ".join(f"{shown_site(settings, site)} {machines}" for site, machines in few)
    return text + (f", +{len(ranked) - len(few)}" if len(few) < len(ranked) else "")


def shown_site(settings: "Settings", key: str) -> str:
    """The name of a site for people; – where the ledger has none."""
    return settings.site(key).name or key or "–"


def _weekday(number: int) -> str:
    from rollout.application.planning.days import weekday_names

    return weekday_names()[number]


_TABLES: "Mapping[By | None, Callable[[PlanView, Settings], None]]" = {
    By.WAVE: _print_waves,
    By.DAY: _print_days,
    By.SITE: _print_sites,
    By.DEPARTMENT: _print_departments,
    By.CALENDAR: _print_calendar,
}

COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "show": (
        show,
        _("The proposed plan, else the dates in force: by wave, day, site and department."),
    ),
}
