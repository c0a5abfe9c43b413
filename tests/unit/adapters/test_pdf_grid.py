"""Tables of the PDF where a page ends."""

import io
from collections.abc import Sequence

import pypdf
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from rollout.adapters.reports.pdf_grid import heading, table
from rollout.adapters.reports.pdf_page import FOOT, HEIGHT, MARGIN, PAGE, WIDTH, font
from rollout.adapters.reports.pdf_sections import on_pages
from rollout.application.exports.status.grids.form import Column, Grid


def grid(name: str, rows: int, *, total: bool = True, high: bool = False) -> Grid:
    """A table whose cells say of which one they are."""
    text = "理由" * 4000 if high else ""
    cells = [(f"{name}-{number}{text}", number) for number in range(rows)]
    if total:
        cells[-1] = (f"{name}-total", 1)
    return Grid(name, (Column("site"), Column("machines")), cells, total=total)


def printed(sections: Sequence[Sequence[Flowable]]) -> list[str]:
    """What stands on each page."""
    font()
    file = io.BytesIO()
    air = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
    frame = Frame(MARGIN, FOOT, WIDTH, HEIGHT, **air)
    document = BaseDocTemplate(file, pagesize=PAGE, pageTemplates=[PageTemplate(frames=[frame])])
    document.build([*on_pages(sections)])
    return [page.extract_text() for page in pypdf.PdfReader(file).pages]


@examples(max_examples=25, deadline=None)
@given(sizes=st.lists(st.integers(1, 130), min_size=1, max_size=6), total=st.booleans())
def test_no_row_stands_alone_and_what_one_page_holds_is_never_broken(
    sizes: list[int], total: bool
) -> None:
    names = [f"t{number}" for number in range(len(sizes))]
    grids = [grid(name, size, total=total) for name, size in zip(names, sizes, strict=True)]
    pages = printed([[heading(f"head-{one.title}"), table(one)] for one in grids])
    for name, one in zip(names, grids, strict=True):
        rows = [page.count(f"{name}-") - page.count(f"head-{name}-") for page in pages]
        there = [count for count in rows if count]
        assert sum(there) == len(one.rows)
        # About 33 rows are a page.
        assert len(there) == 1 or len(one.rows) > 25
        assert len(there) == 1 or min(there[0], there[-1] - total) >= 2
        (begins,) = (n for n, page in enumerate(pages) if f"head-{name}\n" in page)
        assert rows[begins] == there[0]


def test_rows_as_high_as_a_page_are_printed_all_the_same() -> None:
    pages = printed([[heading("h"), table(grid("high", 4, high=True))]])
    assert sum(page.count("high-") for page in pages) == 4
