"""Machines and their steps: which are acted on right now, in which step, and since when."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from rollout.application.at_work import MOST, AtWork, at_work
from rollout.domain.machine import PASSAGE, Step
from rollout.domain.run import ClaimOutcome
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.desk import Desk
from tui.plain import fitted, plain
from tui.screens.list_screen import ListScreen
from tui.screens.machine import MachineScreen
from tui.themes import BAD, BUSY, CALM, GOOD, WARN
from tui.widgets.live_table import Column, LiveTable, Row

_MARKS = {
    ClaimOutcome.DONE: ("✓", GOOD),
    ClaimOutcome.FAILED: ("✗", BAD),
    ClaimOutcome.SILENT: ("…", WARN),
    ClaimOutcome.NOT_STARTED: ("-", CALM),
}


class AtWorkScreen(ListScreen):
    """Of one run, or of all; those since longest first. Enter shows the machine."""

    room = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", msgid("back")),
    ]

    def __init__(self, desk: Desk, run_id: int | None = None) -> None:
        super().__init__(desk)
        self._run_id = run_id

    def look(self, question: object) -> Sequence[AtWork]:
        """The machines."""
        return at_work(self.desk.database, self._run_id)

    def paint(self, snapshot: Sequence[AtWork]) -> None:
        """Show them; the clock of each goes on."""
        now = self.desk.now()
        self.show_list(_columns(self.app.size.width), [self._row(one, now) for one in snapshot])
        self.words.show_words(self.filter_words() + self._summary(snapshot))

    def _summary(self, found: Sequence[AtWork]) -> str:
        busy = sum(one.acted.outcome is None for one in found)
        words = _("{count} {count:machine is|machines are} acted on").format(count=busy)
        if self._run_id is not None:
            words = _("run {number}").format(number=self._run_id) + "  " + words
        if len(found) == MOST:
            words += _(", the first {number} are shown").format(number=MOST)
        marks = {
            _("done"): "✓",
            _("failed"): "✗",
            _("no answer"): "…",
            _("not started"): "-",
            _("at work"): "▶",
        }
        return words + "   " + "  ".join(f"{glyph} {word}" for word, glyph in marks.items())

    def _row(self, one: AtWork, now: datetime) -> Row:
        acted = one.acted
        return Row(
            acted.asset_tag,
            [
                plain(acted.asset_tag),
                *(self._mark(one, step) for step in PASSAGE),
                plain(_clock((acted.ended_at or now) - acted.since)),
                plain(self.desk.local(acted.since, "%H:%M:%S")),
                plain(acted.run_id),
                plain(acted.site),
                plain(one.last.task if one.last else "", _task_style(one)),
            ],
        )

    def _mark(self, one: AtWork, step: Step) -> Text:
        if step not in one.steps:
            return plain("·", CALM)
        outcome = one.steps[step]
        if outcome is not None:
            return plain(*_MARKS[outcome])
        late = self.desk.now() > one.acted.deadline_at
        return plain("▶!" if late else "▶", WARN if late else BUSY)

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show the machine."""
        self.app.push_screen(MachineScreen(self.desk, str(event.row_key.value)))


def _clock(length: object) -> str:
    seconds = int(length.total_seconds())  # type: ignore[attr-defined]
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds >= 0 else ""


def _task_style(one: AtWork) -> str:
    return BAD if one.last and one.last.status in ("failed", "unreachable") else ""


def _columns(width: int) -> list[Column]:
    most = 10 if width >= 100 else 9
    return [
        Column("tag", _("asset tag"), widest=12),
        *(
            Column(step.value, fitted(plain(label(step)), most).plain, widest=most)
            for step in PASSAGE
        ),
        Column("took", _("for"), widest=8),
        Column("since", _("since"), widest=8, from_width=100),
        Column("run", _("run"), widest=6, from_width=100),
        Column("site", _("site"), widest=12, from_width=120),
        Column("task", _("newest task"), rest=True, from_width=100),
    ]
