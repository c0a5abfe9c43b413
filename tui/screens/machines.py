"""The fleet, through a window of a hundred rows."""

from collections.abc import Sequence
from typing import Any

from rollout.application import machines
from rollout.application.machines import Filter, Joined
from rollout.i18n import _
from tui.filter_words import parse
from tui.looks import machine_state
from tui.plain import plain
from tui.screens.machine import MachineScreen
from tui.screens.machine_keys import MachineKeys
from tui.screens.window_screen import WINDOW, Found, WindowScreen
from tui.widgets.live_table import Column, Row
from tui.widgets.window_table import WindowTable


class MachinesScreen(WindowScreen, MachineKeys):
    """Paged by key from the database, so that any fleet opens at once."""

    room = "machines"

    def parse(self, words: str) -> Filter:
        """The filter language of machines."""
        return parse(words)

    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[Joined]:
        """In the order of tags."""
        return machines.listing(self.desk.database, wanted, after=after or "", limit=limit)

    def place_of(self, item: Joined) -> str:
        """Its tag."""
        return item.machine.asset_tag

    def columns(self) -> list[Column]:
        """The columns in the language in force."""
        return _columns()

    def nothing(self) -> str:
        """No row."""
        return _("no machine matches")

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: state:failed,silent site:NAME gen:DK20 wave:1 use:spare; anything "
                "else is looked for in asset tag, computer name and owner."
            )
        ]

    def paint(self, snapshot: Found) -> None:
        """Show them."""
        self.field.placeholder = _(
            "state:failed site:… gen:DK20 wave:1, or part of tag, name, owner"
        )
        super().paint(snapshot)

    def summary(self, found: Found) -> str:
        """Where the window is."""
        if not found.rows:
            return self.nothing()
        first = (len(self._starts) - 1) * WINDOW + 1
        return _("machines {first}–{last}{more}").format(
            first=f"{first:,}",
            last=f"{first + len(found.rows) - 1:,}",
            more=_(", more below") if found.more else "",
        )

    def row(self, item: Joined) -> Row:
        """A machine."""
        return self._row(item)

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
        found: Joined | None = self.chosen_item()
        return found

    def on_data_table_row_selected(self, event: WindowTable.RowSelected) -> None:
        """Show everything that is known of the machine."""
        self.app.push_screen(MachineScreen(self.desk, str(event.row_key.value)))


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
