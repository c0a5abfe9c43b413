"""The days of a simulated programme as a table for people, and as a page of Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollout.adapters.simulated.programme import DayStatus
from rollout.application.exports.forms import Table
from rollout.application.exports.status import Standing
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.i18n.labels import label

_NEWS = frozenset({WaveState.RUNNING, WaveState.HALTED, WaveState.DONE})
"""What of a wave is worth a word beside the day."""


@dataclass(frozen=True)
class Told:
    """What is said of a programme above its days."""

    machines: int
    sites: int
    waves: int
    seed: int
    command: str


def headings() -> tuple[str, ...]:
    """Of the columns of `row`."""
    return (
        _("Day"),
        _("Planned"),
        label(Standing.DONE),
        _("On this day"),
        label(Standing.IN_PROGRESS),
        label(Standing.FAILED),
        label(Standing.SILENT),
        label(Standing.UNKNOWN),
        label(Standing.HELD),
        label(Standing.NOT_STARTED),
        _("Waves"),
    )


def row(status: DayStatus) -> tuple[str | int, ...]:
    """One day; the numbers are those of its evening."""
    standing = status.report.standing
    return (
        status.day.isoformat(),
        status.planned,
        status.done,
        status.finished,
        standing[Standing.IN_PROGRESS],
        standing[Standing.FAILED],
        standing[Standing.SILENT],
        standing[Standing.UNKNOWN],
        standing[Standing.HELD],
        standing[Standing.NOT_STARTED],
        news(status),
    )


def news(status: DayStatus) -> str:
    """What became of waves on a day, such as `3 running; 2 halted (cause)`."""
    return "; ".join(
        f"{item.number} {label(item.state)}" + (f" ({item.cause})" if item.cause else "")
        for item in status.news
        if item.state in _NEWS
    )


def table(days: Sequence[DayStatus]) -> Table:
    """Every day, for a sheet."""
    return Table(headings(), [row(status) for status in days], len(days))


def write_markdown(path: Path, told: Told, days: Sequence[DayStatus]) -> None:
    """Write the page; the same programme gives the same page."""
    path.write_text("".join(f"{line}\n" for line in _page(told, days)), encoding="utf-8")


def _page(told: Told, days: Sequence[DayStatus]) -> Iterator[str]:
    last = days[-1]
    yield "# " + _("A simulated programme, day by day")
    yield ""
    yield _(
        "{machines} PCs at {sites} sites in {waves} waves. The ledger was imported, the plan "
        "solved, waves approved by a second person, started on their day, let on or halted by "
        "their gates; machines failed, fell silent and were tried again. All of this is the "
        "application itself: only the PCs, the time and the people are simulated."
    ).format(machines=f"{told.machines:,}", sites=told.sites, waves=told.waves)
    yield ""
    yield _("Made by `{command}`; the seed {seed} gives the same page every time.").format(
        command=told.command, seed=told.seed
    )
    yield ""
    yield from _summary(days)
    yield ""
    yield _(
        "Numbers of machines on the evening of each working day. “Planned” are those whose day has "
        "come."
    )
    yield ""
    yield from _lines(headings(), (row(status) for status in days))
    yield ""
    yield _(
        "{done} of {total} were done on {day}, {left} {left:day|days} before the cutover."
    ).format(
        done=f"{last.done:,}",
        total=f"{last.report.total:,}",
        day=last.day.isoformat(),
        left=(last.report.cutover - last.day).days,
    )


def _summary(days: Sequence[DayStatus]) -> Iterator[str]:
    """The last working day of each month."""
    ends = [
        status
        for status, following in zip(days, [*days[1:], None], strict=True)
        if following is None or following.day.month != status.day.month
    ]
    names = (_("Month"), _("Planned"), label(Standing.DONE), _("Share"), _("Most behind the plan"))
    yield from _lines(
        names,
        (
            (
                f"{end.day:%Y-%m}",
                end.planned,
                end.done,
                f"{100 * end.done / end.report.total:.1f} %",
                max(day.behind for day in days if (day.day.year, day.day.month)
                    == (end.day.year, end.day.month)),
            )
            for end in ends
        ),
    )  # fmt: skip


def _lines(names: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "|" + "---|" * len(names)
    for cells in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
