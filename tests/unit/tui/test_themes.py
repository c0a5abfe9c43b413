"""Every tone can be read on its ground."""

import pytest
from textual.color import Color

from tui.themes import DARK, DARK_TONES, LIGHT, LIGHT_TONES


@pytest.mark.parametrize(("theme", "tones"), [(DARK, DARK_TONES), (LIGHT, LIGHT_TONES)])
def test_every_tone_has_the_contrast_of_wcag_aa(theme, tones):
    ground = Color.parse(theme.surface)
    for name, tone in tones.items():
        dark, light = sorted((_luminance(Color.parse(tone)), _luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


def _luminance(colour: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour.rgb)
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
