"""The daily report as a book of sheets."""

from datetime import UTC
from io import BytesIO
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from rollout.adapters.reports import xlsx_burn_up
from rollout.adapters.reports.beside import ExportFailed, Seal, beside
from rollout.adapters.reports.colours import HEAD
from rollout.adapters.reports.xlsx_grid import (
    ROWS,
    Looks,
    set_page,
    set_widths,
    write_grid,
)
from rollout.application.exports.checks import checks
from rollout.application.exports.status.daily import DailyReport
from rollout.application.exports.status.grids import head, people, progress, work
from rollout.application.exports.status.grids.form import Grid
from rollout.i18n import _
from rollout.i18n.labels import label

_ABOVE = 3
"""Rows above a grid: the title, of when it is, and air."""
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_status_xlsx(path: Path, report: DailyReport, seal: Seal | None = None) -> Path:
    """Write the report beside `path`, then put it there. Raises ExportFailed.

    The same report gives the same bytes: the book's dates are those of the report.
    """
    # A book that cannot be written to its end leaves its archive open: it is made whole first.
    whole = BytesIO()
    with beside(path, seal) as file:
        book = Workbook(whole, dict(_OPTIONS))
        made = report.summary.as_of.astimezone(UTC).replace(tzinfo=None)
        book.set_properties(
            {"title": head.title(), "subject": report.summary.programme, "created": made}
        )
        _Sheets(book, report).write()
        book.close()
        file.write(whole.getvalue())
    return path


class _Sheets:
    """One book, sheet by sheet."""

    def __init__(self, book: Workbook, report: DailyReport) -> None:
        self._book, self._report = book, report
        self._looks = Looks(book)
        self._footer = (report.summary.programme, head.as_of(report))

    def write(self) -> None:
        """Every sheet in the order in which it is read."""
        report = self._report
        first = self._sheet(_("Summary"))
        for grid in progress.splits(report).values():
            self._listed(grid)
        self._listed(progress.states(report))
        self._listed(work.exceptions(report))
        self._listed(work.holds(report))
        self._listed(work.tomorrow(report))
        self._people()
        self._board()
        course = progress.course(report)
        curve, at, last = self._listed(course, filtered=False, widths=(20,))
        stacks = len(course.columns)
        xlsx_burn_up.write_stacks(curve, report.burn_up, at - 1, stacks, self._looks)
        self._summary(first, course, at, last)
        if course.rows:
            big = xlsx_burn_up.chart(self._book, curve.get_name(), course, report.burn_up, at, last)
            big.set_size({"width": 900, "height": 420})
            # Below the head, which every page repeats with whatever lies on it.
            curve.insert_chart(_ABOVE + 1, stacks + 5, big)
        # On paper the summary has the picture; beside it the days would be too small to read.
        curve.print_area(0, 0, last + 1, stacks - 1)
        self._check()
        first.activate()

    def _sheet(self, name: str) -> Worksheet:
        sheet = self._book.add_worksheet(name[:31])
        set_page(sheet, *self._footer)
        looks = self._looks
        sheet.write_string(0, 0, name, looks.of(bold=True, font_size=15, font_color=HEAD))
        sheet.write_string(1, 0, "　".join(self._footer), looks.of(font_size=9))
        sheet.set_row(0, 24)
        return sheet

    def _summary(self, sheet: Worksheet, course: Grid, first: int, last: int) -> None:
        report, looks = self._report, self._looks
        summary, figures = progress.summary(report), progress.key_figures(report)
        set_widths(sheet, [column.width for column in summary.columns])
        set_widths(sheet, [2, 34, 20], column=len(summary.columns))
        _first, below = write_grid(sheet, looks, summary, row=_ABOVE)
        _first, other = write_grid(
            sheet, looks, figures, row=_ABOVE, column=len(summary.columns) + 1
        )
        row = max(below, other) + 3
        for sentence in head.notes(report):
            sheet.write_string(row, 0, sentence, looks.of(font_size=9))
            row += 1
        if course.rows:
            name = course.title[:31]
            small = xlsx_burn_up.chart(self._book, name, course, report.burn_up, first, last)
            small.set_size({"width": 880, "height": 330})
            sheet.insert_chart(row + 1, 0, small)
        sheet.fit_to_pages(1, 1)

    def _listed(
        self, grid: Grid, *, filtered: bool = True, widths: tuple[int, ...] = ()
    ) -> tuple[Worksheet, int, int]:
        """A grid on a sheet of its own, its head frozen and repeated on every page."""
        if len(grid.rows) + _ABOVE >= ROWS:
            raise ExportFailed(
                _("{title}: a sheet has at most {rows} rows: write CSV or JSON").format(
                    title=grid.title, rows=f"{ROWS:,}"
                )
            )
        sheet = self._sheet(grid.title)
        first, last = write_grid(sheet, self._looks, grid, row=_ABOVE)
        set_widths(sheet, [*widths, *(column.width for column in grid.columns[len(widths) :])])
        sheet.freeze_panes(_ABOVE + 1, 1)
        sheet.repeat_rows(_ABOVE)
        end = last - 1 if grid.total else last
        if filtered and end >= first:
            sheet.autofilter(_ABOVE, 0, end, len(grid.columns) - 1)
        return sheet, first, last

    def _people(self) -> None:
        report = self._report
        self._stacked(
            _("People and accounts"),
            people.shares(report),
            people.devices(report),
            people.obstacles(report),
        ).fit_to_pages(1, 1)

    def _board(self) -> None:
        report = self._report
        self._stacked(_("Programme board"), people.milestones(report), people.indicators(report))

    def _check(self) -> None:
        sheet, report = self._sheet(_("Check")), self._report
        bold, plain = self._looks.of(bold=True), self._looks.of(align="left")
        set_widths(sheet, [34, 70])
        counted = [
            (label(state), number) for state, number in report.summary.by_state.items() if number
        ]
        lines = [*checks(report.reach), (_("Machines"), report.summary.total), *counted]
        for row, (name, value) in enumerate(lines, _ABOVE):
            sheet.write_string(row, 0, name, bold)
            if isinstance(value, int):
                sheet.write_number(row, 1, value, plain)
            else:
                sheet.write_string(row, 1, str(value), plain)

    def _stacked(self, name: str, *grids: Grid) -> Worksheet:
        """Several small grids below one another."""
        sheet = self._sheet(name)
        row = _ABOVE
        for grid in grids:
            sheet.write_string(row, 0, grid.title, self._looks.of(bold=True, font_size=12))
            _first, last = write_grid(sheet, self._looks, grid, row=row + 1)
            row = last + 4
        widths = [max(row) for row in _columns(grids)]
        set_widths(sheet, widths)
        sheet.freeze_panes(_ABOVE, 0)
        return sheet


def _columns(grids: tuple[Grid, ...]) -> list[list[int]]:
    """The widths of each column of all grids."""
    most = max(len(grid.columns) for grid in grids)
    return [
        [grid.columns[number].width for grid in grids if number < len(grid.columns)]
        for number in range(most)
    ]
