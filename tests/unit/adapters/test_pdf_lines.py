"""Where lines of paper break."""

import pytest
from reportlab.lib.units import mm

from rollout.adapters.reports.pdf_grid import SIZE, paragraph
from rollout.adapters.reports.pdf_page import font
from rollout.i18n import language, use_language


@pytest.fixture(autouse=True)
def as_it_was():
    font()
    before = language()
    yield
    use_language(before)


def lines(text: str, width: float) -> list[str]:
    made = paragraph(text)
    made.wrap(width, 1_000)
    return [
        "".join(line[1]) if not isinstance(line[1], list) else " ".join(line[1])
        for line in made.blPara.lines
    ]


@pytest.mark.parametrize("name", ["ja", "en"])
def test_words_stay_whole(name: str) -> None:
    use_language(name)
    assert lines("unmeasured since Tuesday", 20 * mm) == ["unmeasured", "since Tuesday"]


@pytest.mark.parametrize("name", ["ja", "en"])
def test_what_is_longer_than_a_line_is_broken(name: str) -> None:
    use_language(name)
    text = "コミュニケーション基盤の供用開始"
    found = lines(text, 20 * mm)
    assert len(found) > 1
    assert "".join(found) == text
    # What must not begin a line hangs over its end.
    assert all((len(line) - 1) * SIZE <= 20 * mm for line in found)
