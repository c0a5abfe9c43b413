"""An extract on paper: what it is of, its notes as tables, and no row for every value.

For the auditor's file: a summary per control and the list of what is lacking. Japanese is set in a
font that the file carries; pages bear number, moment and programme.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from rollout.adapters.reports.beside import Seal, beside
from rollout.application.exports.checks import checks
from rollout.application.exports.extract import Extract, Note
from rollout.application.exports.forms import Cell
from rollout.i18n import _, language

Progress = Callable[[int, int], None]
FONT = "IPAexGothic"
MOST = 5_000
"""So many lines of a note are printed; the sheet and the CSV have all."""
_LONGEST = 400
"""Characters of a cell: one that is higher than a page cannot be set."""


def write(path: Path, extract: Extract, seal: Seal, *, progress: Progress) -> None:
    """Write `extract` to `path`. Raises ExportFailed."""
    from reportlab.platypus import BaseDocTemplate, PageTemplate, Spacer

    from rollout.adapters.reports.pdf_page import PAGE, Pages, font, frame
    from rollout.adapters.reports.pdf_sections import on_pages

    font()
    done = 0
    for page in extract.shown():
        done += len(page[0])
        progress(done, extract.total)
    story: list[Any] = [_paragraph(extract.title, "title")]
    facts: list[tuple[str, Cell]] = [*extract.facts, (_("Rows"), extract.rows)]
    facts += checks(extract.reach)
    story += [_paragraph(f"{name}: {_told(value)}", "line") for name, value in facts]
    sections = []
    for note in extract.notes():
        section = [Spacer(1, 10), _paragraph(note.title, "heading"), _table(note)]
        if len(note.rows) > MOST:
            more = _("{count} more: see the sheet or the CSV").format(count=len(note.rows) - MOST)
            section.append(_paragraph(more, "line"))
        sections.append(section)
    story += on_pages(sections)
    pages = partial(
        Pages,
        moment=datetime.fromisoformat(extract.as_of),
        left=extract.programme,
        right=extract.as_of,
    )
    with beside(path, seal) as file:
        made = BaseDocTemplate(
            file,
            pagesize=PAGE,
            pageTemplates=[PageTemplate(frames=[frame()])],
            title=f"{extract.programme} {extract.title}",
            lang=language(),
        )
        made.build(story, canvasmaker=pages)


_SIZES = {
    "title": (16, 22),
    "heading": (12, 18),
    "line": (9, 13),
    "cell": (8, 10),
    "number": (8, 10),
}


def _paragraph(text: str, kind: str) -> Any:
    """Data, never markup."""
    from reportlab.platypus import Paragraph

    from rollout.adapters.reports.pdf_page import wrapping

    return Paragraph(_text(text), _look(kind, wrapping(text)))


@cache
def _look(kind: str, wrap: str) -> Any:
    from reportlab.lib.enums import TA_LEFT, TA_RIGHT
    from reportlab.lib.styles import ParagraphStyle

    size, leading = _SIZES[kind]
    return ParagraphStyle(
        kind,
        fontName=FONT,
        fontSize=size,
        leading=leading,
        wordWrap=wrap or None,
        alignment=TA_RIGHT if kind == "number" else TA_LEFT,
    )


def _table(note: Note) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.platypus import LongTable, TableStyle

    from rollout.adapters.reports.pdf_page import WIDTH
    from rollout.adapters.reports.pdf_sections import without_orphans

    shown = [
        column.shown([row[place] for row in note.rows[:MOST]])
        for place, column in enumerate(note.columns)
    ]
    weights = [8 if column.holds == "number" else column.width for column in note.columns]
    widths = [WIDTH * weight / sum(weights) for weight in weights]
    kinds = ["number" if column.holds == "number" else "cell" for column in note.columns]
    rows = [[_paragraph(column.heading, "cell") for column in note.columns]]
    rows += [
        [
            _paragraph(_in_cell(value, width), kind)
            for value, width, kind in zip(line, widths, kinds, strict=True)
        ]
        for line in zip(*shown, strict=True)
    ]
    look = TableStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.4, HexColor("#8899AA")),
            ("BACKGROUND", (0, 0), (-1, 0), HexColor("#DDE6EF")),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    return without_orphans(LongTable(rows, colWidths=widths, repeatRows=1, style=look), total=False)


def _in_cell(value: Cell, width: float) -> str:
    from rollout.adapters.reports.pdf_page import short

    return short(value, width - 12, 8) if isinstance(value, str) else _told(value)


def _told(value: Cell) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else f"{value:,}"


def _text(text: str) -> str:
    """As the text of a paragraph: 〓 for what the font has not."""
    from rollout.adapters.reports.pdf_page import plain

    text = plain(text)
    return escape(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
