"""The keys that act on machines that failed alike, in the list and on the group's own screen."""

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application.failures import FailureGroup
from rollout.domain.machine import MachineVerb
from rollout.domain.words import msgid
from rollout.settings import OperatorRole
from tui.failure_actions import carry_out, question, to_move
from tui.screens.confirm import Answer
from tui.screens.live import LiveScreen


class FailureKeys(LiveScreen):
    """A screen on which one group of failures is chosen."""

    ACTS: ClassVar = {
        "retry_all": OperatorRole.OPERATOR,
        "hold_all": OperatorRole.OPERATOR,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry_all", msgid("retry all"), tooltip=msgid("try every machine again")),
        Binding("H", "hold_all", msgid("hold all"), tooltip=msgid("keep every machine back")),
    ]

    def chosen_group(self) -> FailureGroup | None:
        """The group that the keys act on."""
        raise NotImplementedError

    def possible(self, action: str) -> bool:
        """Whether some machine of the group is not held."""
        group = self.chosen_group() if self.is_mounted else None
        return group is not None and bool(to_move(group))

    def action_retry_all(self) -> None:
        """Try all of them again."""
        self._ask(MachineVerb.RETRY)

    def action_hold_all(self) -> None:
        """Hold all of them."""
        self._ask(MachineVerb.HOLD)

    def _ask(self, verb: MachineVerb) -> None:
        group = self.chosen_group()
        if group is not None:
            self.ask(question(group, verb), partial(self._answered, to_move(group), verb))

    def _answered(self, tags: list[str], verb: MachineVerb, answer: Answer) -> None:
        work = partial(carry_out, self.desk, tags, verb, answer.reason)
        self.act(f"{verb} {len(tags)} machines", work)
