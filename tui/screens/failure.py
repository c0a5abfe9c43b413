"""The machines that failed alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from rollout.application import failures, machines
from rollout.application.failures import FailureGroup
from rollout.application.machines import Filter, Joined
from rollout.domain.words import msgid
from rollout.i18n import _
from tui.desk import Desk
from tui.looks import machine_state
from tui.plain import plain
from tui.screens.failure_keys import FailureKeys
from tui.screens.machine import MachineScreen
from tui.themes import WARN
from tui.widgets.live_table import Column, LiveTable, Row

SHOWN = 200


@dataclass(frozen=True)
class Members:
    """The group as it is now, None when nothing of it is left, and the first of its machines."""

    group: FailureGroup | None
    rows: Sequence[Joined]


class FailureScreen(FailureKeys):
    """Enter shows a machine; the keys act on all of them, also on those that are not shown."""

    room = "failures"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", msgid("back")),
    ]

    def __init__(self, desk: Desk, group: FailureGroup) -> None:
        super().__init__(desk)
        self._group = group

    def compose_room(self) -> ComposeResult:
        """The cause in full, and the machines."""
        yield Static(id="cause", classes="words", markup=False)
        yield LiveTable(id="members")

    def look(self, question: object) -> Members:
        """The group that still holds machines of the one that was opened."""
        opened = set(self._group.tags)
        alike = [
            group
            for group in failures.groups(self.desk.database)
            if (group.state, group.step) == (self._group.state, self._group.step)
            and not opened.isdisjoint(group.tags)
        ]
        group = max(alike, key=lambda group: len(opened.intersection(group.tags)), default=None)
        if group is None:
            return Members(None, [])
        wanted = Filter(tags=tuple(group.tags[:SHOWN]))
        return Members(group, machines.listing(self.desk.database, wanted, limit=SHOWN))

    def paint(self, snapshot: Members) -> None:
        """Show them."""
        cause = plain(snapshot.group.cause if snapshot.group else self._group.cause, WARN)
        cause.no_wrap = False
        field = self.query_one("#cause", Static)
        if str(field.content) != cause.plain:
            field.update(cause)
        self.query_one(LiveTable).show_rows(
            _columns(), [self._row(joined) for joined in snapshot.rows]
        )
        self.words.show_words(_words(snapshot))

    def _row(self, joined: Joined) -> Row:
        machine = joined.machine
        return Row(
            machine.asset_tag,
            [
                plain(machine.asset_tag),
                machine_state(machine.state),
                plain(self.desk.local(machine.state_since)),
                plain(machine.attempt),
                plain(joined.site),
                plain(joined.owner),
                plain(joined.wave),
                plain(joined.spare),
                plain(joined.cause),
            ],
        )

    def chosen_group(self) -> FailureGroup | None:
        """The group of this screen."""
        return self.last.snapshot.group if self.last is not None else None

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show everything that is known of the machine."""
        self.app.push_screen(MachineScreen(self.desk, str(event.row_key.value)))


def _words(members: Members) -> str:
    if members.group is None:
        return _("none of these machines stands for this cause any more")
    count = len(members.group.tags)
    words = _("{count} {count:machine|machines} failed alike").format(count=f"{count:,}")
    if count > len(members.rows):
        words += _(", the first {number} are shown").format(number=len(members.rows))
    return words


def _columns() -> list[Column]:
    return [
        Column("tag", _("asset tag"), widest=12),
        Column("state", _("state"), widest=14),
        Column("since", _("since"), widest=11),
        Column("attempt", _("attempt"), widest=7),
        Column("site", _("site"), widest=16),
        Column("owner", _("owner"), widest=16),
        Column("wave", _("wave"), widest=8),
        Column("spare", _("spare"), widest=12, from_width=90),
        Column("cause", _("cause"), rest=True, from_width=110),
    ]
