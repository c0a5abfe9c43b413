"""A grid on a page."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import LongTable, Paragraph

from rollout.adapters.reports.colours import COLOURS, HEAD, LINE
from rollout.adapters.reports.pdf_page import FONT, INK, WIDTH, markup, short, wrapping
from rollout.adapters.reports.pdf_sections import without_orphans
from rollout.application.exports.status.grids.form import Cell, Change, Grid, Rate, Word
from rollout.application.exports.status.grids.head import day_text

SIZE = 7.5
_PADDING = 3


def paragraph(text: str, size: float = SIZE, **options: Any) -> Paragraph:
    """A text as it is, never markup."""
    return Paragraph(markup(text), _style(size, wrapping(text), **options))


@cache
def _style(size: float, wrap: str, **options: Any) -> ParagraphStyle:
    # Made once each: a long list has thousands of cells.
    base = {"fontName": FONT, "fontSize": size, "leading": size * 1.3, "textColor": INK}
    wanted = base | {"wordWrap": wrap or None} | options
    return ParagraphStyle("text", **(wanted | {"textColor": HexColor(wanted["textColor"])}))


def heading(text: str) -> Paragraph:
    """Above a grid."""
    return paragraph(text, 11, spaceBefore=8, spaceAfter=3)


def note(text: str) -> Paragraph:
    """A sentence below a grid."""
    return paragraph(text, 8, spaceBefore=3)


def table(grid: Grid, *, width: float = WIDTH, most: int | None = None) -> LongTable | Paragraph:
    """The grid, its head on every page; at most the first `most` rows.

    Without rows only the sentence that says so.
    """
    rows = grid.rows if most is None else grid.rows[:most]
    if not rows:
        return note(grid.empty)
    # Reportlab measures every cell: those of a long list are cheap only when they are short.
    cells = [
        [
            paragraph(column.heading, alignment=TA_CENTER, textColor="#FFFFFF")
            for column in grid.columns
        ]
    ]
    widths = _widths(grid, width)
    cells += [[*map(_shown, row, widths)] for row in rows]
    made = LongTable(cells, colWidths=widths, repeatRows=1)
    made.setStyle([*_LOOKS, *_tones(rows), *(_TOTAL if grid.total else ())])
    return without_orphans(made, total=grid.total)


def _widths(grid: Grid, width: float) -> Sequence[float]:
    whole = sum(column.width for column in grid.columns)
    return [width * column.width / whole for column in grid.columns]


def _shown(value: Cell, width: float) -> Paragraph:
    if isinstance(value, Word):
        ink = COLOURS[value.tone][1]
        return paragraph(value.text, alignment=TA_CENTER, textColor=ink)
    text = short(shown(value), width - 2 * _PADDING, SIZE)
    is_number = isinstance(value, int | float | Rate | Change)
    return paragraph(text, alignment=TA_RIGHT if is_number else TA_LEFT)


def shown(value: Cell) -> str:
    """A cell as a text for a reader."""
    if value is None:
        return ""
    if isinstance(value, Word):
        return value.text
    if isinstance(value, Rate):
        return f"{value.value:.1%}"
    if isinstance(value, Change):
        return f"{value.value:+,}" if value.value else "±0"
    if isinstance(value, datetime):
        return f"{day_text(value.date())} {value:%H:%M}"
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, int):
        return f"{value:,}" if value else "–"
    if isinstance(value, float):
        return f"{value:,.1f}" if value % 1 else f"{value:,.0f}"
    return value


_LOOKS = [
    ("GRID", (0, 0), (-1, -1), 0.4, HexColor(LINE)),
    ("BACKGROUND", (0, 0), (-1, 0), HexColor(HEAD)),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 1.6),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
    ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
    ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
]
_TOTAL = [
    ("BACKGROUND", (0, -1), (-1, -1), HexColor("#EEF2F6")),
    ("LINEABOVE", (0, -1), (-1, -1), 1, HexColor(INK)),
]


def _tones(rows: Sequence[Sequence[Cell]]) -> list[tuple[Any, ...]]:
    return [
        ("BACKGROUND", (x, y), (x, y), HexColor(COLOURS[value.tone][0]))
        for y, row in enumerate(rows, start=1)
        for x, value in enumerate(row)
        if isinstance(value, Word)
    ]
