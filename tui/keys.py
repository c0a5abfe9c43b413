"""Key bindings whose descriptions follow the language."""

from dataclasses import replace

from textual.binding import ActiveBinding

from rollout.i18n import _


def N_(message: str) -> str:
    """Mark a msgid that is looked up later: classes are made before the language is chosen."""
    return message


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
