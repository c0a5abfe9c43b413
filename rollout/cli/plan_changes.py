"""`rollout plan check` and `rollout plan diff`"""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.planning.checking import Change, Checked, Difference

SHOWN = 30
"""Machines that are listed before the rest is only counted."""


def check(context: typer.Context, as_json: AsJson = False) -> None:
    """The command `plan check`."""
    from rollout.application.planning import checking

    application = invocation(context).application()
    checked = checking.check(
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
                "found": str(violation.found),
            }
            for violation in checked.violations
        ],
    }


def _print_checked(checked: "Checked") -> None:
    from rollout.application.planning.words import found_words
    from rollout.i18n.labels import label

    if not checked.violations:
        say(
            _("{machines} {machines:date keeps|dates keep} every rule").format(
                machines=checked.machines
            )
        )
        return
    print_table(
        [_("asset tag"), _("day"), _("rule"), _("found")],
        [
            [entry.asset_tag or "–", entry.day or "–", label(entry.rule), found_words(entry)]
            for entry in checked.violations[:SHOWN]
        ],
        title=_("{number} {number:rule|rules} broken").format(number=len(checked.violations)),
    )
    _rest(len(checked.violations))


def diff(
    context: typer.Context,
    every: Annotated[
        bool, typer.Option("--all", help=_("list every machine, those without a date before too"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The command `plan diff`."""
    from rollout.application.planning import checking

    application = invocation(context).application()
    difference = checking.diff(application.database)
    if as_json:
        print_json(_difference_json(difference))
    else:
        _print_difference(difference, every)


def _difference_json(difference: "Difference") -> dict[str, Any]:
    return {
        "plan": difference.plan_id,
        "kept": difference.kept,
        "new": difference.new,
        "unaffected_moved": difference.unaffected_moved,
        "announced_moved": difference.announced_moved,
        "unaffected_announced_moved": difference.unaffected_announced_moved,
        "changes": [
            {
                "asset_tag": change.asset_tag,
                "from": change.from_day.isoformat() if change.from_day else None,
                "to": change.to_day.isoformat() if change.to_day else None,
                "why": change.why.value if change.why else None,
                "announced": change.announced,
                "site": change.site,
                "department": change.department,
                "owner": change.owner,
            }
            for change in difference.changes
        ],
    }


def _print_difference(difference: "Difference", every: bool) -> None:
    moves = difference.moves
    say(
        _(
            "plan {plan}: {new} {new:machine gets its|machines get their} first date, "
            "{moved} another one, {kept} {kept:keeps its own|keep theirs}"
        ).format(
            plan=difference.plan_id, new=difference.new, moved=len(moves), kept=difference.kept
        )
    )
    say(
        _("of the announced dates {announced} move, {unaffected} of them without need").format(
            announced=difference.announced_moved,
            unaffected=difference.unaffected_announced_moved,
        )
    )
    if moves:
        _print_reasons(moves)
    listed = [*moves, *(c for c in difference.changes if c.from_day is None)] if every else moves
    if not listed:
        return
    shown = listed if every else listed[:SHOWN]
    print_table(
        [_("asset tag"), _("site"), _("owner"), _("day so far"), _("new day"), _("why")],
        [
            [
                change.asset_tag,
                change.site or "–",
                change.owner or "–",
                change.from_day or "–",
                change.to_day or _("no date"),
                _why(change),
            ]
            for change in shown
        ],
    )
    if len(listed) > len(shown):
        say(_("and {number} more: see --all or --json").format(number=len(listed) - len(shown)))


def _print_reasons(moves: "list[Change]") -> None:
    """How many dates move for each reason, and how many of those were announced."""
    reasons = Counter(change.why for change in moves)
    announced = Counter(change.why for change in moves if change.announced)
    print_table(
        [_("why"), _("dates"), _("of them announced")],
        [
            [_(why.meaning) if why else "–", number, announced[why]]
            for why, number in reasons.most_common()
        ],
    )


def _why(change: "Change") -> str:
    if change.why is None:
        return _("had no date")
    return _(change.why.meaning) + (" " + _("(announced)") if change.announced else "")


def _rest(number: int) -> None:
    if number > SHOWN:
        say(_("and {number} more: see --json").format(number=number - SHOWN))


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "check": (check, _("Hold the proposal, else the dates in force, against every rule.")),
    "diff": (diff, _("What the proposal changes: who gets a date, who another one, and why.")),
}
