"""The fleet, through a window of a hundred rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from rollout.application import machines
from rollout.application.machines import Filter, Joined
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.machine_order import BY_TAG, MachineOrder, Sorting
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from tui import bulk_actions, plan_actions
from tui.desk import Desk
from tui.filter_words import parse
from tui.looks import machine_word
from tui.screens.confirm import Answer
from tui.screens.machine import MachineScreen
from tui.screens.machine_keys import MachineKeys
from tui.screens.window_screen import WINDOW, Found, WindowScreen
from tui.themes import WARN
from tui.widgets.live_table import Column, Row, row_of
from tui.widgets.window_table import WindowTable

_OF_SEVERAL = frozenset(("hold", "release", "retry", "begin", "into_wave"))

_DATED_OR_NOT = (MachineState.REGISTERED, MachineState.PLANNED)
"""In these states a machine may still go to another wave, if its own has not begun."""


@dataclass(frozen=True)
class Ordered:
    """Which machines, and in which order."""

    filter: Filter
    sorting: Sorting


class MachinesScreen(WindowScreen, MachineKeys):
    """Paged by key from the database, so that any fleet opens at once."""

    room = "machines"
    _sorting = BY_TAG
    ACTS: ClassVar = {**MachineKeys.ACTS, "into_wave": OperatorRole.OPERATOR}
    SELDOM: ClassVar[tuple[str, ...]] = (
        "mark",
        "spare",
        "spare_back",
        "into_wave",
        "sort",
        "sort_back",
        "turn",
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", msgid("mark"), tooltip=msgid("mark this machine, or not")),
        Binding("A", "mark_window", msgid("mark these"), show=False),
        Binding("u", "unmark", msgid("unmark all"), show=False),
        Binding("o", "sort", msgid("sort"), tooltip=msgid("the next of the orders")),
        Binding("m", "into_wave", msgid("to a wave"), tooltip=msgid("move to another wave")),
        Binding("O", "sort_back", msgid("sort back"), show=False),
        Binding(
            "i", "turn", msgid("turn round"), tooltip=msgid("the list from its end"), show=False
        ),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._marked: dict[str, None] = {}

    def action_sort(self) -> None:
        """Read the list in the next order."""
        self._sort(self._sorting.beside(1))

    def action_sort_back(self) -> None:
        """Read the list in the order before."""
        self._sort(self._sorting.beside(-1))

    def action_turn(self) -> None:
        """Read the list from its other end."""
        self._sort(self._sorting.turned_round())

    def on_data_table_header_selected(self, event: WindowTable.HeaderSelected) -> None:
        """Sort by the column whose heading was clicked; if it is that already, turn the list."""
        key = str(event.column_key.value)
        if key == self._sorting.order:
            self.action_turn()
        elif key in list(MachineOrder):
            self._sort(Sorting(MachineOrder(key)))
        elif event.label.plain:
            orders = ", ".join(label(order) for order in MachineOrder)
            words = _("no order by {column}; there is: {orders}")
            told = words.format(column=event.label.plain.strip(), orders=orders)
            self.notify(told, markup=False)

    def _sort(self, sorting: Sorting) -> None:
        self._sorting = sorting
        self.wanted = replace(self.wanted, sorting=sorting)
        self.from_the_start()

    def action_mark(self) -> None:
        """Mark the machine under the cursor, or take its mark away, and go on to the next."""
        found = self.chosen()
        if found is not None:
            tag = found.machine.asset_tag
            if tag in self._marked:
                del self._marked[tag]
            else:
                self._marked[tag] = None
            self.repaint()
            self.main_table().action_cursor_down()

    def action_mark_window(self) -> None:
        """Mark every machine of the window."""
        if self.last is not None:
            self._marked |= dict.fromkeys(one.machine.asset_tag for one in self.last.snapshot.rows)
            self.repaint()

    def action_unmark(self) -> None:
        """Take all marks away."""
        self._marked.clear()
        self.repaint()

    def possible(self, action: str) -> bool:
        """With marks, what may be asked of several; which can follow is looked up then."""
        if self._marked:
            return action in _OF_SEVERAL
        if action == "into_wave":
            found = self.chosen() if self.is_mounted else None
            return found is not None and found.machine.state in _DATED_OR_NOT
        return super().possible(action)

    def chosen_tags(self) -> list[str]:
        """The marked machines, else the one under the cursor."""
        return list(self._marked) or super().chosen_tags()

    def act_on_chosen(self, verb: MachineVerb) -> None:
        """Ask for all marked machines, else for the one under the cursor."""
        if not self._marked:
            super().act_on_chosen(verb)
            return
        tags = list(self._marked)
        self.look_up_and_ask(
            f"{verb} marked",
            partial(bulk_actions.question, self.desk, tags, verb),
            partial(self._answered_for, tags, verb),
        )

    def _answered_for(self, tags: list[str], verb: MachineVerb, answer: Answer) -> None:
        self._marked.clear()
        work = partial(bulk_actions.carry_out, self.desk, tags, verb, answer.reason)
        self.act(f"{verb} {len(tags)} machines", work)

    def action_into_wave(self) -> None:
        """Ask which wave, then show what the checker says, then propose it."""
        tags = self.chosen_tags()
        if tags:
            self.ask(plan_actions.which_wave(tags), partial(self._wave_named, tags))

    def _wave_named(self, tags: list[str], answer: Answer) -> None:
        words = answer.reason or ""
        self.look_up_and_ask(
            f"judge {len(tags)} machines",
            partial(plan_actions.into_wave_question, self.desk, tags, words),
            partial(self._into_wave, tags, words),
        )

    def _into_wave(self, tags: list[str], words: str, answer: Answer) -> None:
        self._marked.clear()
        work = partial(plan_actions.move_into_wave, self.desk, tags, words, answer.reason or "")
        self.act(f"{len(tags)} machines to wave {words}", work)

    def parse(self, words: str) -> Ordered:
        """The filter language of machines; the order stays."""
        return Ordered(parse(words), self._sorting)

    def fetch(self, wanted: Any, after: Any, limit: int) -> Sequence[Joined]:
        """In the order that was chosen."""
        return machines.listing(
            self.desk.database,
            wanted.filter,
            after=after or "",
            limit=limit,
            sorting=wanted.sorting,
        )

    def place_of(self, item: Joined) -> str:
        """Its tag."""
        return item.machine.asset_tag

    def columns(self) -> list[Column]:
        """The columns in the language in force; that of the marks only while there are any."""
        return [*([Column("mark", "", widest=1)] if self._marked else []), *_columns()]

    def drawn_columns(self) -> list[Column]:
        """An arrow at the column that the list is sorted by; up, when that is from the end."""
        arrow, by = "▴" if self._sorting.turned else "▾", self._sorting.order
        return [
            replace(column, label=f"{column.label} {arrow}") if column.key == by else column
            for column in self.columns()
        ]

    def nothing(self) -> str:
        """No row."""
        if self.field.words:
            return _("no machine matches")
        return _("no machine yet: `rollout import ledger FILE` brings them")

    def notes(self) -> list[str]:
        """The words of the filter."""
        return [
            _(
                "Filter words: state:failed,silent site:NAME gen:DK20 wave:1 use:spare; anything "
                "else is looked for in asset tag, computer name and owner."
            ),
            _("A click on a heading sorts by it, a second one turns the list round."),
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
        marked = _("{count} marked").format(count=len(self._marked)) + "  " if self._marked else ""
        first = (len(self._starts) - 1) * WINDOW + 1
        return (
            marked
            + self._sorted_words()
            + _("machines {first}–{last}{more}").format(
                first=f"{first:,}",
                last=f"{first + len(found.rows) - 1:,}",
                more=_(", more below") if found.more else "",
            )
        )

    def _sorted_words(self) -> str:
        """How the list is sorted; nothing while that is as always."""
        if self._sorting == BY_TAG:
            return ""
        words = _("by {column}, from the end") if self._sorting.turned else _("by {column}")
        return words.format(column=label(self._sorting.order)) + "  "

    def row(self, item: Joined) -> Row:
        """A machine."""
        cells = self._cells(item)
        if self._marked:
            mark = "✓" if item.machine.asset_tag in self._marked else ""
            return row_of(item.machine.asset_tag, (mark, WARN), *cells)
        return row_of(item.machine.asset_tag, *cells)

    def manner(self) -> object:
        """Marks are a column of their own."""
        return super().manner(), tuple(self._marked)

    def _cells(self, joined: Joined) -> Iterator[tuple[object, str]]:
        machine = joined.machine
        yield machine.asset_tag, ""
        yield machine_word(machine.state)
        yield self.desk.local(machine.state_since), ""
        yield joined.site, ""
        yield joined.owner, ""
        yield " ".join(filter(None, (joined.bureau, joined.division))), ""
        yield machine.computer_name, ""
        yield joined.wave, ""
        yield f"{machine.planned_day:%m-%d}" if machine.planned_day else "", ""
        yield joined.spare or (f"→{joined.stands_in_for}" if joined.stands_in_for else ""), ""
        yield joined.cause, ""

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
