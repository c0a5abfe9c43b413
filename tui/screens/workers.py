"""Who runs Ansible: the daemon that holds the lease, and the workers that take its runs."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from rollout.application.cluster.standing import WorkerView, places, standing
from rollout.domain.words import msgid
from rollout.i18n import _
from tui.plain import plain
from tui.screens.list_screen import ListScreen
from tui.standing import is_silent
from tui.themes import BAD, BUSY, CALM, WARN
from tui.widgets.live_table import Column, Row


class WorkersScreen(ListScreen):
    """The workers that have not ended; without any the daemon runs Ansible itself."""

    room = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", msgid("back")),
    ]

    def look(self, question: object) -> list[WorkerView]:
        """The living ones."""
        return standing(self.desk.database)

    def paint(self, snapshot: Sequence[WorkerView]) -> None:
        """Show them, and who holds the lease."""
        columns = [
            Column("worker", _("worker"), widest=8),
            Column("state", _("state"), widest=18),
            Column("runs", _("runs"), widest=7),
            Column("sign", _("last sign"), widest=12),
            Column("sites", _("sites"), widest=24),
            Column("process", _("process"), rest=True),
        ]
        self.show_list(columns, [self._row(view) for view in snapshot])
        self.words.show_words(self.filter_words() + self._holder(bool(snapshot)))

    def _row(self, view: WorkerView) -> Row:
        return Row(
            str(view.id),
            [
                plain(view.id),
                self._state(view),
                plain(f"{view.runs}/{view.concurrency}"),
                plain(_("{seconds:.0f} s ago").format(seconds=max(0.0, view.silent_seconds))),
                plain(places(view), WARN if view.awaited else ""),
                plain(view.name),
            ],
        )

    def _state(self, view: WorkerView) -> Text:
        if is_silent(self.desk, view):
            return plain(_("no answer"), BAD)
        if view.stopping:
            return plain(_("stopping"), WARN)
        if view.awaited and not view.sites:
            return plain(_("waits for its site"), WARN)
        return plain(_("at work"), BUSY) if view.runs else plain(_("nothing to do"), CALM)

    def _holder(self, workers: bool) -> str:
        daemon = self.last.daemon if self.last is not None else None
        if daemon is None or not daemon.alive:
            return _("no daemon: run `rollout serve`")
        words = _("daemon {holder}, last sign {when}").format(
            holder=daemon.holder, when=self.desk.local(daemon.heartbeat_at, "%H:%M:%S")
        )
        return words if workers else words + "   " + _("no workers: it runs Ansible itself")
