"""Waves, and what can be done to them."""

from collections.abc import Sequence

from rollout.application import waves
from rollout.application.waves import WaveView
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.looks import progress, wave_name, wave_state
from tui.plain import plain
from tui.screens.list_screen import ListScreen
from tui.screens.wave import WaveScreen
from tui.screens.wave_keys import WaveKeys
from tui.widgets.live_table import Column, LiveTable, Row


class WavesScreen(ListScreen, WaveKeys):
    """Enter shows how a wave stands; every change is confirmed."""

    room = "waves"

    def look(self, question: object) -> list[WaveView]:
        """Every wave."""
        return waves.listing(self.desk.database)

    def paint(self, snapshot: Sequence[WaveView]) -> None:
        """Show them."""
        self.show_list(self._columns(), [_row(view) for view in snapshot])
        chosen = self.chosen_wave()
        self.words.show_words(
            self.filter_words()
            + (
                _("no wave yet: `rollout plan solve`, then `rollout plan commit`")
                if chosen is None
                else _words(chosen)
            )
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

    def chosen_wave(self) -> WaveView | None:
        """The wave under the cursor."""
        key = self.query_one(LiveTable).chosen
        if self.last is None or key is None:
            return None
        return next((view for view in self.last.snapshot if str(view.wave.number) == key), None)

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible, other words fit."""
        self.repaint()

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show tranches, gates and history of the wave."""
        self.app.push_screen(WaveScreen(self.desk, int(str(event.row_key.value))))


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
            plain(wave_name(wave)),
            wave_state(wave.state),
            plain(f"{wave.first_day} – {wave.last_day}"),
            progress(view.done, view.size),
            plain(wave.submitted_by),
            plain(wave.approved_by),
            plain(wave.cause),
        ],
    )
