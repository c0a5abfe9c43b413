"""Every tone can be read on its ground."""

import pytest
from textual.color import Color

from tui.themes import DARK, DARK_TONES, GOOD_ON_BAR, LIGHT, LIGHT_TONES, WARN_ON_BAR


@pytest.mark.parametrize(("theme", "tones"), [(DARK, DARK_TONES), (LIGHT, LIGHT_TONES)])
def test_every_tone_has_the_contrast_of_wcag_aa(theme, tones):
    ground = Color.parse(theme.surface)
    for name, tone in tones.items():
        assert _contrast(Color.parse(tone), ground) >= 4.5, name


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("tone", [GOOD_ON_BAR, WARN_ON_BAR])
def test_what_the_first_line_says_of_the_daemon_can_be_read_in_both_themes(theme, tone):
    ground = Color.parse(theme.to_color_system().generate()["primary-darken-2"])
    assert _contrast(Color.parse(tone.removeprefix("bold ")), ground) >= 4.5


def _contrast(one: Color, other: Color) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour.rgb)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
