"""The forecast beside the plan: of the days in force, and with the proposal."""

from rich.text import Text
from textual.message import Message

from rollout.application.availability import asking_the_database
from rollout.application.glance import Glance
from rollout.application.planning import effect
from rollout.application.planning.effect import Compared
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.labels import explained
from tui.desk import Desk
from tui.figures import forecast_words
from tui.outlooks import compared_lines
from tui.paced import Costly, Pace
from tui.plain import plain
from tui.screens.plan_keys import PlanKeys
from tui.themes import WARN


class PlanOutlook(PlanKeys):
    """Asks for both in a thread of its own: thousands of trials are too dear for every look.

    A new proposal is asked about at once, the same one again at its pace when machines have moved.
    """

    class OutlookMade(Message):
        """A thread has an answer, or `trouble`."""

        def __init__(self, trouble: RolloutError | None) -> None:
            super().__init__()
            self.trouble = trouble

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._of_plan: int | None = None
        self._comparing = False
        self._compared = self._another()

    def _another(self) -> Costly[Compared | tuple[()]]:
        desk = self.desk
        self._compared_at = Pace()
        return Costly(
            lambda: effect.of_proposal(desk.database, desk.settings, now=desk.now()) or ()
        )

    def outlook_words(self, seen: Glance) -> Text:
        """What to say of it now; begins to ask what is not known yet."""
        view = self.seen_plan()
        if view is None or view.state != "proposed":
            self._of_plan = None
            return plain(forecast_words(seen.forecast))
        if view.plan_id != self._of_plan:
            self._of_plan, self._compared = view.plan_id, self._another()
        self._ask(seen)
        if self._compared.answer is None:
            return plain(_("forecast with the proposal: being computed …"))
        if not self._compared.answer:
            return plain(forecast_words(seen.forecast))
        lines = compared_lines(self._compared.answer, _("in force"), _("with the proposal"))
        text = plain("")
        text.no_wrap = False
        text.append(lines[0])
        for line in lines[1:]:
            text.append("\n" + line, WARN)
        return text

    def _ask(self, seen: Glance) -> None:
        today = self.desk.now().astimezone(self.desk.settings.programme.zone).date()
        asked = self._compared_at.due([(self._compared, (seen.facts, today))])
        if asked is None or self._comparing:
            return
        self._comparing = True
        costly, key = asked
        pace = self._compared_at

        def work() -> None:
            trouble = None
            try:
                with asking_the_database():
                    pace.renew(costly, key)
            except RolloutError as error:
                trouble = error
            self.post_message(self.OutlookMade(trouble))

        self.run_worker(work, name="forecast of the proposal", group="outlook", thread=True)

    def on_plan_outlook_outlook_made(self, message: OutlookMade) -> None:
        """Show it."""
        self._comparing = False
        if message.trouble is not None:
            self.words.show_trouble(explained(message.trouble))
        elif self.last is not None:
            self.repaint()
