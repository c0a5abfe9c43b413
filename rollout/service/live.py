"""The daemon at a terminal: a line for each run, one for the waves, and what it says above them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rollout.application.ports import Clock
from rollout.application.under_way import LiveRun, UnderWay
from rollout.domain.machine import WORKING, MachineState
from rollout.domain.text import printable
from rollout.i18n import _
from rollout.i18n.labels import label

_BAR = 20
_MOST = 12
"""Lines of runs; a terminal is not taller for the sake of more."""


class LiveView:
    """What stands at the bottom of the terminal; `show` is called from the ticking thread."""

    def __init__(self, clock: Clock, zone: ZoneInfo, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._clock, self._zone = clock, zone
        self._seen: UnderWay | None = None

    @contextmanager
    def running(self) -> Iterator["LiveView"]:
        """Draw twice a second, until the block ends; then nothing is left of it."""
        with Live(
            get_renderable=self.drawn,
            console=self.console,
            refresh_per_second=2,
            transient=True,
            redirect_stdout=True,
            redirect_stderr=True,
        ):
            yield self

    def show(self, seen: UnderWay) -> None:
        """What the last tick left."""
        self._seen = seen

    def say(self, line: str) -> None:
        """A line above, with the time."""
        text = Text(f"{self._clock.now().astimezone(self._zone):%H:%M:%S}  ", style="dim")
        text.append(printable(line), style="default not dim")
        self.console.print(text, soft_wrap=True)

    def drawn(self) -> RenderableType:
        """The lines as they are now; times go on between two looks."""
        if self._seen is None:
            return Text(_("starting"))
        now = self._clock.now()
        parts: list[RenderableType] = [self._summary(self._seen, now)]
        if self._seen.runs:
            parts.append(self._runs(self._seen.runs[:_MOST], now))
        left = len(self._seen.runs) - _MOST
        if left > 0:
            parts.append(Text(_("and {count} more").format(count=left), style="dim"))
        return Group(*parts)

    def _summary(self, seen: UnderWay, now: datetime) -> Text:
        line = Text(f"{now.astimezone(self._zone):%m-%d %H:%M:%S}", style="bold")
        for number, done, size in seen.waves:
            line.append("  " + _("wave {number} {done}/{size}").format(
                number=number, done=done, size=size), style="cyan")  # fmt: skip
        for state in MachineState:
            if count := seen.states.get(state.value):
                line.append(f"  {label(state)} {count}", style="" if seen.runs else "dim")
        if not seen.runs and not any(seen.states.get(state.value) for state in WORKING):
            line.append("  " + _("nothing under way"), style="dim")
        return line

    def _runs(self, runs: Sequence[LiveRun], now: datetime) -> Table:
        table = Table.grid(padding=(0, 2))
        for _column in range(5):
            table.add_column(no_wrap=True, overflow="ellipsis")
        for run in runs:
            table.add_row(
                Text(_("run {id}").format(id=run.id), style="dim"),
                Text(" ".join(filter(None, (_what(run), _where(run))))),
                ProgressBar(total=max(run.size, 1), completed=run.done + run.bad, width=_BAR),
                _counts(run),
                Text(_elapsed(run.since, now), style="dim"),
            )
        return table


def _what(run: LiveRun) -> str:
    return label(run.step) if run.step is not None else label(run.purpose)


def _where(run: LiveRun) -> str:
    wave = _("wave {number}").format(number=run.wave) if run.wave is not None else ""
    return " ".join(filter(None, (printable(run.site or ""), wave)))


def _counts(run: LiveRun) -> Text:
    line = Text(f"{run.done}/{run.size}")
    if run.bad:
        line.append("  " + _("{count} not through").format(count=run.bad), style="bold red")
    return line


def _elapsed(since: datetime, now: datetime) -> str:
    seconds = max(0, int((now - since).total_seconds()))
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}"
