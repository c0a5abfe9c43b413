"""Screens with a chart, whose libraries are loaded behind the operator's back."""

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.message import Message

from rollout.application.burn_up import BurnUp
from tui.desk import Desk
from tui.screens.live import LiveScreen

if TYPE_CHECKING:
    from tui.widgets.burn_up_chart import BurnUpChart


class ChartingScreen(LiveScreen):
    """Shows a burn-up in the container `chart_at`, as soon as it can."""

    chart_at: ClassVar[str]

    class ChartReady(Message):
        """The chart's module is loaded."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._chart: BurnUpChart | None = None
        self._loading = False
        self._burn_up: BurnUp | None = None

    def show_chart(self, burn_up: BurnUp | None) -> None:
        """Draw it, now or when its libraries are there; None hides it."""
        self._burn_up = burn_up
        self.query_one(self.chart_at, Vertical).display = burn_up is not None
        if burn_up is None:
            return
        if self._chart is not None:
            self._chart.show_burn_up(burn_up)
        elif not self._loading:
            self._loading = True
            self.run_worker(self._load, name="load the chart", group="chart", thread=True)

    def _load(self) -> None:
        # The first paint waits for nothing that only a picture needs.
        import tui.widgets.burn_up_chart  # noqa: F401

        self.post_message(self.ChartReady())

    async def on_charting_screen_chart_ready(self) -> None:
        """Put it on the screen."""
        from tui.widgets.burn_up_chart import BurnUpChart

        chart = BurnUpChart(id="burn-up")
        await self.query_one(self.chart_at, Vertical).mount(chart)
        self._chart = chart
        self.call_after_refresh(self.show_chart, self._burn_up)
