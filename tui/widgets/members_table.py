"""The machines of one day and site, under their departments."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from rollout.application.planning.views import Member
from rollout.i18n import _
from tui.exporting import Shown
from tui.looks import machine_state
from tui.plain import plain
from tui.themes import CALM, WARN
from tui.widgets.live_table import Column, LiveTable, Row

LISTED = 300
"""Machines of one day and site that are listed one by one."""
_DEPARTMENT = "department "
_REST = "the rest"


class MembersTable(LiveTable):
    """A row is a department or one of its machines: what is moved is either."""

    def show_members(self, members: Sequence[Member]) -> None:
        """List the first of them."""
        self.show_rows(_columns(), _rows(members))

    def of_chosen_row(self, members: Sequence[Member]) -> Sequence[Member]:
        """Those of `members` that the row under the cursor stands for."""
        key = self.chosen or ""
        if key.startswith(_DEPARTMENT):
            department = key.removeprefix(_DEPARTMENT)
            return [member for member in members if member.department == department]
        return [member for member in members if member.asset_tag == key]


def tag_of(key: str | None) -> str | None:
    """The machine of a row; None for a row that is no machine."""
    return None if key is None or key == _REST or key.startswith(_DEPARTMENT) else key


def members_shown(name: str, members: Sequence[Member]) -> Shown:
    """What an export holds: all the machines, without the lines of their departments."""

    def cells() -> list[Any]:
        return [list[Text](_machine(member).cells) for member in members]

    return Shown(name, [column.label or column.key for column in _columns()], cells)


def _rows(members: Sequence[Member]) -> list[Row]:
    sizes = Counter(member.department for member in members)
    rows, last = [], None
    for member in members[:LISTED]:
        if member.department != last:
            last = member.department
            head = [plain(last or "–", "bold"), plain(f"{sizes[last]:>4}", "bold")]
            rows.append(Row(_DEPARTMENT + last, [*head, *(plain("") for _column in range(4))]))
        rows.append(_machine(member))
    if len(members) > LISTED:
        more = _("… {count} more: e writes all of them").format(count=f"{len(members) - LISTED:,}")
        rows.append(Row(_REST, [plain(more, CALM), *(plain("") for _column in range(5))]))
    return rows


def _machine(member: Member) -> Row:
    return Row(
        member.asset_tag,
        [
            plain(f"  {member.asset_tag}"),
            plain(member.generation),
            machine_state(member.state),
            plain(member.owner),
            plain(member.wave),
            plain(f"← {member.before}" if member.before else "", WARN),
        ],
    )


def _columns() -> list[Column]:
    return [
        Column("tag", _("department, asset tag"), widest=34),
        Column("generation", _("gen."), widest=8),
        Column("state", _("state"), widest=14),
        Column("owner", _("owner"), widest=16),
        Column("wave", _("wave"), widest=8),
        Column("before", _("day in force"), rest=True),
    ]
