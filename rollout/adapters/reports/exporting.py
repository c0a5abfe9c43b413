"""An extract as a file in the form that was asked for, with its stamp beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from rollout.adapters import export_files
from rollout.adapters.export_files import Written
from rollout.adapters.reports import rows_csv, rows_json, rows_pdf, rows_sheet, sheet_cells
from rollout.adapters.reports.cells import Replaced
from rollout.application.exports import carried, status
from rollout.application.exports.extract import Extract
from rollout.application.exports.forms import iso
from rollout.application.exports.stamp import Kind, Stamp
from rollout.application.exports.status import DailyReport
from rollout.i18n import language


class Form(StrEnum):
    """How rows can be written."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    JSONL = "jsonl"
    PDF = "pdf"


def silent(done: int, total: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True)
class Exported:
    """A finished file with its stamp, and what of its texts the form could not hold."""

    path: Path
    stamp: Stamp
    replaced: Sequence[Replaced] = ()
    replacements: int = 0
    listed: Path | None = None
    cut: Sequence[str] = ()
    cuts: int = 0


def write(
    path: Path,
    extract: Extract,
    form: Form,
    *,
    encoding: str = "utf-8-bom",
    progress: Callable[[int, int], None] = silent,
) -> Exported:
    """Write `extract` to `path`, then its stamp. Raises ExportFailed; an older file stays whole."""
    lost, cut = rows_csv.Replacements(), sheet_cells.Cut()
    seal = Sealing(lambda: _of(extract, form, encoding))
    match form:
        case Form.CSV:
            lost = rows_csv.write(path, extract, seal, encoding=encoding, progress=progress)
        case Form.XLSX:
            cut = rows_sheet.write(path, extract, seal, progress=progress)
        case Form.JSON:
            rows_json.write_document(path, extract, seal, progress=progress)
        case Form.JSONL:
            rows_json.write_lines(path, extract, seal, progress=progress)
        case Form.PDF:
            rows_pdf.write(path, extract, seal, progress=progress)
    return Exported(path, seal.made, lost.first, lost.count, lost.listed, cut.first, cut.count)


class Sealing:
    """Makes the stamp of a file when all of its rows are written."""

    def __init__(self, of: Callable[[], Stamp]) -> None:
        self._of = of

    def __call__(self, file: BinaryIO) -> bytes:
        self.made = carried.sealed(file, self._of())
        return self.made.text().encode()


def _of(extract: Extract, form: Form, encoding: str) -> Stamp:
    return Stamp(
        kind=extract.kind,
        form=form.value,
        programme=extract.programme,
        as_of=extract.as_of,
        past=extract.past,
        rows=extract.rows,
        counts=dict(extract.counts),
        reach=extract.reach,
        language=language(),
        encoding=encoding if form is Form.CSV else None,
        filter=extract.filter,
    )


def write_status(folder: Path, daily: DailyReport) -> list[Path]:
    """The daily report in every form, each with its stamp. Raises ExportFailed."""
    return [
        write_status_as(folder / f"status.{form}", daily, form).path
        for form in (Form.CSV, Form.JSON, Form.XLSX, Form.PDF)
    ]


def write_status_as(
    path: Path, daily: DailyReport, form: Form, *, encoding: str = "utf-8-bom"
) -> Written:
    """The daily report with its stamp; JSON lines are none of its forms. Raises ExportFailed."""
    from rollout.adapters.reports.pdf_status import write_status_pdf
    from rollout.adapters.reports.xlsx_status import write_status_xlsx

    seal = Sealing(lambda: _of_status(daily, form, encoding))
    match form:
        case Form.XLSX:
            return Written(write_status_xlsx(path, daily, seal), len(daily.summary.exceptions))
        case Form.PDF:
            return Written(write_status_pdf(path, daily, seal), len(daily.summary.exceptions))
        case Form.JSON:
            return export_files.write_json(path, status.document(daily), seal)
        case _:
            return export_files.write_csv(path, status.table(daily), seal, encoding=encoding)


def _of_status(daily: DailyReport, form: Form, encoding: str) -> Stamp:
    report = daily.summary
    return Stamp(
        kind=Kind.STATUS,
        form=form.value,
        programme=report.programme,
        as_of=iso(report.as_of, report.zone) or "",
        past=bool(report.not_known),
        rows=len(report.exceptions),
        counts=daily.counts,
        reach=daily.reach,
        language=language(),
        encoding=encoding if form is Form.CSV else None,
    )
