"""Options whose values a person types: days of the calendar."""

from datetime import date
from typing import Any

import typer

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
