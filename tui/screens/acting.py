"""Screens that do something: in a thread, after a question, telling how it ended."""

from collections.abc import Callable
from functools import partial
from time import monotonic

from textual.message import Message
from textual.screen import Screen

from rollout.application.availability import asking_the_database
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.labels import explained
from tui.screens.confirm import Answer, ConfirmScreen, Question

PATIENCE = 2.0
"""So many seconds an answer may take before the screen says that it is waited for."""

Answered = Callable[[Answer], None]


class ActingScreen(Screen[None]):
    """Nothing that an operator asks for holds up the keys."""

    class ActionDone(Message):
        """What the operator asked for has happened."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class ActionRefused(Message):
        """What the operator asked for did not happen."""

        def __init__(self, error: RolloutError) -> None:
            super().__init__()
            self.error = error

    class QuestionReady(Message):
        """A thread has looked up what the operator is to be asked, and what follows a yes."""

        def __init__(self, question: Question, answered: Answered) -> None:
            super().__init__()
            self.question = question
            self.answered = answered

    def __init__(self) -> None:
        super().__init__()
        self._asked_at: list[float] = []

    def waits(self) -> str | None:
        """What to say while something that was asked for takes long; None when nothing does."""
        if not self._asked_at:
            return None
        seconds = monotonic() - self._asked_at[0]
        if seconds < PATIENCE:
            return None
        return _("at work on what was asked, {seconds} s").format(seconds=int(seconds))

    def look_now(self) -> None:
        """Show what has come of it."""
        raise NotImplementedError

    def act(self, name: str, work: Callable[[], str]) -> None:
        """Do `work` in a thread; it returns what to tell the operator."""
        self._asked_at.append(monotonic())
        self.run_worker(partial(self._act_in_thread, work), name=name, group="act", thread=True)

    def ask(self, question: Question, answered: Answered) -> None:
        """Ask, and do what `answered` says when the operator says yes."""

        def after(answer: Answer | None) -> None:
            if answer is not None:
                answered(answer)

        self.app.push_screen(ConfirmScreen(question), after)

    def look_up_and_ask(
        self, name: str, look_up: Callable[[], Question], answered: Answered
    ) -> None:
        """Ask what a thread has to look up first."""
        self._asked_at.append(monotonic())
        self.run_worker(
            partial(self._look_up_in_thread, look_up, answered),
            name=name,
            group="act",
            thread=True,
        )

    def _look_up_in_thread(self, look_up: Callable[[], Question], answered: Answered) -> None:
        try:
            with asking_the_database():
                question = look_up()
        except RolloutError as error:
            self.post_message(self.ActionRefused(error))
        else:
            self.post_message(self.QuestionReady(question, answered))

    def on_acting_screen_question_ready(self, message: QuestionReady) -> None:
        """Ask, unless the operator has gone elsewhere meanwhile."""
        self._ended()
        if self.app.screen is self:
            self.ask(message.question, message.answered)

    def _act_in_thread(self, work: Callable[[], str]) -> None:
        try:
            with asking_the_database():
                words = work()
        except RolloutError as error:
            self.post_message(self.ActionRefused(error))
        else:
            self.post_message(self.ActionDone(words))

    def _ended(self) -> None:
        self._asked_at.pop(0)  # what was asked for first has most likely ended first

    def on_acting_screen_action_done(self, message: ActionDone) -> None:
        """Tell, and look at the result."""
        self._ended()
        self.notify(message.words, timeout=4, markup=False)
        self.look_now()

    def on_acting_screen_action_refused(self, message: ActionRefused) -> None:
        """Tell why; nothing has changed."""
        self._ended()
        self.notify(
            explained(message.error), title=_("refused"), severity="error", timeout=12, markup=False
        )
        self.look_now()
