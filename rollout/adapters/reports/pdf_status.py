"""The daily report on few pages."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    PageBreak,
    PageTemplate,
    Spacer,
    Table,
)

from rollout.adapters.reports.beside import Seal, beside
from rollout.adapters.reports.pdf_burn_up import BurnUpPicture
from rollout.adapters.reports.pdf_grid import heading, note, paragraph, shown, table
from rollout.adapters.reports.pdf_page import PAGE, WIDTH, Pages, font, frame
from rollout.adapters.reports.pdf_sections import on_pages
from rollout.application.exports.checks import checks
from rollout.application.exports.status.daily import DailyReport
from rollout.application.exports.status.grids import head, people, progress, work
from rollout.application.exports.status.grids.form import Grid
from rollout.i18n import _, language

MOST = 200
"""Exceptions on pages; who needs more takes the sheets."""
_GAP = 6 * mm
Section = Sequence[Flowable]


def write_status_pdf(path: Path, report: DailyReport, seal: Seal | None = None) -> Path:
    """Write the report beside `path`, then put it there. Raises ExportFailed.

    The same report gives the same bytes.
    """
    font()
    summary = report.summary
    with beside(path, seal) as file:
        made = BaseDocTemplate(
            file,
            pagesize=PAGE,
            pageTemplates=[PageTemplate(frames=[frame()])],
            title=head.title(),
            subject=summary.programme,
            author="rollout",
            lang=language(),
        )
        pages = partial(
            Pages, moment=summary.as_of, left=summary.programme, right=head.as_of(report)
        )
        sections = [*_machines(report), *_others(report)]
        story = [*_first(report), PageBreak(), *on_pages(sections)]
        made.build(story, canvasmaker=pages)
    return path


def _first(report: DailyReport) -> Iterator[Flowable]:
    yield paragraph(head.title(), 17, spaceAfter=2)
    yield paragraph(f"{report.summary.programme}　{head.as_of(report)}", 9, spaceAfter=6)
    yield _beside(progress.summary(report), progress.key_figures(report))
    yield Spacer(0, 4 * mm)
    why = progress.why_no_forecast(report)
    if report.burn_up.days:
        yield BurnUpPicture(report.burn_up, WIDTH, 78 * mm, why)
    for sentence in head.notes(report):
        yield note(sentence)


def _machines(report: DailyReport) -> Iterator[Section]:
    splits = progress.splits(report)
    for name in ("by_department", "by_site", "by_generation", "by_wave"):
        yield _whole(splits[name])


def _others(report: DailyReport) -> Iterator[Section]:
    exceptions = work.exceptions(report)
    more = len(exceptions.rows) - MOST
    told = _("and {count} more: see the sheets (--format xlsx)").format(count=more)
    yield [*_whole(exceptions, most=MOST), *([note(told)] if more > 0 else [])]
    yield _whole(work.holds(report), most=MOST)
    yield _whole(work.tomorrow(report))
    *more_people, last = _people(report)
    yield from more_people
    # The check by itself would be a page with two lines.
    yield [*last, *_check(report)]


def _people(report: DailyReport) -> Iterator[Section]:
    shares = people.shares(report), people.devices(report), people.obstacles(report)
    yield [heading(_("People and accounts")), _beside(*shares)]
    # Nobody reads on paper that none is configured; the sheets say it.
    if report.board.milestones:
        yield _whole(people.milestones(report))
    if report.board.indicators:
        yield _whole(people.indicators(report))


def _check(report: DailyReport) -> Section:
    told = " ／ ".join(f"{name}: {shown(value)}" for name, value in checks(report.reach))
    return [heading(_("Check")), note(told)]


def _whole(grid: Grid, *, most: int | None = None) -> Section:
    told = [note(grid.note)] if grid.note else []
    return [heading(grid.title), table(grid, most=most), *told]


def _beside(*grids: Grid) -> Table:
    """Grids beside one another, as wide as their columns ask for."""
    room = WIDTH - _GAP * (len(grids) - 1)
    wanted = [sum(column.width for column in grid.columns) for grid in grids]
    widths = [room * part / sum(wanted) for part in wanted]
    cells: list[Sequence[Flowable]] = []
    columns: list[float] = []
    for grid, width in zip(grids, widths, strict=True):
        cells.append([table(grid, width=width), *([note(grid.note)] if grid.note else [])])
        columns.append(width + _GAP)
    columns[-1] -= _GAP
    made = Table([cells], colWidths=columns)
    made.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), _GAP),
            ("RIGHTPADDING", (-1, 0), (-1, 0), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    return made
