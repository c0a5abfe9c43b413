"""What a person types at the command line, read as the ledger reads it: days, tags, reasons."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer

from rollout.domain.identifiers import parse_asset_tag, parse_staff_number
from rollout.domain.periods import parse_days
from rollout.domain.text import ValueRefused
from rollout.i18n import _


def day_option(name: str, text: str, *, last: bool = True) -> Any:
    """An option that takes a day as people write it: 2022-11-01, R4.11.1, 令和4年11月1日.

    Of a longer span, such as 令和4年度, it is the last day, or with `last=False` the first one.
    """

    def read(value: str) -> date:
        try:
            found = parse_days(value)
        except ValueRefused as refused:
            why = f"{_(refused.reason)}: {_(refused.remedy)}".format(**refused.details)
            raise typer.BadParameter(why) from None
        return found.last if last else found.first

    return typer.Option(name, parser=read, help=text, metavar=_("DAY"))


def asset_tag(text: str) -> str:
    """The tag as the ledger's import would keep it; what is no tag stays, and is not found."""
    return _as_kept(parse_asset_tag, text)


def staff_number(text: str) -> str:
    """The staff number as the lists' imports would keep it; what is none stays."""
    return _as_kept(parse_staff_number, text)


def tag_or_number(text: str) -> str:
    """Either of the two."""
    tag = asset_tag(text)
    return tag if tag != text else staff_number(text)


def said(text: str) -> str:
    """A reason without the spaces around it. Raises BadParameter when nothing is left."""
    found = text.strip()
    if not found:
        raise typer.BadParameter(_("write why; spaces alone say nothing"))
    return found


def _as_kept(parse: Callable[[str], str], text: str) -> str:
    try:
        return parse(text)
    except ValueRefused:
        return text


Tag = Annotated[str, typer.Argument(help=_("asset tag"), metavar="TAG", parser=asset_tag)]
Tags = Annotated[
    list[str], typer.Argument(help=_("asset tags"), metavar="TAG...", parser=asset_tag)
]
StaffNumber = Annotated[str, typer.Argument(metavar="STAFF_NUMBER", parser=staff_number)]
OnlyPerson = Annotated[
    str | None,
    typer.Option("--person", parser=staff_number, metavar="N", help=_("only this staff number")),
]
OnlyPeople = Annotated[
    list[str] | None,
    typer.Option("--person", parser=staff_number, metavar="N", help=_("only these staff numbers")),
]
