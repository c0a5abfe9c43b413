"""One run: what Ansible said, task by task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from rollout.application import runs
from rollout.application.command_words import outcome_of
from rollout.domain.run import RunState
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.store.tables import Command, HostResult, Run
from tui.desk import Desk
from tui.plain import plain
from tui.screens.live import LiveScreen
from tui.screens.machine import MachineScreen
from tui.themes import BAD, CALM, GOOD, WARN
from tui.widgets.live_table import Column, LiveTable, Row

NEWEST = 500
_STYLES = {"ok": GOOD, "changed": WARN, "failed": BAD, "unreachable": BAD}


@dataclass(frozen=True)
class RunFound:
    """A run with its task results, and the newest request to stop it."""

    run: Run
    results: Sequence[tuple[HostResult, str]]
    asked: Command | None


class RunScreen(LiveScreen):
    """The newest result first; Enter shows the machine."""

    room = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", msgid("back")),
        Binding("f", "failures", msgid("only failures")),
    ]

    def __init__(self, desk: Desk, run_id: int) -> None:
        super().__init__(desk)
        self._run_id = run_id
        self._only_failures = False
        self._tags: dict[str, str] = {}

    def compose_room(self) -> ComposeResult:
        """One table."""
        yield LiveTable(id="results")

    def look(self, question: object) -> RunFound:
        """The run, its results, and what was asked of the daemon."""
        run, results = runs.show(self.desk.database, self._run_id)
        return RunFound(run, results, runs.asked_to_stop(self.desk.database, self._run_id))

    def paint(self, snapshot: RunFound) -> None:
        """Show the newest."""
        run, results = snapshot.run, snapshot.results
        wanted = [
            (result, tag)
            for result, tag in reversed(results)
            if not self._only_failures or result.status in ("failed", "unreachable")
        ]
        shown = wanted[:NEWEST]
        self._tags = {str(result.id): tag for result, tag in shown}
        self.query_one(LiveTable).show_rows(
            _columns(), [self._row(result, tag) for result, tag in shown]
        )
        words = _("run {number}: {state}, {results} results").format(
            number=run.id, state=label(RunState(run.state)), results=len(results)
        )
        if len(shown) < len(wanted):
            words += _(", the newest {number} are shown").format(number=len(shown))
        if self._only_failures:
            words += _(", only failures")
        if snapshot.asked is not None:
            words += "  " + _("stop asked by {who}: {outcome}").format(
                who=snapshot.asked.actor, outcome=outcome_of(snapshot.asked)
            )
        self.words.show_words(words + (f"  {run.cause}" if run.cause else ""))

    def _row(self, result: HostResult, tag: str) -> Row:
        seconds = "" if result.seconds is None else f"{result.seconds:.1f} s"
        return Row(
            str(result.id),
            [
                plain(self.desk.local(result.at, "%H:%M:%S")),
                plain(tag),
                plain(_status(result.status), _STYLES.get(result.status, CALM)),
                plain(result.task),
                plain(f"{seconds:>8}"),
                plain(result.message),
            ],
        )

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show the machine."""
        self.app.push_screen(MachineScreen(self.desk, self._tags[str(event.row_key.value)]))

    def action_failures(self) -> None:
        """All results or only failures."""
        self._only_failures = not self._only_failures
        self.repaint()


def _columns() -> list[Column]:
    return [
        Column("time", _("time"), widest=8),
        Column("tag", _("asset tag"), widest=12),
        Column("status", _("result"), widest=12),
        Column("task", _("task"), widest=40),
        Column("seconds", _("took"), widest=8, from_width=100),
        Column("message", _("message"), rest=True),
    ]


def _status(status: str) -> str:
    known = {
        "ok": _("ok"),
        "changed": _("changed"),
        "failed": _("failed"),
        "unreachable": _("unreachable"),
        "skipped": _("skipped"),
        "ignored": _("ignored"),
    }
    return known.get(status, status)
