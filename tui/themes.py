"""Light and dark, with tones that people who confuse red and green can tell apart.

A tone is a name: Textual resolves it in its own texts, Rich in tables, so that what is on the
screen changes with the theme. Hues are those of Okabe and Ito, made lighter or darker until every
one of them can be read on its ground; a glyph or a word stands beside each.
"""

from collections.abc import Mapping
from dataclasses import replace

from rich.theme import Theme as Tones
from textual.theme import BUILTIN_THEMES, Theme

GOOD, BUSY, CALM, BAD, WARN = "$good", "$busy", "$calm", "bold $bad", "bold $warn"
HEAT = ("$heat1", "$heat2", "$heat3", "$heat4")
"""Up to a quarter, half, three quarters and all of what a day holds; a number stands in each."""

DARK_TONES: Mapping[str, str] = {
    "good": "#2fc79a",
    "busy": "#7cc4f0",
    "calm": "#a8a8a8",
    "bad": "#ff8a5c",
    "warn": "#f0c040",
}
GOOD_ON_BAR, WARN_ON_BAR = "#8ff0d0", "bold #f8d878"
"""In the first line, whose ground is dark in both themes."""
LIGHT_TONES: Mapping[str, str] = {
    "good": "#00664a",
    "busy": "#00538c",
    "calm": "#5a5a5a",
    "bad": "#a83200",
    "warn": "#7a5200",
}

DARK_HEAT = ("#ffffff on #26303a", "#ffffff on #1d4a6b", "#ffffff on #1a6a9c", "#000000 on #f0a030")
LIGHT_HEAT = (
    "#000000 on #e4ecf2",
    "#000000 on #bcd8ea",
    "#000000 on #86bbdd",
    "#ffffff on #a04800",
)


def _theme(name: str, like: str, tones: Mapping[str, str], surface: str) -> Theme:
    known = BUILTIN_THEMES[like]
    return replace(known, name=name, surface=surface, variables={**known.variables, **tones})


DARK = _theme("rollout-dark", "textual-dark", DARK_TONES, "#1e1e1e")
LIGHT = _theme("rollout-light", "textual-light", LIGHT_TONES, "#fafafa")
THEMES = (DARK, LIGHT)


def tones_of(theme: Theme) -> Tones:
    """The same tones for what Rich draws."""
    tones, heat = (DARK_TONES, DARK_HEAT) if theme.dark else (LIGHT_TONES, LIGHT_HEAT)
    return Tones(
        {
            **dict(zip(HEAT, heat, strict=True)),
            **{f"reverse ${name}": f"reverse {colour}" for name, colour in tones.items()},
            **{f"reverse bold ${name}": f"reverse bold {colour}" for name, colour in tones.items()},
            **{f"${name}": colour for name, colour in tones.items()},
            **{f"bold ${name}": f"bold {colour}" for name, colour in tones.items()},
        }
    )
