"""The keys that act on one machine, in the list and on its own screen."""

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application.machines import Joined
from rollout.domain.machine import MachineVerb
from rollout.domain.words import msgid
from tui.machine_actions import ROLES, carry_out, possible, question
from tui.screens.confirm import Answer, ConfirmScreen
from tui.screens.live import LiveScreen


class MachineKeys(LiveScreen):
    """A screen on which one machine is chosen."""

    ACTS: ClassVar = {verb.value: role for verb, role in ROLES.items()}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", msgid("retry"), tooltip=msgid("start the failed step again")),
        Binding("H", "hold", msgid("hold"), tooltip=msgid("keep the machine back")),
        Binding("R", "release", msgid("release"), tooltip=msgid("let a held machine go on")),
    ]

    def chosen(self) -> Joined | None:
        """The machine that the keys act on."""
        raise NotImplementedError

    def possible(self, action: str) -> bool:
        """Whether the chosen machine's table has that move."""
        found = self.chosen() if self.is_mounted else None
        return found is not None and possible(found.machine.state, MachineVerb(action))

    def action_retry(self) -> None:
        """Retry."""
        self._ask(MachineVerb.RETRY)

    def action_hold(self) -> None:
        """Hold."""
        self._ask(MachineVerb.HOLD)

    def action_release(self) -> None:
        """Release."""
        self._ask(MachineVerb.RELEASE)

    def _ask(self, verb: MachineVerb) -> None:
        found = self.chosen()
        if found is not None:
            self.app.push_screen(
                ConfirmScreen(question(found, verb)),
                partial(self._answered, found.machine.asset_tag, verb),
            )

    def _answered(self, tag: str, verb: MachineVerb, answer: Answer | None) -> None:
        if answer is not None:
            self.act(f"{verb} {tag}", partial(carry_out, self.desk, tag, verb, answer.reason))
