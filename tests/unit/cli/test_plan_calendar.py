"""The map of days: every line as wide as it may be, every day marked, in both languages."""

from datetime import date

import pytest
from rich.cells import cell_len

from rollout.cli.plan_calendar import Row, calendar_lines
from rollout.planning.calendar import Span, WorkCalendar

CALENDAR = WorkCalendar(
    closed=(Span(date(2022, 12, 29), date(2023, 1, 3)),),
    frozen=(Span(date(2023, 1, 16), date(2023, 1, 20)),),
)
ROWS = [
    Row("本庁", {date(2022, 12, 27): 40, date(2023, 1, 4): 9}, 40),
    Row("尾鷲（東紀州地域活性化局）", {date(2023, 1, 5): 3}, 3, frozenset({1, 3})),
]


def _block(text: list[str], month: str, first: str) -> dict[str, list[str]]:
    """The lines of one block below its heading, cut at spaces, by their first word."""
    start = next(
        n for n, line in enumerate(text) if line == month and text[n + 1].split()[0] == first
    )
    lines = text[start + 1 : text.index("", start)]
    return {line.split()[0]: line.split()[1:] for line in lines}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [80, 100, 132, 200])
def test_no_line_is_wider_than_the_terminal_and_columns_stand_below_each_other(
    monkeypatch: pytest.MonkeyPatch, language: str, width: int
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", language)
    lines = [line.plain for line in calendar_lines(ROWS, CALENDAR, width)]
    assert max(map(cell_len, lines)) <= width
    blocks = "\n".join(lines[:-3]).split("\n\n")
    for block in filter(None, blocks):
        _month, days, *rows = block.strip("\n").split("\n")
        assert {cell_len(row) for row in rows[1:]} == {cell_len(days)}


def test_numbers_sums_and_the_reasons_for_empty_days_are_shown() -> None:
    text = [line.plain for line in calendar_lines(ROWS, CALENDAR, 200)]
    december = _block(text, "2022-12", "1")
    assert december["本庁"][26:] == ["40", "·", "C", "C", "-", "40"]
    january = _block(text, "2023-01", "1")
    # 1 January is a Sunday, 2 January a holiday, 3 January closed.
    assert january["本庁"][:6] == ["-", "H", "C", "9", "·", "·"]
    assert january["本庁"][15:20] == ["F"] * 5
    assert january["total"][3:5] == ["9", "3"]
    assert january["total"][-1] == "12"


def test_a_site_that_is_not_visited_has_an_empty_day() -> None:
    wednesday, thursday = date(2023, 1, 11), date(2023, 1, 12)
    row = Row("尾鷲", {date(2023, 1, 5): 3}, 3, frozenset({1, 3}))
    (line,) = [
        line.plain for line in calendar_lines([row], CALENDAR, 200) if line.plain.startswith("尾鷲")
    ]
    cells = {day: line[len("尾鷲") + 1 :][3 * (day.day - 1) :][:3] for day in (wednesday, thursday)}
    assert {day: cell.strip() for day, cell in cells.items()} == {wednesday: "", thursday: "·"}


def test_months_are_named_by_their_era_in_japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", "ja")
    text = [line.plain for line in calendar_lines(ROWS, CALENDAR, 80)]
    assert [line for line in text if line.startswith("令和")] == ["令和4年12月"] * 2 + [
        "令和5年1月"
    ] * 2


def test_nothing_planned_is_no_map() -> None:
    assert list(calendar_lines([Row("本庁", {}, 40)], CALENDAR, 80)) == []
