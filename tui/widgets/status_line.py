"""The line above the keys: what is shown, and what does not answer."""

from rich.text import Text
from textual.widgets import Static

from tui.plain import plain
from tui.themes import WARN


class StatusLine(Static):
    """A trouble stands before the room's own words until it is over."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._words = ""
        self._trouble: str | None = None
        self._shown = ""

    @property
    def text(self) -> str:
        """What stands there."""
        return self._shown

    def show_words(self, words: str) -> None:
        """What the room says about its rows."""
        self._words = words
        self._repaint()

    def show_trouble(self, trouble: str | None) -> None:
        """What hinders; None when it is over."""
        self._trouble = trouble
        self._repaint()

    def _repaint(self) -> None:
        line = Text(no_wrap=True, end="")
        if self._trouble:
            line.append_text(plain(f"! {self._trouble}  ", WARN))
        line.append_text(plain(self._words))
        if line.plain != self._shown:
            self._shown = line.plain
            self.update(line, layout=False)
