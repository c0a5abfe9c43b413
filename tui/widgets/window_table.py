"""A live table that is a window on more rows than it holds."""

from textual.message import Message

from tui.widgets.live_table import LiveTable


class WindowTable(LiveTable):
    """Says when the cursor wants to leave the window."""

    class EdgeReached(Message):
        """The cursor was moved beyond the first or the last row."""

        def __init__(self, *, forward: bool) -> None:
            super().__init__()
            self.forward = forward

    class StartRequested(Message):
        """The very first row was asked for."""

    @property
    def _at_end(self) -> bool:
        return self.cursor_row >= self.row_count - 1

    def action_cursor_down(self) -> None:
        """Down, also beyond the last row."""
        if self._at_end:
            self.post_message(self.EdgeReached(forward=True))
        else:
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """Up, also beyond the first row."""
        if self.cursor_row <= 0:
            self.post_message(self.EdgeReached(forward=False))
        else:
            super().action_cursor_up()

    def action_page_down(self) -> None:
        """A screenful down, also beyond the last row."""
        if self._at_end:
            self.post_message(self.EdgeReached(forward=True))
        else:
            super().action_page_down()

    def action_page_up(self) -> None:
        """A screenful up, also beyond the first row."""
        if self.cursor_row <= 0:
            self.post_message(self.EdgeReached(forward=False))
        else:
            super().action_page_up()

    def action_scroll_top(self) -> None:
        """To the first row of all, not of the window."""
        self.post_message(self.StartRequested())
        super().action_scroll_top()
