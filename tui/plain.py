"""Text from outside as it is: never markup, never a control sequence, cut by terminal cells."""

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from rollout.domain.text import printable

ELLIPSIS = "…"


def plain(value: object, style: str = "") -> Text:
    """`value` as a text that is not parsed."""
    return Text(printable(value), style=style, no_wrap=True, end="")


def fitted(text: Text, width: int) -> Text:
    """`text` in at most `width` terminal cells, ending in an ellipsis when it was longer.

    Unlike Text.truncate it never leaves half of a double-width character behind.
    """
    if cell_len(text.plain) <= width:
        return text
    kept = set_cell_size(text.plain, max(width - 1, 0)).rstrip(" ") + ELLIPSIS
    return Text(kept, style=text.style, no_wrap=True, end="")
