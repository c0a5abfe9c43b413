"""A long sheet on paper: A4 landscape, its head on every page.

Few columns are made as wide as one page. Many would be too small to read then: they are laid on
several pages beside one another, as the columns say, each with the first column before it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from rollout.application.exports.extract import Column

_A4 = 9
_MARGIN, _FOOT = 0.4, 0.6
_ROOM = 11.69 - 2 * _MARGIN
"""Inches between the margins."""
_DOTS = 96
_LARGEST = 100
ON_ONE_PAGE = 60
"""So many rows can still be read when they are made small enough for a page."""


def set_paper(sheet: Any, columns: Sequence[Column], programme: str, as_of: str) -> None:
    """What a sheet with these columns is printed with."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=_MARGIN, right=_MARGIN, top=_MARGIN, bottom=_FOOT)
    # A name of the programme must not become a code of the footer.
    name = programme.replace("&", "&&")[:100]
    sheet.set_footer(f"&L{name} {as_of}&R&P / &N", {"margin": 0.3})
    breaks = [place for place, column in enumerate(columns) if column.new_page]
    if not breaks:
        sheet.fit_to_pages(1, 0)
        return
    # Spreadsheets pass over breaks on sheets that are to be fitted to pages.
    sheet.set_v_pagebreaks(breaks)
    sheet.set_print_scale(_scale(columns, breaks))
    sheet.repeat_columns(0)
    sheet.print_across()


def _scale(columns: Sequence[Column], breaks: Sequence[int]) -> int:
    """Per cent at which the widest page still is one."""
    widest = max(sum(map(_inches, page)) for page in _pages(columns, breaks))
    # A little less: printers round widths of columns in their own way.
    return min(_LARGEST, int(92 * _ROOM / widest))


def _pages(columns: Sequence[Column], breaks: Sequence[int]) -> Iterator[Sequence[Column]]:
    yield columns[: breaks[0]]
    for begin, end in zip(breaks, [*breaks[1:], len(columns)], strict=True):
        yield [columns[0], *columns[begin:end]]


def _inches(column: Column) -> float:
    return (7 * column.width + 5) / _DOTS
