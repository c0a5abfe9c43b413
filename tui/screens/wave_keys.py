"""The keys that act on one wave, in the list and on its own screen."""

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application import waves
from rollout.application.waves import WaveView
from rollout.domain.wave import WAVE, WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.jumps import MachinesRequested
from tui.screens.confirm import Answer
from tui.screens.live import LiveScreen
from tui.wave_actions import ROLES, Circumstances, question


class WaveKeys(LiveScreen):
    """A screen on which one wave is chosen."""

    ACTS: ClassVar = {verb.value: role for verb, role in ROLES.items()}
    SELDOM: ClassVar[tuple[str, ...]] = ("machines", "submit", "withdraw", "cancel")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "machines", msgid("machines"), tooltip=msgid("the machines of the wave")),
        Binding("s", "submit", msgid("submit"), tooltip=msgid("ask another operator for approval")),
        Binding("a", "approve", msgid("approve"), tooltip=msgid("approve what another submitted")),
        Binding("S", "start", msgid("start"), tooltip=msgid("begin to move the wave's machines")),
        Binding("p", "pause", msgid("pause"), tooltip=msgid("start nothing new for now")),
        Binding("r", "resume", msgid("resume"), tooltip=msgid("let a paused or halted wave go on")),
        Binding("h", "halt", msgid("halt"), tooltip=msgid("stop the wave at once")),
        Binding("w", "withdraw", msgid("withdraw"), tooltip=msgid("take the submission back")),
        Binding("C", "cancel", msgid("cancel"), tooltip=msgid("give the wave up")),
    ]

    def chosen_wave(self) -> WaveView | None:
        """The wave that the keys act on."""
        raise NotImplementedError

    def possible(self, action: str) -> bool:
        """Whether the chosen wave's table has that move."""
        view = self.chosen_wave() if self.is_mounted else None
        return view is not None and (WaveState(view.wave.state), WaveVerb(action)) in WAVE.moves

    def action_machines(self) -> None:
        """Show the wave's machines."""
        view = self.chosen_wave()
        if view is not None:
            self.post_message(MachinesRequested(f"wave:{view.wave.number}"))

    def action_submit(self) -> None:
        """Ask for approval."""
        self._ask(WaveVerb.SUBMIT)

    def action_approve(self) -> None:
        """Approve."""
        self._ask(WaveVerb.APPROVE)

    def action_start(self) -> None:
        """Start."""
        self._ask(WaveVerb.START)

    def action_pause(self) -> None:
        """Pause."""
        self._ask(WaveVerb.PAUSE)

    def action_resume(self) -> None:
        """Resume."""
        self._ask(WaveVerb.RESUME)

    def action_halt(self) -> None:
        """Halt."""
        self._ask(WaveVerb.HALT)

    def action_withdraw(self) -> None:
        """Take the submission or approval back."""
        self._ask(WaveVerb.WITHDRAW)

    def action_cancel(self) -> None:
        """Give the wave up."""
        self._ask(WaveVerb.CANCEL)

    def _ask(self, verb: WaveVerb) -> None:
        view = self.chosen_wave()
        if view is None or self.last is None:
            return
        asked = question(view, verb, Circumstances(self.last.daemon.alive))
        self.ask(asked, partial(self._answered, view.wave.number, verb))

    def _answered(self, number: int, verb: WaveVerb, answer: Answer) -> None:
        desk = self.desk

        def work() -> str:
            state = waves.move(
                desk.database, number, verb, desk.operator, desk.now(), answer.reason
            )
            return _("wave {number}: {state}").format(number=number, state=label(state))

        self.act(f"{verb} wave {number}", work)
