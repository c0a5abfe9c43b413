"""The keys that act on one machine, in the list and on its own screen."""

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application.machines import Joined
from rollout.domain.machine import STEP_FROM, MachineState, MachineVerb
from rollout.domain.words import msgid
from rollout.settings import OperatorRole
from tui.begin_actions import begin, begin_question
from tui.machine_actions import ROLES, carry_out, possible, question
from tui.screens.confirm import Answer
from tui.screens.live import LiveScreen
from tui.spare_actions import (
    can_give_back,
    can_have,
    give_back_question,
    hand_out,
    hand_out_question,
    take_back,
)


class MachineKeys(LiveScreen):
    """A screen on which one machine is chosen."""

    ACTS: ClassVar = {
        **{verb.value: role for verb, role in ROLES.items()},
        "begin": OperatorRole.OPERATOR,
        "spare": OperatorRole.OPERATOR,
        "spare_back": OperatorRole.OPERATOR,
    }
    SELDOM: ClassVar[tuple[str, ...]] = ("spare", "spare_back")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", msgid("retry"), tooltip=msgid("start the failed step again")),
        Binding("H", "hold", msgid("hold"), tooltip=msgid("keep the machine back")),
        Binding("R", "release", msgid("release"), tooltip=msgid("let a held machine go on")),
        Binding("s", "begin", msgid("begin"), tooltip=msgid("begin the next step now")),
        Binding("b", "spare", msgid("spare"), tooltip=msgid("hand out a spare to its owner")),
        Binding(
            "B", "spare_back", msgid("spare back"), tooltip=msgid("take the spare back"), show=False
        ),
    ]

    def chosen(self) -> Joined | None:
        """The machine that the keys act on."""
        raise NotImplementedError

    def possible(self, action: str) -> bool:
        """Whether the chosen machine's table has that move, or a spare has a place there."""
        found = self.chosen() if self.is_mounted else None
        if found is None:
            return False
        if action == "begin":
            return MachineState(found.machine.state) in STEP_FROM and found.wave is not None
        if action == "spare":
            return can_have(found)
        if action == "spare_back":
            return can_give_back(found)
        return possible(found.machine.state, MachineVerb(action))

    def action_retry(self) -> None:
        """Retry."""
        self.act_on_chosen(MachineVerb.RETRY)

    def action_hold(self) -> None:
        """Hold."""
        self.act_on_chosen(MachineVerb.HOLD)

    def action_release(self) -> None:
        """Release."""
        self.act_on_chosen(MachineVerb.RELEASE)

    def chosen_tags(self) -> list[str]:
        """The machines that a key acts on."""
        found = self.chosen()
        return [] if found is None else [found.machine.asset_tag]

    def action_begin(self) -> None:
        """Begin the next step before its turn; a thread looks up what would begin."""
        tags = self.chosen_tags()
        if tags:
            self.look_up_and_ask(
                f"steps of {len(tags)}",
                partial(begin_question, self.desk, tags),
                partial(self._begun, tags),
            )

    def _begun(self, tags: list[str], answer: Answer) -> None:
        self.act(f"begin {len(tags)}", partial(begin, self.desk, tags, answer.reason))

    def action_spare(self) -> None:
        """Hand out a spare to the owner of the chosen machine; a thread looks for one first."""
        found = self.chosen()
        if found is not None:
            tag = found.machine.asset_tag
            self.look_up_and_ask(
                f"spares for {tag}",
                partial(hand_out_question, self.desk, tag),
                partial(self._handed_out, tag),
            )

    def _handed_out(self, tag: str, answer: Answer) -> None:
        self.act(f"spare for {tag}", partial(hand_out, self.desk, tag, answer.reason))

    def action_spare_back(self) -> None:
        """Take back the spare that is chosen, or that stands in for the chosen machine."""
        found = self.chosen()
        if found is not None:
            tag = found.machine.asset_tag
            self.ask(give_back_question(found), partial(self._taken_back, tag))

    def _taken_back(self, tag: str, answer: Answer) -> None:
        self.act(f"spare back from {tag}", partial(take_back, self.desk, tag))

    def act_on_chosen(self, verb: MachineVerb) -> None:
        """Ask whether to do it to the chosen machine."""
        found = self.chosen()
        if found is not None:
            tag = found.machine.asset_tag
            self.ask(question(found, verb), partial(self._answered, tag, verb))

    def _answered(self, tag: str, verb: MachineVerb, answer: Answer) -> None:
        self.act(f"{verb} {tag}", partial(carry_out, self.desk, tag, verb, answer.reason))
