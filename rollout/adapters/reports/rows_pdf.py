"""An extract on paper: what it is of, its notes as tables, and no row for every value.

For the auditor's file: a summary per control and the list of what is lacking. Japanese is set in a
font that the file carries; pages bear number, moment and programme.
"""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from rollout.adapters.reports.beside import ExportFailed, Seal, beside
from rollout.application.exports.checks import checks
from rollout.application.exports.extract import Extract, Note
from rollout.application.exports.forms import Cell
from rollout.domain.text import printable
from rollout.i18n import _

Progress = Callable[[int, int], None]
FONT = "IPAexGothic"
MOST = 5_000
"""So many lines of a note are printed; the sheet and the CSV have all."""
_LONGEST = 400
"""Characters of a cell: one that is higher than a page cannot be set."""


def write(path: Path, extract: Extract, seal: Seal, *, progress: Progress) -> None:
    """Write `extract` to `path`. Raises ExportFailed."""
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    register_font()
    looks = _looks()
    done = 0
    for page in extract.shown():
        done += len(page[0])
        progress(done, extract.total)
    story: list[Any] = [Paragraph(_text(extract.title), looks["title"])]
    facts: list[tuple[str, Cell]] = [*extract.facts, (_("Rows"), extract.rows)]
    facts += checks(extract.reach)
    story += [Paragraph(f"{_text(name)}: {_text(value)}", looks["line"]) for name, value in facts]
    for note in extract.notes():
        story += [Spacer(1, 10), Paragraph(_text(note.title), looks["heading"]), _table(note)]
        if len(note.rows) > MOST:
            more = _("{count} more: see the sheet or the CSV").format(count=len(note.rows) - MOST)
            story.append(Paragraph(_text(more), looks["line"]))
    with beside(path, seal) as file:
        # Without the date of today and random ids: the same rows give the same bytes.
        document = SimpleDocTemplate(
            file, pagesize=landscape(A4), leftMargin=36, rightMargin=36, topMargin=36,
            bottomMargin=40, title=f"{extract.programme} {extract.title}", invariant=1,
        )  # fmt: skip

        def footer(canvas: Any, _document: Any) -> None:
            canvas.setFont(FONT, 8)
            canvas.drawString(36, 22, f"{printable(extract.programme)}  {extract.as_of}")
            canvas.drawRightString(landscape(A4)[0] - 36, 22, str(canvas.getPageNumber()))

        document.build(story, onFirstPage=footer, onLaterPages=footer)


@cache
def register_font() -> None:
    """Make the embedded Japanese font known. Raises ExportFailed when its package is not there."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    # The package would change settings of matplotlib when it is imported; only its file is wanted.
    found = find_spec("matplotlib_fontja")
    places = list(found.submodule_search_locations or ()) if found else []
    for place in places:
        file = Path(place) / "fonts" / "ipaexg.ttf"
        if file.is_file():
            pdfmetrics.registerFont(TTFont(FONT, str(file)))
            return
    raise ExportFailed(_("the font of the PDF is missing: install the package matplotlib-fontja"))


def _looks() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    return {
        "title": ParagraphStyle("title", fontName=FONT, fontSize=16, leading=22, wordWrap="CJK"),
        "heading": ParagraphStyle("heading", fontName=FONT, fontSize=12, leading=18),
        "line": ParagraphStyle("line", fontName=FONT, fontSize=9, leading=13, wordWrap="CJK"),
    }


def _table(note: Note) -> Any:
    from reportlab.lib.colors import HexColor
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import LongTable, Paragraph, TableStyle

    cell = ParagraphStyle("cell", fontName=FONT, fontSize=8, leading=10, wordWrap="CJK")
    shown = [
        column.shown([row[place] for row in note.rows[:MOST]])
        for place, column in enumerate(note.columns)
    ]
    weights = [8 if column.holds == "number" else column.width for column in note.columns]
    room = landscape(A4)[0] - 72
    widths = [room * weight / sum(weights) for weight in weights]
    rows = [[Paragraph(_text(column.heading), cell) for column in note.columns]]
    rows += [
        [
            Paragraph(_text(_in_cell(value, width)), cell)
            for value, width in zip(line, widths, strict=True)
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
    return LongTable(rows, colWidths=widths, repeatRows=1, style=look)


def _in_cell(value: Cell, width: float) -> Cell:
    from rollout.adapters.reports.pdf_page import short

    return short(value, width - 12, 8) if isinstance(value, str) else value


def _text(value: Cell) -> str:
    """A value as the text of a paragraph: data, never markup, and 〓 for what the font has not."""
    from rollout.adapters.reports.pdf_page import plain

    if value is None:
        return ""
    text = plain(str(value))
    return escape(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
