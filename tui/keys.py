"""Key bindings whose descriptions follow the language."""

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
