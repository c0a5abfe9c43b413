"""Waves, and what can be done to them."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from rollout.application import waves
from rollout.application.waves import WaveView
from rollout.domain.wave import WAVE, WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.jumps import MachinesRequested
from tui.looks import progress, wave_state
from tui.plain import plain
from tui.screens.confirm import Answer, ConfirmScreen
from tui.screens.live import LiveScreen
from tui.wave_actions import ROLES, Circumstances, question
from tui.widgets.live_table import Column, LiveTable, Row


class WavesScreen(LiveScreen):
    """Enter shows the machines of a wave; every change is confirmed."""

    room = "waves"
    ACTS: ClassVar = {verb.value: role for verb, role in ROLES.items()}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "submit", msgid("submit"), tooltip=msgid("ask another operator for approval")),
        Binding("a", "approve", msgid("approve"), tooltip=msgid("approve what another submitted")),
        Binding("S", "start", msgid("start"), tooltip=msgid("begin to move the wave's machines")),
        Binding("p", "pause", msgid("pause"), tooltip=msgid("start nothing new for now")),
        Binding("r", "resume", msgid("resume"), tooltip=msgid("let a paused or halted wave go on")),
        Binding("h", "halt", msgid("halt"), tooltip=msgid("stop the wave at once")),
    ]

    def compose_room(self) -> ComposeResult:
        """One table."""
        yield LiveTable(id="waves")

    def look(self, question: object) -> list[WaveView]:
        """Every wave."""
        return waves.listing(self.desk.database)

    def paint(self, snapshot: Sequence[WaveView]) -> None:
        """Show them."""
        self.query_one(LiveTable).show_rows(self._columns(), [_row(view) for view in snapshot])
        chosen = self._chosen()
        self.words.show_words(
            _("no wave yet: `rollout plan solve`, then `rollout plan commit`")
            if chosen is None
            else _words(chosen)
        )

    def _columns(self) -> list[Column]:
        return [
            Column("wave", _("wave"), widest=14),
            Column("state", _("state"), widest=18),
            Column("days", _("days"), widest=23),
            Column("progress", _("done"), widest=24),
            Column("submitted", _("submitted by"), widest=16, from_width=100),
            Column("approved", _("approved by"), widest=16, from_width=100),
            Column("cause", _("cause"), rest=True, from_width=130),
        ]

    def _chosen(self) -> WaveView | None:
        key = self.query_one(LiveTable).chosen
        if self.last is None or key is None:
            return None
        return next((view for view in self.last.snapshot if str(view.wave.number) == key), None)

    def possible(self, action: str) -> bool:
        """Whether the chosen wave's table has that move."""
        view = self._chosen() if self.is_mounted else None
        return view is not None and (WaveState(view.wave.state), WaveVerb(action)) in WAVE.moves

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible, other words fit."""
        self.repaint()

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show the wave's machines."""
        self.post_message(MachinesRequested(f"wave:{event.row_key.value}"))

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

    def _ask(self, verb: WaveVerb) -> None:
        view = self._chosen()
        if view is None or self.last is None:
            return
        asked = question(view, verb, Circumstances(self.last.daemon.alive))
        self.app.push_screen(ConfirmScreen(asked), partial(self._answered, view.wave.number, verb))

    def _answered(self, number: int, verb: WaveVerb, answer: Answer | None) -> None:
        if answer is None:
            return
        desk = self.desk

        def work() -> str:
            state = waves.move(
                desk.database, number, verb, desk.operator, desk.now(), answer.reason
            )
            return _("wave {number}: {state}").format(number=number, state=label(state))

        self.act(f"{verb} wave {number}", work)


def _words(view: WaveView) -> str:
    wave = view.wave
    words = _("wave {number}: {words}").format(
        number=wave.number, words=wave.cause or label(WaveState(wave.state))
    )
    if wave.submitted_by:
        words += "  " + _("submitted by {submitter}, approved by {approver}").format(
            submitter=wave.submitted_by, approver=wave.approved_by or "–"
        )
    return words


def _row(view: WaveView) -> Row:
    wave = view.wave
    return Row(
        str(wave.number),
        [
            plain(f"{wave.number}{_(' (pilot)') if wave.pilot else ''}"),
            wave_state(wave.state),
            plain(f"{wave.first_day} – {wave.last_day}"),
            progress(view.done, view.size),
            plain(wave.submitted_by),
            plain(wave.approved_by),
            plain(wave.cause),
        ],
    )
