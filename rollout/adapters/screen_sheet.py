"""A table as a sheet: texts stay texts, whatever they begin with."""

from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from rollout.adapters.reports.beside import ExportFailed
from rollout.application.exports.forms import Table

ROWS = 1_048_576
"""So many rows a sheet of this format has."""


def write_xlsx(path: Path, table: Table) -> Path:
    """Write `table` beside its place, then put it there. Raises ExportFailed."""
    if table.total >= ROWS:
        raise ExportFailed(
            f"a sheet has at most {ROWS - 1:,} rows and this are {table.total:,}: write CSV"
        )
    part = path.with_name(f".{path.stem}.part.xlsx")
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(part, options) as book:
            sheet = book.add_worksheet()
            bold = book.add_format({"bold": True})
            for column, heading in enumerate(table.headings):
                sheet.write_string(0, column, heading, bold)
            for number, cells in enumerate(table.rows, start=1):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        sheet.write(number, column, cell)
            sheet.freeze_panes(1, 0)
        part.replace(path)
    except (OSError, XlsxWriterException) as error:
        part.unlink(missing_ok=True)
        raise ExportFailed(f"cannot write {path}: {error}") from None
    return path
