"""The last line: the keys that work here, a click on one of which presses it.

Where not all of them have room it ends with `…`: the help has them all.

Textual's own footer is a widget for each key and is made anew, with the layout of the whole screen,
whenever another key becomes possible: with every step of the cursor to a row in another state.
"""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import ActiveBinding
from textual.screen import Screen
from textual.widgets import Static

from tui.plain import ELLIPSIS, plain

_KEY = "key"
_TOOLTIP = "tooltip"


def _fitted(texts: Sequence[Text], width: int) -> Text:
    """As many as have room, none in part."""
    line, used = Text(no_wrap=True, end=""), 0
    for number, text in enumerate(texts, 1):
        needed = cell_len(text.plain) + 1
        if used + needed + (number < len(texts)) > width + 1:
            return line.append(ELLIPSIS)
        line.append_text(text).append(" ")
        used += needed
    return line


class KeyLine(Static):
    """Impossible keys are dim; those of actions that do not exist for the operator are absent."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--words"}

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._shown: tuple[object, ...] = ()

    @property
    def text(self) -> str:
        """What stands there."""
        return str(self.content)

    def on_mount(self) -> None:
        """Follow the screen's keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._shown = ()
        if self.is_attached:
            self.call_after_refresh(self.repaint)

    def _changed(self, _screen: Screen[object]) -> None:
        # Behind the paint of the row on which the cursor now stands.
        self.call_after_refresh(self.repaint)

    def repaint(self) -> None:
        """Draw the line when it has changed."""
        if not self.is_attached:
            return  # the screen was left before the paint that this waited for
        keys = [found for found in self.screen.active_bindings.values() if found.binding.show]
        shown = (
            self.size.width,
            *((one.binding.key, one.binding.description, one.enabled) for one in keys),
        )
        if shown == self._shown:
            return
        self._shown = shown
        # An action with several keys is shown with its first.
        first = {found.binding.action: found for found in reversed(keys)}
        texts = [
            self._key(first[action]) for action in dict.fromkeys(k.binding.action for k in keys)
        ]
        self.update(_fitted(texts, self.size.width), layout=False)

    def on_resize(self) -> None:
        """More or fewer keys have room."""
        self.repaint()

    def _key(self, found: ActiveBinding) -> Text:
        binding = found.binding
        meta = {_KEY: binding.key, _TOOLTIP: found.tooltip or binding.tooltip or ""}
        about = Style.from_meta(meta) + Style(dim=not found.enabled)
        text = plain(self.app.get_key_display(binding))
        text.stylize(self.get_component_rich_style("key-line--key") + about)
        words = plain(f" {binding.description}")
        words.stylize(self.get_component_rich_style("key-line--words") + about)
        return text.append_text(words)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Say more of the key under the mouse."""
        self.tooltip = event.style.meta.get(_TOOLTIP) or None

    def on_click(self, event: events.Click) -> None:
        """Press it; whether it is possible is asked where every key is."""
        key = event.style.meta.get(_KEY)
        if key is not None:
            self.app.simulate_key(key)
