"""The line into which a filter is typed; there only while somebody types."""

from tui.widgets.typed_line import TypedLine


class FilterField(TypedLine):
    """Keeps the words in force beside those that are being typed."""

    def __init__(self) -> None:
        super().__init__(id="filter", compact=True)
        self.words = ""
        self.display = False

    def open(self) -> None:
        """Let the operator type."""
        self.display = True
        self.focus()

    def close(self) -> None:
        """Gone, with the words in force kept for the next time."""
        self.value = self.words
        self.display = False
