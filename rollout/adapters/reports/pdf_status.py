"""The daily report on few pages."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from rollout.adapters.reports.beside import Seal, beside
from rollout.adapters.reports.pdf_burn_up import BurnUpPicture
from rollout.adapters.reports.pdf_grid import heading, note, style, table
from rollout.adapters.reports.pdf_page import MARGIN, PAGE, WIDTH, Pages, font, markup
from rollout.application.exports.checks import checks
from rollout.application.exports.status.daily import DailyReport
from rollout.application.exports.status.grids import head, people, progress, work
from rollout.application.exports.status.grids.form import Grid
from rollout.i18n import _, language

MOST = 200
"""Exceptions on pages; who needs more takes the sheets."""
_GAP = 6 * mm


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
            pageTemplates=[PageTemplate(frames=[_frame()])],
            title=head.title(),
            subject=summary.programme,
            author="rollout",
            lang=language(),
        )
        pages = partial(
            Pages, moment=summary.as_of, left=summary.programme, right=head.as_of(report)
        )
        made.build([*_first(report), *_machines(report), *_others(report)], canvasmaker=pages)
    return path


def _frame() -> Frame:
    """The whole page but its margins, the foot's included."""
    foot = MARGIN + 4 * mm
    height = PAGE[1] - MARGIN - foot
    air = dict.fromkeys(("leftPadding", "rightPadding", "topPadding", "bottomPadding"), 0)
    return Frame(MARGIN, foot, WIDTH, height, **air)


def _first(report: DailyReport) -> Iterator[Flowable]:
    yield Paragraph(markup(head.title()), style(17, spaceAfter=2))
    yield Paragraph(
        markup(f"{report.summary.programme}　{head.as_of(report)}"), style(9, spaceAfter=6)
    )
    yield _beside(progress.summary(report), progress.key_figures(report))
    yield Spacer(0, 4 * mm)
    why = progress.why_no_forecast(report)
    if report.burn_up.days:
        yield BurnUpPicture(report.burn_up, WIDTH, 78 * mm, why)
    for sentence in head.notes(report):
        yield note(sentence)


def _machines(report: DailyReport) -> Iterator[Flowable]:
    splits = progress.splits(report)
    yield PageBreak()
    yield from _whole(splits["by_department"])
    yield from _whole(splits["by_site"])
    yield from _whole(splits["by_generation"])
    yield from _whole(splits["by_wave"])


def _others(report: DailyReport) -> Iterator[Flowable]:
    exceptions = work.exceptions(report)
    yield from _whole(exceptions, most=MOST)
    more = len(exceptions.rows) - MOST
    if more > 0:
        yield note(_("and {count} more: see the sheets (--format xlsx)").format(count=more))
    yield from _whole(work.holds(report), most=MOST)
    yield from _whole(work.tomorrow(report))
    yield CondPageBreak(70 * mm)
    yield heading(_("People and accounts"))
    yield _beside(people.shares(report), people.devices(report), people.obstacles(report))
    # Nobody reads on paper that none is configured; the sheets say it.
    if report.board.milestones:
        yield from _whole(people.milestones(report))
    if report.board.indicators:
        yield from _whole(people.indicators(report))
    yield CondPageBreak(16 * mm)
    yield heading(_("Check"))
    yield note("　".join(f"{name}: {value}" for name, value in checks(report.reach)))


def _whole(grid: Grid, *, most: int | None = None) -> Iterator[Flowable]:
    yield CondPageBreak(32 * mm)
    yield heading(grid.title)
    yield table(grid, most=most)
    if grid.note:
        yield note(grid.note)


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
