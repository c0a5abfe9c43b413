"""`?`: every key of the screen below."""

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from rollout.i18n import _
from tui.plain import plain
from tui.themes import CALM


class HelpScreen(ModalScreen[None]):
    """The list is made from the bindings themselves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss", ""),
        ("question_mark", "dismiss", ""),
        ("q", "dismiss", ""),
    ]

    def __init__(self, bindings: Iterable[ActiveBinding], notes: Iterable[str]) -> None:
        super().__init__()
        self._active = list(bindings)
        self._notes = list(notes)

    def compose(self) -> ComposeResult:
        """The notes of the room, then keys with what they do."""
        with VerticalScroll(id="help"):
            yield Static(plain(_("Keys"), "bold"), markup=False)
            for note in self._notes:
                yield Static(Text(note), markup=False)
            yield Static(self._table())
            yield Static(plain(_("Esc closes this"), "dim"), markup=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        seen: set[str] = set()
        for active in (*filter(ours, self._active), *filter(_of_lists, self._active)):
            binding = active.binding
            if not binding.description or binding.action in seen:
                continue
            seen.add(binding.action)
            key = Text(self.app.get_key_display(binding), style="bold")
            words = Text(binding.tooltip or binding.description)
            if not active.enabled:
                words.append("  " + _("(not now)"), CALM)
            table.add_row(key, words)
        return table


def ours(active: ActiveBinding) -> bool:
    """Declared by a room or the program, not by Textual for every screen."""
    declared = (
        binding
        for kind in type(active.node).__mro__
        if kind.__module__.startswith("tui.")
        for binding in vars(kind).get("BINDINGS", ())
    )
    return any(
        isinstance(binding, Binding)
        and (binding.key, binding.action) == (active.binding.key, active.binding.action)
        for binding in declared
    )


def _of_lists(active: ActiveBinding) -> bool:
    """Moves the cursor of the list that has the keys."""
    return not isinstance(active.node, App | Screen)
