"""Key bindings whose descriptions follow the language."""

from collections.abc import Collection
from dataclasses import replace

from textual.binding import ActiveBinding

from rollout.domain.words import msgid
from rollout.i18n import _

TEXTUAL = (
    msgid("Cursor up"),
    msgid("Cursor down"),
    msgid("Cursor left"),
    msgid("Cursor right"),
    msgid("Home"),
    msgid("End"),
    msgid("Page up"),
    msgid("Page down"),
    msgid("Page Left"),
    msgid("Page Right"),
    msgid("Page Up"),
    msgid("Page Down"),
    msgid("Scroll Up"),
    msgid("Scroll Down"),
    msgid("Scroll Left"),
    msgid("Scroll Right"),
    msgid("Select"),
    msgid("Top"),
    msgid("Bottom"),
)
"""Descriptions that Textual itself gives to the keys of its lists."""

_FIRST = ("help", "command_palette", "filter")
_OF_THE_ROOM = ""
_LAST = ("switch_language", "switch_theme", "quit")


def in_order(
    active: dict[str, ActiveBinding], seldom: Collection[str] = ()
) -> dict[str, ActiveBinding]:
    """What leads to everything else first, then what the room does, then what all rooms do.

    A narrow terminal cuts the line of keys off on the right: `?` and `:` stay, and with them the
    way to what was cut off. What a room does `seldom` stands behind the export.
    """
    order = (*_FIRST, _OF_THE_ROOM, "export", *seldom, *_LAST)

    def rank(found: ActiveBinding) -> int:
        action = found.binding.action
        return order.index(action if action in order else _OF_THE_ROOM)

    return dict(sorted(active.items(), key=lambda item: rank(item[1])))


def translated(active: dict[str, ActiveBinding]) -> dict[str, ActiveBinding]:
    """The same bindings, described in the language in force."""
    return {
        key: found._replace(
            binding=replace(
                found.binding,
                description=_(found.binding.description) if found.binding.description else "",
                tooltip=_(found.binding.tooltip) if found.binding.tooltip else "",
            )
        )
        for key, found in active.items()
    }
