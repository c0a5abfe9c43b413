"""Sections of a paper: broken where a reader does not mind.

A section that one page holds is never broken. A longer one begins where its head and two rows have
room, and its last page has two rows as well, above the total.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from reportlab.platypus import CondPageBreak, Flowable, LongTable

from rollout.adapters.reports.pdf_page import HEIGHT, WIDTH

_TOGETHER = 2
"""So many rows stand by the head of a table and by its end."""
_MOST = HEIGHT / 2
"""Rows that are higher together are broken all the same: no page might hold them."""


def on_pages(sections: Sequence[Sequence[Flowable]]) -> Iterator[Flowable]:
    """The flowables of all sections, with breaks where they are needed."""
    return chain.from_iterable(map(_kept, sections))


def _kept(section: Sequence[Flowable]) -> Iterator[Flowable]:
    whole = sum(map(_height, section))
    yield CondPageBreak(whole if whole <= HEIGHT else min(_beginning(section), HEIGHT))
    yield from section


def _height(flowable: Flowable) -> float:
    _width, height = flowable.wrap(WIDTH, HEIGHT)
    return float(height + flowable.getSpaceBefore() + flowable.getSpaceAfter())


def _beginning(section: Sequence[Flowable]) -> float:
    """What the section needs of its first page."""
    needed = 0.0
    for flowable in section:
        if isinstance(flowable, LongTable):
            return needed + sum(_rows(flowable)[: 1 + _TOGETHER])
        needed += _height(flowable)
    return needed


def without_orphans(table: LongTable, *, total: bool) -> LongTable:
    """The table, so that no single row of it stands on a page; `total`: the last row is one."""
    rows = _rows(table)
    begin, end = 1 + _TOGETHER, _TOGETHER + total
    if sum(rows[:begin]) <= _MOST:
        table.setStyle([("NOSPLIT", (0, 0), (-1, min(begin, len(rows)) - 1))])
    if sum(rows[-end:]) <= _MOST:
        table.setStyle([("NOSPLIT", (0, -min(end, len(rows))), (-1, -1))])
    return table


def _rows(table: LongTable) -> Sequence[float]:
    # Measured with room for all of them; the library keeps what it found.
    table.wrap(WIDTH, float("inf"))
    heights: Sequence[float] = table._rowHeights
    return heights
