"""`rollout plan constraints`"""

from collections.abc import Callable
from typing import Annotated

import typer

from rollout.cli.invocation import AsJson, invocation
from rollout.cli.options import tag_or_number
from rollout.cli.output import print_json, print_table, say
from rollout.domain.words import msgid
from rollout.i18n import _

_KINDS = {
    "pinned": msgid("pinned to the day"),
    "window": msgid("only within"),
    "absence": msgid("owner away"),
    "training": msgid("moved after the training"),
}


def constraints(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="TAG|NUMBER", parser=tag_or_number, help=_("an asset tag or a staff number")
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The command `plan constraints`."""
    from rollout.application.own_dates.listing import own_dates

    application = invocation(context).application()
    found = own_dates(application.database, application.settings, name)
    if as_json:
        print_json([entry._asdict() for entry in found])
        return
    if not found:
        say(_("no machine and no person has dates of their own"))
        return
    print_table(
        ["", _("limit"), _("first day"), _("last day"), _("source"), _("note")],
        [
            [
                entry.name,
                _(_KINDS[entry.kind]),
                entry.first,
                entry.last,
                _("imported") if entry.imported else "rollout.toml",
                entry.note,
            ]
            for entry in found
        ],
    )


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "constraints": (
        constraints,
        _("Absences, pinned days, windows and training that limit the days of single machines."),
    ),
}
