"""The line above the keys: what is shown, and what does not answer."""

from textual.widgets import Static

from tui.plain import fitted, plain
from tui.themes import WARN


class StatusLine(Static):
    """A trouble stands before the room's own words until it is over."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._words = ""
        self._trouble: str | None = None
        self._shown = ""
        self._drawn: tuple[object, ...] = ()

    @property
    def text(self) -> str:
        """What stands there."""
        return self._shown

    @property
    def words(self) -> str:
        """What the room says, without a trouble before it."""
        return self._words

    def show_words(self, words: str) -> None:
        """What the room says about its rows."""
        self._words = words
        self._repaint()

    def show_trouble(self, trouble: str | None) -> None:
        """What hinders; None when it is over."""
        self._trouble = trouble
        self._repaint()

    def on_resize(self) -> None:
        """More or less of it has room."""
        self._repaint()

    def _repaint(self) -> None:
        trouble = f"! {self._trouble}  " if self._trouble else ""
        drawn = (trouble, self._words, self.size.width)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._shown = trouble + self._words
        # Cut here: the library would go on in a second line, at a space, and show the first only.
        line = plain("").append_text(fitted(plain(trouble, WARN), self.size.width))
        if (left := self.size.width - line.cell_len) > 1:
            line.append_text(fitted(plain(self._words), left))
        self.update(line, layout=False)
