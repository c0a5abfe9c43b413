"""A table as a sheet: texts stay texts, whatever they begin with."""

from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from rollout.adapters.reports.beside import beside
from rollout.adapters.reports.sheet_place import Target, let_go, sheets_aside
from rollout.application.exports.failed import CannotWrite, ExportFailed
from rollout.application.exports.forms import Table
from rollout.i18n import _

ROWS = 1_048_576
"""So many rows a sheet of this format has."""
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_xlsx(path: Path, table: Table) -> Path:
    """Write `table` beside its place, then put it there. Raises ExportFailed."""
    if table.total >= ROWS:
        raise ExportFailed(
            _("{title}: a sheet has at most {rows} rows: write CSV or JSON").format(
                title=path.name, rows=f"{ROWS:,}"
            )
        )
    try:
        with beside(path) as file:
            target = Target(file)
            with sheets_aside(target) as folder:
                book = xlsxwriter.Workbook(target, {**_OPTIONS, "tmpdir": folder})
                try:
                    with book:
                        _fill(book, table)
                finally:
                    target.over = True
                    let_go(book)
    except XlsxWriterException as error:
        raise CannotWrite(path, error) from None
    return path


def _fill(book: Any, table: Table) -> None:
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for column, heading in enumerate(table.headings):
        sheet.write_string(0, column, heading, bold)
    for number, cells in enumerate(table.rows, start=1):
        for column, cell in enumerate(cells):
            if cell is not None:
                sheet.write(number, column, cell)
    sheet.freeze_panes(1, 0)
