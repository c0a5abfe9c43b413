"""A line that takes what a Japanese keyboard types."""

from textual import events
from textual.widgets import Input


class TypedLine(Input):
    """Textual's own line drops the ideographic space, which Python calls not printable: a reason
    would be kept, and a name looked for, without the spaces that were typed."""

    def on_key(self, event: events.Key) -> None:
        """Take the space; every other key is the line's own business."""
        if event.key == "ideographic_space":
            self.replace("\N{IDEOGRAPHIC SPACE}", *self.selection)
            event.stop()
            event.prevent_default()
