"""Tables of the PDF where a page ends."""

import pytest

from rollout.adapters.reports.pdf_grid import WIDTH, table
from rollout.application.exports.status.grids.form import Column, Grid


@pytest.mark.parametrize("room", [4, 5, 9, 10])
def test_a_total_never_stands_alone_on_the_next_page(room: int) -> None:
    rows = [(f"庁舎{number}", number) for number in range(room)]
    grid = Grid("庁舎別", (Column("site"), Column("machines")), [*rows, ("計", 1)], total=True)
    whole = table(grid)
    _width, height = whole.wrap(WIDTH, 10_000)
    # Everything but the total has room.
    first, second = whole.split(WIDTH, height - 1)
    assert (len(first._cellvalues), len(second._cellvalues)) == (room, 3)  # heads, last, total
