"""One run: what Ansible said, task by task, and the end of its output."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from rollout.application import runs
from rollout.application.at_work import AtWork, at_work
from rollout.application.command_words import outcome_of
from rollout.application.run_output import Part
from rollout.application.run_words import result_words
from rollout.domain.run import RunState
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from rollout.store.tables import Command, HostResult, Run
from tui import run_actions
from tui.desk import Desk
from tui.plain import plain
from tui.screens.at_work import AtWorkScreen
from tui.screens.confirm import Answer
from tui.screens.live import LiveScreen
from tui.screens.machine import MachineScreen
from tui.screens.output import OutputScreen, Place, last_lines
from tui.themes import BAD, CALM, GOOD, WARN
from tui.widgets.live_table import Column, LiveTable, Row

NEWEST = 500
TAIL, TAIL_BYTES = 8, 64 * 1024
"""Lines of the output below the results, and the bytes in which they are looked for."""
TALL = 30
"""Lines of a terminal from which on there is room for them."""
_STYLES = {"ok": GOOD, "changed": WARN, "failed": BAD, "unreachable": BAD}


@dataclass(frozen=True)
class RunFound:
    """A run with its machines and task results, the newest request to stop it, and its output."""

    run: Run
    results: Sequence[tuple[HostResult, str]]
    machines: Sequence[AtWork]
    asked: Command | None
    output: Part | None


class RunScreen(LiveScreen):
    """The newest result first; Enter shows the machine."""

    room = "runs"
    ACTS: ClassVar = {"cancel": OperatorRole.OPERATOR, "retry": OperatorRole.OPERATOR}
    SELDOM: ClassVar[tuple[str, ...]] = ("machines",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", msgid("back")),
        Binding("f", "failures", msgid("only failures")),
        Binding("o", "output", msgid("output"), tooltip=msgid("the output at the chosen task")),
        Binding("n", "machines", msgid("steps"), tooltip=msgid("machines and their steps")),
        Binding("r", "retry", msgid("retry"), tooltip=msgid("only those that failed in the run")),
        Binding("c", "cancel", msgid("cancel run"), tooltip=msgid("stop the run")),
    ]

    def __init__(self, desk: Desk, run_id: int) -> None:
        super().__init__(desk)
        self._run_id = run_id
        self._only_failures = False
        self._tags: dict[str, str] = {}

    def compose_room(self) -> ComposeResult:
        """The results, and below them the end of the output."""
        yield LiveTable(id="results")
        yield Static(id="tail", markup=False)

    def look(self, question: object) -> RunFound:
        """The run, its results, what was asked of the daemon, and what was printed last."""
        database = self.desk.database
        run, results = runs.show(database, self._run_id)
        return RunFound(
            run,
            results,
            at_work(database, self._run_id),
            runs.asked_to_stop(database, self._run_id),
            self.desk.read_output(run.ident, 0, largest=TAIL_BYTES),
        )

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
        self._show_tail(last_lines(snapshot.output, TAIL))
        words = _("run {number}: {state}, {results} {results:result|results}").format(
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

    def _show_tail(self, lines: Sequence[str]) -> None:
        tail = self.query_one("#tail", Static)
        tail.display = bool(lines) and self.app.size.height >= TALL
        text = Text("\n", no_wrap=True).join(plain(line, CALM) for line in lines)
        if str(tail.content) != text.plain:
            tail.update(text)

    def _row(self, result: HostResult, tag: str) -> Row:
        seconds = "" if result.seconds is None else f"{result.seconds:.1f} s"
        return Row(
            str(result.id),
            [
                plain(self.desk.local(result.at, "%H:%M:%S")),
                plain(tag),
                plain(result_words(result.status), _STYLES.get(result.status, CALM)),
                plain(result.task),
                plain(f"{seconds:>8}"),
                plain(result.message),
            ],
        )

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show the machine."""
        self.app.push_screen(MachineScreen(self.desk, self._tags[str(event.row_key.value)]))

    def _chosen(self) -> HostResult | None:
        key = self.query_one(LiveTable).chosen
        if self.last is None or key is None:
            return None
        found: RunFound = self.last.snapshot
        return next((result for result, _tag in found.results if str(result.id) == key), None)

    def possible(self, action: str) -> bool:
        """Only a run that has not ended can be stopped, and only what failed can be retried."""
        if self.last is None:
            return False
        found: RunFound = self.last.snapshot
        if action == "cancel":
            return run_actions.is_alive(found.run)
        return bool(run_actions.to_retry(found.run, found.machines))

    def action_output(self) -> None:
        """All of the output, at the task under the cursor."""
        result = self._chosen()
        if self.last is None:
            return
        run = self.last.snapshot.run
        alive = run_actions.is_alive(run) and not self._only_failures
        place = None if result is None or alive else Place(result.task, f"m{result.machine_id}")
        self.app.push_screen(OutputScreen(self.desk, run, place))

    def action_machines(self) -> None:
        """The machines of the run and their steps."""
        self.app.push_screen(AtWorkScreen(self.desk, self._run_id))

    def action_cancel(self) -> None:
        """Ask the daemon to stop the run."""
        if self.last is not None:
            self.ask(run_actions.cancel_question(self.last.snapshot.run), self._cancelled)

    def _cancelled(self, answer: Answer) -> None:
        work = partial(run_actions.cancel, self.desk, self._run_id, answer.reason)
        self.act(f"cancel run {self._run_id}", work)

    def action_retry(self) -> None:
        """Let those that failed in the run begin again."""
        if self.last is not None:
            found: RunFound = self.last.snapshot
            tags = run_actions.to_retry(found.run, found.machines)
            asked = run_actions.retry_question(found.run, tags)
            self.ask(asked, partial(self._retried, tags))

    def _retried(self, tags: Sequence[str], answer: Answer) -> None:
        work = partial(run_actions.retry, self.desk, tags, answer.reason)
        self.act(f"retry {len(tags)} of run {self._run_id}", work)

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
