"""How an import tells of the cells that it refused, and of what deserves a look."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rollout.cli.output import print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.application.ledger.parsing import Fault
    from rollout.application.ledger.report import Remark

SHOWN = 30
"""Bad cells that are printed before the rest is only counted."""


def print_faults(faults: "Sequence[Fault]") -> None:
    """Row, column, value, reason and remedy of each."""
    if not faults:
        return
    print_table(
        [_("row"), _("column"), _("value"), _("reason"), _("remedy")],
        [
            [fault.row, fault.column, fault.value, fault.why(), fault.what_to_do()]
            for fault in faults[:SHOWN]
        ],
        title=_("bad cells"),
    )
    if len(faults) > SHOWN:
        say(_("and {number} more: see --json").format(number=len(faults) - SHOWN))


def print_unread(columns: "Sequence[str]") -> None:
    """The columns of a list that no field has: a name that is spelled otherwise is one of them."""
    if columns:
        say(_("columns that were not read: {columns}").format(columns=", ".join(columns)))


def print_remarks(remarks: "Iterable[Remark]") -> None:
    """Each with the first rows that it is about."""
    for remark in remarks:
        rows = ", ".join(map(str, remark.rows)) + (
            " ..." if remark.count > len(remark.rows) else ""
        )
        say(
            _("note: {message} ({count} {count:row|rows}: {rows})").format(
                message=remark.text(), count=remark.count, rows=rows
            )
        )
