"""Runs: what Ansible does and did."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application import runs
from rollout.application.run_words import what_it_does
from rollout.application.runs import RunView
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import OperatorRole
from rollout.store.tables import Run
from tui import run_actions
from tui.looks import run_state
from tui.plain import plain
from tui.screens.at_work import AtWorkScreen
from tui.screens.confirm import Answer
from tui.screens.list_screen import ListScreen
from tui.screens.run import RunScreen
from tui.screens.workers import WorkersScreen
from tui.themes import BAD
from tui.widgets.live_table import Column, LiveTable, Row

NEWEST = 100


class RunsScreen(ListScreen):
    """The newest first; Enter shows the task results."""

    room = "runs"
    ACTS: ClassVar = {"cancel": OperatorRole.OPERATOR}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "at_work", msgid("at work"), tooltip=msgid("machines acted on right now")),
        Binding(
            "W",
            "workers",
            msgid("workers"),
            show=False,
            tooltip=msgid("the daemon and the workers that run Ansible"),
        ),
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
        alive = sum(run_actions.is_alive(view.run) for view in snapshot)
        self.words.show_words(
            self.filter_words()
            + (
                _("{alive} {alive:run|runs} under way").format(alive=alive)
                if snapshot
                else _("no run yet")
            )
        )

    def _row(self, view: RunView) -> Row:
        run = view.run
        return Row(
            str(run.id),
            [
                plain(run.id),
                plain(what_it_does(run)),
                plain(view.wave),
                plain(view.site),
                plain(f"{run.size:>4}"),
                run_state(run.state),
                plain(self.desk.local(run.created_at)),
                plain(self._took(run)),
                plain(run_actions.troubles(view), BAD),
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
        return run is not None and run_actions.is_alive(run)

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible."""
        self.refresh_keys()

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show the task results."""
        self.app.push_screen(RunScreen(self.desk, int(str(event.row_key.value))))

    def action_cancel(self) -> None:
        """Ask the daemon to stop the run."""
        run = self._chosen()
        if run is not None:
            self.ask(run_actions.cancel_question(run), partial(self._cancelled, run.id or 0))

    def _cancelled(self, run_id: int, answer: Answer) -> None:
        work = partial(run_actions.cancel, self.desk, run_id, answer.reason)
        self.act(f"cancel run {run_id}", work)

    def action_at_work(self) -> None:
        """The machines that are acted on right now."""
        self.app.push_screen(AtWorkScreen(self.desk))

    def action_workers(self) -> None:
        """Who runs Ansible."""
        self.app.push_screen(WorkersScreen(self.desk))
