"""What went wrong, grouped by cause."""

from collections.abc import Sequence

from rollout.application import failures
from rollout.application.failures import FailureGroup
from rollout.domain.machine import Step
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.failure_actions import key_of
from tui.looks import machine_state
from tui.plain import plain
from tui.screens.failure import FailureScreen
from tui.screens.failure_keys import FailureKeys
from tui.screens.list_screen import ListScreen
from tui.widgets.live_table import Column, LiveTable, Row

SHOWN = 500


class FailuresScreen(ListScreen, FailureKeys):
    """The largest group first; Enter shows its machines."""

    room = "failures"

    def look(self, question: object) -> list[FailureGroup]:
        """Every group."""
        return failures.groups(self.desk.database)

    def paint(self, snapshot: Sequence[FailureGroup]) -> None:
        """Show them."""
        self.show_list(_columns(), [_row(group) for group in snapshot[:SHOWN]])
        machines = sum(len(group.tags) for group in snapshot)
        self.words.show_words(
            self.filter_words()
            + (
                _("{machines} {machines:machine|machines}, {groups} {groups:cause|causes}").format(
                    machines=f"{machines:,}", groups=f"{len(snapshot):,}"
                )
                if snapshot
                else _("nothing has failed")
            )
        )

    def chosen_group(self) -> FailureGroup | None:
        """The group under the cursor."""
        key = self.query_one(LiveTable).chosen
        if self.last is None or key is None:
            return None
        groups: Sequence[FailureGroup] = self.last.snapshot
        return next((group for group in groups if key_of(group) == key), None)

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible."""
        self.refresh_keys()

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Show the machines of the group."""
        group = self.chosen_group()
        if group is not None:
            self.app.push_screen(FailureScreen(self.desk, group))


def _columns() -> list[Column]:
    return [
        Column("count", _("count"), widest=6),
        Column("held", _("held"), widest=6),
        Column("state", _("state"), widest=12),
        Column("step", _("step"), widest=14),
        Column("cause", _("cause"), rest=True),
        Column("machines", _("machines"), widest=40, from_width=120),
    ]


def _row(group: FailureGroup) -> Row:
    return Row(
        key_of(group),
        [
            plain(f"{len(group.tags):>5}"),
            plain(f"{group.held:>4}" if group.held else ""),
            machine_state(group.state),
            plain(label(Step(group.step)) if group.step else ""),
            plain(group.cause),
            plain(", ".join(group.tags[:5]) + (" …" if len(group.tags) > 5 else "")),
        ],
    )
