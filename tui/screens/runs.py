"""Runs: what Ansible does and did."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application import runs
from rollout.application.runs import RunView
from rollout.domain.machine import Step
from rollout.domain.run import ALIVE, RunPurpose, RunState
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from rollout.store.tables import Run
from tui.looks import run_state
from tui.plain import plain
from tui.screens.confirm import Answer, Question
from tui.screens.list_screen import ListScreen
from tui.screens.run import RunScreen
from tui.themes import BAD
from tui.widgets.live_table import Column, LiveTable, Row

NEWEST = 100


class RunsScreen(ListScreen):
    """The newest first; Enter shows the task results."""

    room = "runs"
    ACTS: ClassVar = {"cancel": OperatorRole.OPERATOR}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "cancel", msgid("cancel run"), tooltip=msgid("stop the run")),
    ]

    def look(self, question: object) -> list[RunView]:
        """The newest runs."""
        return runs.listing(self.desk.database, NEWEST)

    def paint(self, snapshot: Sequence[RunView]) -> None:
        """Show them."""
        columns = [
            Column("run", _("run"), widest=7),
            Column("step", _("step"), widest=14),
            Column("wave", _("wave"), widest=8),
            Column("site", _("site"), widest=14),
            Column("size", _("size"), widest=6),
            Column("state", _("state"), widest=12),
            Column("begun", _("begun"), widest=11),
            Column("took", _("took"), widest=16),
            Column("troubles", _("troubles"), widest=30),
            Column("cause", _("cause"), rest=True, from_width=110),
        ]
        self.show_list(columns, [self._row(view) for view in snapshot])
        alive = sum(RunState(view.run.state) in ALIVE for view in snapshot)
        self.words.show_words(
            self.filter_words()
            + (_("{alive} runs under way").format(alive=alive) if snapshot else _("no run yet"))
        )

    def _row(self, view: RunView) -> Row:
        run = view.run
        return Row(
            str(run.id),
            [
                plain(run.id),
                plain(step_words(run)),
                plain(view.wave),
                plain(view.site),
                plain(f"{run.size:>4}"),
                run_state(run.state),
                plain(self.desk.local(run.created_at)),
                plain(self._took(run)),
                plain(_troubles(view), BAD),
                plain(run.cause),
            ],
        )

    def _took(self, run: Run) -> str:
        if run.started_at is None:
            return ""
        seconds = int(((run.ended_at or self.desk.now()) - run.started_at).total_seconds())
        return str(timedelta(seconds=seconds)) if seconds >= 0 else ""

    def _chosen(self) -> Run | None:
        key = self.query_one(LiveTable).chosen
        if self.last is None or key is None:
            return None
        views: Sequence[RunView] = self.last.snapshot
        return next((view.run for view in views if str(view.run.id) == key), None)

    def possible(self, action: str) -> bool:
        """Only a run that has not ended can be stopped."""
        run = self._chosen() if self.is_mounted else None
        return run is not None and RunState(run.state) in ALIVE

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible."""
        self.refresh_keys()

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show the task results."""
        self.app.push_screen(RunScreen(self.desk, int(str(event.row_key.value))))

    def action_cancel(self) -> None:
        """Ask the daemon to stop the run."""
        run = self._chosen()
        if run is None:
            return
        asked = Question(
            title=_("Run {number}: cancel").format(number=run.id),
            lines=[
                _("{step} on {size} machines").format(step=step_words(run), size=run.size),
                _("Ansible is stopped. Machines without a result are in doubt and are probed."),
            ],
            yes=_("cancel run"),
            reason=True,
        )
        self.ask(asked, partial(self._answered, run.id or 0))

    def _answered(self, run_id: int, answer: Answer) -> None:
        desk = self.desk

        def work() -> str:
            runs.cancel(desk.database, run_id, desk.operator, desk.now(), answer.reason)
            return _("run {number}: the daemon was asked to stop it").format(number=run_id)

        self.act(f"cancel run {run_id}", work)


def step_words(run: Run) -> str:
    """What the run does."""
    if run.purpose != RunPurpose.STEP:
        return label(RunPurpose(run.purpose))
    return label(Step(run.step)) if run.step else ""


def _troubles(view: RunView) -> str:
    words = {"failed": _("failed"), "unreachable": _("unreachable")}
    return "  ".join(
        f"{words.get(status, status)} {number}" for status, number in view.troubles.items()
    )
