"""The burn-up as a chart of the sheet: lines for plan and actual, columns for band and shade."""

from collections.abc import Sequence
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart
from xlsxwriter.worksheet import Worksheet

from rollout.adapters.reports.colours import ACTUAL, BAND, MIDDLE, PLAN, SHADE
from rollout.application.exports.status.burn_up import BurnUp, BurnUpDay
from rollout.application.exports.status.grids.form import Grid
from rollout.i18n import _, language
from rollout.i18n.labels import headed

_NONE = {"none": True}
_DAY, _PLANNED, _DONE, _MIDDLE = 0, 3, 4, 6
"""Columns of the grid `course`."""


def write_stacks(sheet: Worksheet, burn_up: BurnUp, row: int, column: int, looks: Any) -> None:
    """What is stacked behind the lines, beside the grid: a chart draws only what is in cells.

    From below: shade of a closed day or nothing, the band, and shade up to the top.
    """
    heads = (
        _("closed (below)"),
        _("nothing"),
        headed(_("forecast band")),
        headed(_("closed days")),
    )
    for number, head in enumerate(heads, start=column):
        sheet.write_string(row, number, head, looks.heading())
        sheet.set_column(number, number, 10, None, {"hidden": True})
    for at, day in enumerate(burn_up.days, start=row + 1):
        for number, height in enumerate(_stack(day, burn_up.total), start=column):
            sheet.write_number(at, number, height, looks.cell(height))


def _stack(day: BurnUpDay, total: int) -> Sequence[int]:
    low, high = (0, 0) if day.low is None or day.high is None else (day.low, day.high)
    band = high - low
    if day.off:
        return low, 0, band, max(0, total - high)
    return 0, low, band, 0


def chart(book: Workbook, name: str, grid: Grid, burn_up: BurnUp, first: int, last: int) -> Chart:
    """The chart of the grid on the sheet `name`, whose cells go from row `first` to `last`."""
    stacks = len(grid.columns)
    back = book.add_chart({"type": "column", "subtype": "stacked"})
    for offset, colour in enumerate((SHADE, None, BAND, SHADE)):
        fill: dict[str, Any] = {"color": colour} if colour else _NONE
        back.add_series(
            {
                "name": [name, first - 1, stacks + offset],
                "categories": [name, first, _DAY, last, _DAY],
                "values": [name, first, stacks + offset, last, stacks + offset],
                "fill": fill,
                "border": _NONE,
                "gap": 0,
            }
        )
    back.combine(_lines(book, name, first, last))
    back.set_title({"name": grid.title, "name_font": {"size": 12}, "overlay": False})
    back.set_x_axis(
        {
            "date_axis": True,
            "num_format": "m/d" if language() == "ja" else "d mmm",
            "major_unit": 1,
            "major_unit_type": "months",
            "num_font": {"size": 9},
            "major_tick_mark": "outside",
        }
    )
    back.set_y_axis(
        {
            "min": 0,
            "max": max(1, burn_up.total),
            "num_format": "#,##0",
            "major_gridlines": {"visible": True, "line": {"color": "#D1D5DB", "width": 0.5}},
            "num_font": {"size": 9},
        }
    )
    # Nothing is to be read of what is only there to lift the band.
    hidden = [0, 1] if burn_up.forecast.outlook else [0, 1, 2]
    back.set_legend({"position": "bottom", "delete_series": hidden, "font": {"size": 9}})
    back.show_hidden_data()
    back.show_blanks_as("gap")
    return back


def _lines(book: Workbook, name: str, first: int, last: int) -> Chart:
    lines = book.add_chart({"type": "line"})
    for column, colour, width, dash in (
        (_PLANNED, PLAN, 1.5, "dash"),
        (_DONE, ACTUAL, 2.75, "solid"),
        (_MIDDLE, MIDDLE, 1.25, "square_dot"),
    ):
        lines.add_series(
            {
                "name": [name, first - 1, column],
                "categories": [name, first, _DAY, last, _DAY],
                "values": [name, first, column, last, column],
                "line": {"color": colour, "width": width, "dash_type": dash},
                "marker": {"type": "none"},
            }
        )
    return lines
