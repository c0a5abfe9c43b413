"""`rollout plan move` and `rollout plan discard`"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.confirming import confirm
from rollout.cli.invocation import AsJson, NeededReason, invocation
from rollout.cli.options import Tags, day_option
from rollout.cli.output import print_json, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.planning.moving import Verdict

SHOWN = 20
"""Broken rules that are spelt out before the rest is counted."""


def move(
    context: typer.Context,
    tags: Tags,
    reason: NeededReason,
    wave: Annotated[
        int | None, typer.Option("--wave", help=_("into this wave, on one of its days"), min=1)
    ] = None,
    day: Annotated[date | None, day_option("--day", _("to this day"))] = None,
    check: Annotated[
        bool, typer.Option("--check", help=_("only say what the checker says; write nothing"))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=_("propose it with broken rules"))] = False,
    as_json: AsJson = False,
) -> None:
    """The command `plan move`."""
    from rollout.application.planning import into_wave, moving

    if (wave is None) is (day is None):
        raise typer.BadParameter(_("give either --wave or --day"))
    given = invocation(context)
    application = given.application()
    database, settings = application.database, application.settings
    now = application.clock.now()
    if wave is not None:
        verdict = into_wave.judge(database, settings, tags, wave, now=now)
    elif day is not None:
        verdict = moving.judge(database, settings, tags, day, now=now)
    if as_json:
        print_json(_as_json(verdict))
    else:
        _print(verdict)
    if check:
        return
    if verdict.broken:
        confirm(_("Propose it all the same?"), yes=yes)
    operator = application.operator(given.actor)
    if wave is not None:
        into_wave.move(database, settings, tags, wave, operator=operator, reason=reason, now=now)
    elif day is not None:
        moving.move(database, settings, tags, day, operator=operator, reason=reason, now=now)
    if not as_json:
        say(_("proposed; `rollout plan diff`, then `rollout plan commit`"))


def _as_json(verdict: "Verdict") -> dict[str, Any]:
    return {
        "machines": list(verdict.tags),
        "waves": list(verdict.waves),
        "days": list(verdict.days),
        "announced": verdict.announced,
        "broken": [
            {
                "rule": entry.rule.value,
                "asset_tag": entry.asset_tag,
                "day": entry.day.isoformat() if entry.day else None,
                "found": str(entry.found),
            }
            for entry in verdict.broken
        ],
        "broken_before": verdict.before,
    }


def _print(verdict: "Verdict") -> None:
    from rollout.application.planning.words import checker_lines

    say(
        _("{count} {count:machine|machines} to wave {waves}: {days}").format(
            count=len(verdict.tags),
            waves=", ".join(map(str, verdict.waves)) or "–",
            days=", ".join(map(str, verdict.days)) or "–",
        )
    )
    for line in checker_lines(verdict.broken, verdict.before, SHOWN):
        say(line)
    if verdict.announced:
        say(
            _(
                "! {count:The owner|The owners} of {count} {count:was|were} told of another day."
            ).format(count=verdict.announced)
        )


def discard(context: typer.Context) -> None:
    """The command `plan discard`."""
    from rollout.application.planning import moving

    given = invocation(context)
    application = given.application()
    number = moving.discard(application.database, operator=application.operator(given.actor))
    say(_("proposal {number} is discarded; the days in force stay").format(number=number))


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "move": (
        move,
        _("Propose another wave or day for machines; the checker's verdict comes first."),
    ),
    "discard": (discard, _("Take the proposal away; the days in force stay.")),
}
