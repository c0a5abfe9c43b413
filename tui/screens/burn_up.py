"""The burn-up on a screen of its own."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from rollout.application.burn_up import BurnUp, burn_up
from rollout.domain.words import msgid
from rollout.i18n import _
from tui.screens.charting import ChartingScreen


class BurnUpScreen(ChartingScreen):
    """Plan, actual and forecast of the machines that are done."""

    room = "overview"
    chart_at = "#burn-up-page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", msgid("back")),
    ]

    def compose_room(self) -> ComposeResult:
        """The chart."""
        yield Vertical(id="burn-up-page")

    def look(self, question: object) -> BurnUp:
        """Every line of it."""
        return burn_up(self.desk.database, self.desk.settings, self.desk.now())

    def paint(self, snapshot: BurnUp) -> None:
        """Draw it."""
        self.show_chart(snapshot)
        band = snapshot.band
        words = _("{done} of {total} machines are done").format(
            done=f"{snapshot.done:,}", total=f"{snapshot.total:,}"
        )
        if band is None:
            words += "   " + _("forecast: not computable yet")
        else:
            words += "   " + _("forecast P10 {p10}  P50 {p50}  P90 {p90}").format(
                p10=band.p10 or "–", p50=band.p50 or "–", p90=band.p90 or _("beyond")
            )
        self.words.show_words(words)
