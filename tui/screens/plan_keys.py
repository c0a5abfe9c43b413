"""The keys that act on the plan as a whole."""

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application.glance import glance
from rollout.application.planning.forecasting import forecast
from rollout.application.planning.views import PlanView
from rollout.domain.words import msgid
from rollout.settings import OperatorRole
from tui import plan_actions
from tui.figures import forecast_words
from tui.screens.live import LiveScreen


class PlanKeys(LiveScreen):
    """A screen on which the plan is seen."""

    ACTS: ClassVar = {
        "commit": OperatorRole.OPERATOR,
        "discard": OperatorRole.OPERATOR,
        "solve": OperatorRole.OPERATOR,
        "forecast": OperatorRole.OPERATOR,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "commit", msgid("commit"), tooltip=msgid("put the proposal into force")),
        Binding("x", "discard", msgid("discard"), tooltip=msgid("take the proposal away")),
        Binding("s", "solve", msgid("plan anew"), tooltip=msgid("let the planner propose days")),
        Binding("f", "forecast", msgid("forecast"), tooltip=msgid("compute the forecast now")),
    ]

    def seen_plan(self) -> PlanView | None:
        """The plan that was seen last; None when there is none yet."""
        raise NotImplementedError

    def possible(self, action: str) -> bool:
        """Only a proposal is put into force or taken away."""
        if action in ("commit", "discard"):
            view = self.seen_plan()
            return view is not None and view.state == "proposed"
        return True

    def action_commit(self) -> None:
        """Put the proposal into force."""
        self.look_up_and_ask(
            "what a commit does",
            partial(plan_actions.commit_question, self.desk),
            lambda _answer: self.act("commit", partial(plan_actions.commit, self.desk)),
        )

    def action_discard(self) -> None:
        """Take the proposal away."""
        work = partial(plan_actions.discard, self.desk)
        self.ask(plan_actions.discard_question(), lambda _answer: self.act("discard", work))

    def action_solve(self) -> None:
        """Let the planner propose."""
        work = partial(plan_actions.solve, self.desk)
        self.ask(plan_actions.solve_question(), lambda _answer: self.act("solve", work))

    def action_forecast(self) -> None:
        """Compute the forecast of now, and keep it as today's."""
        desk = self.desk

        def work() -> str:
            forecast(desk.database, desk.settings, now=desk.now())
            return forecast_words(glance(desk.database).forecast)

        self.act("forecast", work)
