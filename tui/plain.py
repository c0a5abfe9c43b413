"""Text from outside as it is: never markup, never a control sequence, cut by terminal cells."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from rollout.domain.text import printable

ELLIPSIS = "…"


def plain(value: object, style: str = "") -> Text:
    """`value` as a text that is not parsed."""
    return Text(printable(value), style=style, no_wrap=True, end="")


def whole(value: object, style: str = "") -> Text:
    """The same on as many lines as it takes: Japanese has no spaces at which a line could break."""
    return Text(printable(value), style=style, overflow="fold")


def fitted(text: Text, width: int) -> Text:
    """`text` in at most `width` terminal cells, ending in an ellipsis when it was longer.

    Unlike Text.truncate it never leaves half of a double-width character behind.
    """
    if cell_len(text.plain) <= width:
        return text
    kept = set_cell_size(text.plain, max(width - 1, 0)).rstrip(" ") + ELLIPSIS
    return Text(kept, style=text.style, no_wrap=True, end="")


def flowed(parts: Iterable[Text], width: int, gap: int = 3) -> Text:
    """As many `parts` in a line as have room, none of them divided.

    Whoever wraps a text takes every space for a place to do it, one that must not break too.
    """
    found, used = plain(""), 0
    found.no_wrap = False
    for part in parts:
        needed = cell_len(part.plain)
        if used and used + gap + needed > width:
            found.append("\n")
            used = 0
        elif used:
            found.append(" " * gap)
            used += gap
        found.append_text(part)
        used += needed
    return found
