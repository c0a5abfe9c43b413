"""What Ansible printed in a run: follows while it is written, or opens at the failing task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Log

from rollout.application.run_output import Part, find_task
from rollout.domain.text import printable
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.store.tables import Run
from tui.desk import Desk
from tui.screens.live import LiveScreen

MOST = 20_000
"""Lines that are kept on the screen; older ones go."""


@dataclass(frozen=True)
class Place:
    """The task at which to open, on the machine of some inventory name."""

    task: str
    host: str


class OutputScreen(LiveScreen):
    """Arrows, pages, Home and End move; at its end it follows."""

    room = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", msgid("back")),
    ]

    def __init__(self, desk: Desk, run: Run, place: Place | None = None) -> None:
        super().__init__(desk)
        self._run = run
        self._place = place
        self._end = 0
        self._shown_end = -1
        self._skipped = self._lines = 0

    def compose_room(self) -> ComposeResult:
        """The lines."""
        yield Log(id="output", max_lines=MOST, auto_scroll=False)

    def on_mount(self) -> None:
        """The lines have the keys."""
        super().on_mount()
        self.query_one(Log).focus()

    def question(self) -> int:
        """From which byte on."""
        return self._end

    def look(self, question: int) -> Part | None:
        """What was printed since."""
        return self.desk.read_output(self._run.ident, question)

    def paint(self, snapshot: Part | None) -> None:
        """Add it."""
        number = self._run.id
        if snapshot is None:
            self.words.show_words(
                _("the output of run {run} is not kept any more; `rollout run show {run}`").format(
                    run=number
                )
            )
            return
        if snapshot.end != self._shown_end:
            self._add(snapshot)
        words = _("run {number}: {lines} {lines:line|lines}").format(
            number=number, lines=f"{self._lines:,}"
        )
        if self._skipped:
            words += _(", {bytes} bytes before them are left out").format(
                bytes=f"{self._skipped:,}"
            )
        self.words.show_words(words)

    def _add(self, part: Part) -> None:
        log = self.query_one(Log)
        follows = self._place is None and log.is_vertical_scroll_end
        self._shown_end = self._end = part.end
        self._skipped += part.skipped
        self._lines += len(part.lines)
        # The widget drops empty lines, and the numbers of the others would not be true.
        log.write_lines([printable(line) or " " for line in part.lines], scroll_end=False)
        if follows:
            self.call_after_refresh(log.scroll_end, animate=False)
        if self._place is not None:
            at = find_task(part.lines, self._place.task, self._place.host)
            self._place = None
            self.call_after_refresh(log.scroll_to, 0, max(at - 2, 0), animate=False)


def last_lines(part: Part | None, count: int) -> Sequence[str]:
    """The end of an output."""
    return part.lines[-count:] if part is not None else ()
