"""`rollout halt`, `rollout resume` and `rollout stops`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli.invocation import AsJson, Reason, invocation
from rollout.cli.output import moment, print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.domain.stop import StopScope

All = Annotated[bool, typer.Option("--all", help=_("the whole programme"))]
OfGeneration = Annotated[
    str | None, typer.Option("--generation", help=_("the machines of one generation"))
]
AtSite = Annotated[str | None, typer.Option("--site", help=_("the machines at one site"))]


def _wanted(everything: bool, generation: str | None, site: str | None) -> "tuple[StopScope, str]":
    from rollout.domain.stop import StopScope

    given = [
        *([(StopScope.ALL, "")] if everything else []),
        *([(StopScope.GENERATION, generation)] if generation else []),
        *([(StopScope.SITE, site)] if site else []),
    ]
    if len(given) != 1:
        raise typer.BadParameter(_("give exactly one of --all, --generation and --site"))
    return given[0]


def halt(
    context: typer.Context,
    everything: All = False,
    generation: OfGeneration = None,
    site: AtSite = None,
    reason: Reason = None,
) -> None:
    """Stop a part."""
    from rollout.application import stops

    scope, target = _wanted(everything, generation, site)
    given = invocation(context)
    application = given.application()
    stops.halt(
        application.database,
        scope,
        target,
        application.operator(given.actor),
        application.clock.now(),
        reason,
    )
    say(_("stopped: {place}; nothing begins there").format(place=stops.place(scope, target)))


halt.__doc__ = _("Let nothing begin any more: everywhere, in one generation or at one site.")


def resume(
    context: typer.Context,
    everything: All = False,
    generation: OfGeneration = None,
    site: AtSite = None,
    reason: Reason = None,
) -> None:
    """End a stop."""
    from rollout.application import stops

    scope, target = _wanted(everything, generation, site)
    given = invocation(context)
    application = given.application()
    stops.resume(
        application.database,
        scope,
        target,
        application.operator(given.actor),
        application.clock.now(),
        reason,
    )
    say(_("goes on: {place}").format(place=stops.place(scope, target)))
    left = stops.in_force(application.database)
    if left:
        say(
            _("{count} other {count:stop is|stops are} in force: see `rollout stops`").format(
                count=len(left)
            )
        )


resume.__doc__ = _("End a stop that `rollout halt` made.")


def stops_(context: typer.Context, as_json: AsJson = False) -> None:
    """The stops in force."""
    from rollout.application import stops
    from rollout.domain.stop import StopScope

    application = invocation(context).application()
    zone = application.settings.programme.zone
    found = stops.in_force(application.database)
    if as_json:
        print_json(
            [
                {
                    "scope": stop.scope,
                    "target": stop.target,
                    "reason": stop.reason,
                    "by": stop.actor,
                    "since": moment(stop.created_at, zone),
                }
                for stop in found
            ]
        )
        return
    if not found:
        say(_("no stop is in force"))
        return
    print_table(
        [_("stopped"), _("since"), _("who"), _("reason")],
        [
            [
                stops.place(StopScope(stop.scope), stop.target),
                moment(stop.created_at, zone),
                stop.actor,
                stop.reason,
            ]
            for stop in found
        ],
    )


stops_.__doc__ = _("The stops in force.")

COMMANDS: dict[str, Callable[..., None]] = {"halt": halt, "resume": resume, "stops": stops_}
