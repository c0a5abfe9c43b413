"""`rollout readiness`"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import OnlyPeople
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.readiness.query import PersonReadiness, Readiness

SHOWN = 50
"""People that are printed before the rest is only counted."""


def readiness(
    context: typer.Context,
    department: Annotated[
        list[str] | None,
        typer.Option(help=_("only this bureau, or bureau and division with a space between")),
    ] = None,
    wave: Annotated[list[int] | None, typer.Option(help=_("only people of these waves"))] = None,
    person: OnlyPeople = None,
    not_ready: Annotated[
        bool, typer.Option("--not-ready", help=_("name only people who are not ready"))
    ] = False,
    offices: Annotated[
        bool, typer.Option("--offices", help=_("the figures of every office (division) as well"))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The command `readiness`."""
    from rollout.application.readiness.query import Wanted
    from rollout.application.readiness.query import readiness as readiness_of

    application = invocation(context).application()
    wanted = Wanted(tuple(department or ()), tuple(wave or ()), tuple(person or ()))
    found = readiness_of(
        application.database, application.settings, application.clock.now(), wanted
    )
    named = [entry for entry in found.people if not (not_ready and entry.ready)]
    if as_json:
        print_json(_json(found, named))
    else:
        _print(found, named, offices=offices)


COMMANDS = {
    "readiness": (
        readiness,
        _("Who is ready for the cutover, and what stands in the way."),
    )
}


def _json(found: "Readiness", named: "list[PersonReadiness]") -> dict[str, Any]:
    return {
        "people": len(found.people),
        "ready": found.ready,
        "not_ready": len(found.people) - found.ready,
        "demanded": list(found.demanded),
        "missing": dict(found.missing),
        "obstacles": [
            {"part": entry.part, "people": entry.people, "alone": entry.alone}
            for entry in found.obstacles
        ],
        "by_department": [
            {
                "department": entry.bureau,
                "people": entry.people,
                "ready": entry.ready,
                "missing": dict(entry.missing),
            }
            for entry in found.departments
        ],
        "by_office": [
            {
                "department": entry.bureau,
                "division": entry.division,
                "people": entry.people,
                "ready": entry.ready,
                "missing": dict(entry.missing),
            }
            for entry in found.offices
        ],
        "persons": [
            {
                "staff_number": entry.staff_number,
                "name": entry.name,
                "department": entry.bureau,
                "division": entry.division,
                "wave": entry.wave,
                "promoter": entry.promoter,
                "ready": entry.ready,
                "missing": list(entry.missing),
            }
            for entry in named
        ],
    }


def _print(found: "Readiness", named: "list[PersonReadiness]", *, offices: bool = False) -> None:
    from rollout.i18n.labels import label

    say(
        _("{ready} of {people} people are ready").format(
            ready=found.ready, people=len(found.people)
        )
    )
    print_table(
        [_("missing"), _("people"), _("nothing else is missing")],
        [(label(entry.part), entry.people, entry.alone) for entry in found.obstacles],
    )
    parts = [label(part) for part in found.demanded]
    print_table(
        [_("department"), _("people"), _("ready"), *(f"-{part}" for part in parts)],
        [
            (entry.bureau or "-", entry.people, entry.ready, *entry.missing.values())
            for entry in found.departments
        ],
    )
    if offices:
        print_table(
            [_("office"), _("people"), _("ready"), *(f"-{part}" for part in parts)],
            [
                (
                    f"{entry.bureau} {entry.division}".strip() or "-",
                    entry.people,
                    entry.ready,
                    *entry.missing.values(),
                )
                for entry in found.offices
            ],
        )
    print_table(
        [_("staff number"), _("name"), _("department"), _("missing")],
        [
            (
                entry.staff_number,
                f"{entry.name} ({_('promoter')})" if entry.promoter else entry.name,
                f"{entry.bureau} {entry.division}".strip(),
                ", ".join(label(part) for part in entry.missing) or _("ready"),
            )
            for entry in named[:SHOWN]
        ],
    )
    if len(named) > SHOWN:
        say(_("and {count} more: see --json").format(count=len(named) - SHOWN))
