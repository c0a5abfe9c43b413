"""An extract as a file in the form that was asked for, with its stamp beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from rollout.adapters.reports import rows_csv, rows_json, rows_pdf, rows_sheet
from rollout.adapters.reports.beside import beside
from rollout.adapters.reports.cells import Replaced
from rollout.application.exports import stamp, status
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
    lost, cut = rows_csv.Replacements(), rows_sheet.Cut()
    match form:
        case Form.CSV:
            lost = rows_csv.write(path, extract, encoding=encoding, progress=progress)
        case Form.XLSX:
            cut = rows_sheet.write(path, extract, progress=progress)
        case Form.JSON:
            rows_json.write_document(path, extract, progress=progress)
        case Form.JSONL:
            rows_json.write_lines(path, extract, progress=progress)
        case Form.PDF:
            rows_pdf.write(path, extract, progress=progress)
    made = Stamp(
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
    return Exported(
        path, seal(path, made), lost.first, lost.count, lost.listed, cut.first, cut.count
    )


def write_status(folder: Path, daily: DailyReport) -> list[Path]:
    """The daily report in every form, each with its stamp. Raises ExportFailed."""
    from rollout.adapters import export_files
    from rollout.adapters.reports.pdf_status import write_status_pdf
    from rollout.adapters.reports.xlsx_status import write_status_xlsx

    written = [
        export_files.write_csv(folder / "status.csv", status.table(daily)).path,
        export_files.write_json(folder / "status.json", status.document(daily)).path,
        write_status_xlsx(folder / "status.xlsx", daily),
        write_status_pdf(folder / "status.pdf", daily),
    ]
    for path in written:
        seal_status(path, daily, path.suffix.removeprefix("."))
    return written


def seal_status(path: Path, daily: DailyReport, form: str) -> Stamp:
    """The stamp of a daily report in any form. Raises ExportFailed."""
    report = daily.summary
    states = {f"state.{state.value}": number for state, number in report.by_state.items() if number}
    return seal(
        path,
        Stamp(
            kind=Kind.STATUS,
            form=form,
            programme=report.programme,
            as_of=iso(report.as_of, report.zone) or "",
            past=bool(report.not_known),
            rows=len(report.exceptions),
            counts={"machines": report.total, **states},
            reach=daily.reach,
            language=language(),
        ),
    )


def seal(path: Path, made: Stamp) -> Stamp:
    """Put the stamp beside the finished file, with the digest of its bytes. Raises ExportFailed."""
    sha256, size = stamp.digest(path)
    sealed = replace(made, sha256=sha256, size=size)
    with beside(stamp.beside(path)) as file:
        file.write(sealed.text().encode())
    return sealed
