"""The fleet, through a window of a hundred rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from rollout.application import machines
from rollout.application.machines import Filter, Joined
from rollout.domain.words import msgid
from rollout.i18n import _
from tui.desk import Desk
from tui.filter_words import FilterRefused, parse
from tui.looks import machine_state
from tui.plain import plain
from tui.screens.machine import MachineScreen
from tui.screens.machine_keys import MachineKeys
from tui.widgets.live_table import Column, Row
from tui.widgets.window_table import WindowTable

WINDOW = 100


@dataclass(frozen=True)
class Window:
    """Which rows: those that match, the first behind the tag `after`."""

    wanted: Filter
    after: str


@dataclass(frozen=True)
class Found:
    """The rows of a window, and whether others follow."""

    rows: Sequence[Joined]
    more: bool


class MachinesScreen(MachineKeys):
    """Paged by key from the database, so that any fleet opens at once."""

    room = "machines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", msgid("filter"), key_display="/"),
        Binding("escape", "leave_filter", msgid("show all machines again"), show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._words = ""
        self._wanted = Filter()
        self._starts = [""]
        self._to_last_row = False

    def compose_room(self) -> ComposeResult:
        """The filter, hidden while nobody uses it, and the table."""
        yield Input(id="filter", compact=True)
        yield WindowTable(id="machines")

    def on_mount(self) -> None:
        """The table has the keys first."""
        super().on_mount()
        self.query_one(WindowTable).focus()
        self._show_filter(False)

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: state:failed,silent site:NAME gen:DK20 wave:1 use:spare; anything "
                "else is looked for in asset tag, computer name and owner."
            )
        ]

    def question(self) -> Window:
        """The window that is looked at."""
        return Window(self._wanted, self._starts[-1])

    def look(self, question: Window) -> Found:
        """Its rows, and one more to know whether others follow."""
        rows = machines.listing(
            self.desk.database, question.wanted, after=question.after, limit=WINDOW + 1
        )
        return Found(rows[:WINDOW], len(rows) > WINDOW)

    def paint(self, snapshot: Found) -> None:
        """Show them."""
        self.query_one("#filter", Input).placeholder = _(
            "state:failed site:… gen:DK20 wave:1, or part of tag, name, owner"
        )
        table = self.query_one(WindowTable)
        table.show_rows(_columns(), [self._row(joined) for joined in snapshot.rows])
        if self._to_last_row:
            self._to_last_row = False
            table.move_cursor(row=table.row_count - 1, animate=False)
        self.words.show_words(self._summary(snapshot))

    def _summary(self, found: Found) -> str:
        shown = _("filter: {words}").format(words=self._words) + "  " if self._words else ""
        if not found.rows:
            return shown + _("no machine matches")
        first = (len(self._starts) - 1) * WINDOW + 1
        last = first + len(found.rows) - 1
        more = _(", more below") if found.more else ""
        return shown + _("machines {first}–{last}{more}").format(
            first=f"{first:,}", last=f"{last:,}", more=more
        )

    def _row(self, joined: Joined) -> Row:
        machine = joined.machine
        return Row(
            machine.asset_tag,
            [
                plain(machine.asset_tag),
                machine_state(machine.state),
                plain(self.desk.local(machine.state_since)),
                plain(joined.site),
                plain(joined.owner),
                plain(" ".join(filter(None, (joined.bureau, joined.division)))),
                plain(machine.computer_name),
                plain(joined.wave),
                plain(f"{machine.planned_day:%m-%d}" if machine.planned_day else ""),
                plain(joined.spare or (f"→{joined.stands_in_for}" if joined.stands_in_for else "")),
                plain(joined.cause),
            ],
        )

    def chosen(self) -> Joined | None:
        """The machine under the cursor."""
        tag = self.query_one(WindowTable).chosen
        if self.last is None:
            return None
        rows: Sequence[Joined] = self.last.snapshot.rows
        return next((joined for joined in rows if joined.machine.asset_tag == tag), None)

    def on_window_table_edge_reached(self, message: WindowTable.EdgeReached) -> None:
        """Go to the next or the previous window."""
        if self.last is None:
            return
        found: Found = self.last.snapshot
        if message.forward and found.more:
            self._starts.append(found.rows[-1].machine.asset_tag)
            self.query_one(WindowTable).move_cursor(row=0, animate=False)
        elif not message.forward and len(self._starts) > 1:
            self._starts.pop()
            self._to_last_row = True
        else:
            return
        self.look_now()

    def on_window_table_start_requested(self) -> None:
        """Back to the first window."""
        self._starts = [""]
        self.look_now()

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible."""
        self.refresh_keys()

    def on_data_table_row_selected(self, event: WindowTable.RowSelected) -> None:
        """Show everything that is known of the machine."""
        self.app.push_screen(MachineScreen(self.desk, str(event.row_key.value)))

    def filter_by(self, words: str) -> None:
        """Show the machines that match. An impossible filter is told and changes nothing."""
        try:
            self._wanted = parse(words)
        except FilterRefused as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._words = words.strip()
        self._starts = [""]
        if self.is_mounted:
            self.query_one("#filter", Input).value = self._words
            self.query_one(WindowTable).move_cursor(row=0, animate=False)
            self.look_now()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Filter, and give the keys back to the table."""
        self.filter_by(event.value)
        self._show_filter(False)

    def action_filter(self) -> None:
        """Let the operator type."""
        self._show_filter(True)

    def action_leave_filter(self) -> None:
        """Leave the field as it was; from the table, show all machines again."""
        if self.query_one("#filter").display:
            self.query_one("#filter", Input).value = self._words
            self._show_filter(False)
        elif self._words:
            self.filter_by("")

    def _show_filter(self, shown: bool) -> None:
        field = self.query_one("#filter", Input)
        field.display = shown
        (field if shown else self.query_one(WindowTable)).focus()


def _columns() -> list[Column]:
    return [
        Column("tag", _("asset tag"), widest=12),
        Column("state", _("state"), widest=14),
        Column("since", _("since"), widest=11),
        Column("site", _("site"), widest=16),
        Column("owner", _("owner"), widest=16),
        Column("department", _("department"), widest=30, from_width=120),
        Column("computer", _("computer"), widest=16, from_width=120),
        Column("wave", _("wave"), widest=8),
        Column("day", _("day"), widest=5),
        Column("spare", _("spare"), widest=13, from_width=100),
        Column("cause", _("cause"), rest=True, from_width=100),
    ]
