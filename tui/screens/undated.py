"""Machines to which the planner could give no day, and what would help."""

from collections.abc import Sequence

from rollout.application.planning import plans
from rollout.application.planning.plans import PlanRefused
from rollout.application.planning.undated import Undated, undated
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.filter_language import word_for
from tui.jumps import MachinesRequested
from tui.plain import plain
from tui.screens.list_screen import ListScreen
from tui.widgets.live_table import Column, LiveTable, Row


class UndatedScreen(ListScreen):
    """A line for each site and reason; Enter shows machines there that have no day."""

    room = "plan"

    def look(self, question: object) -> list[Undated] | None:
        """Those of the plan that the room shows; None without a plan."""
        try:
            return undated(plans.show(self.desk.database))
        except PlanRefused:
            return None

    def paint(self, snapshot: Sequence[Undated] | None) -> None:
        """Show them."""
        if snapshot is None:
            self.show_list(_columns(), [])
            self.words.show_words(_("no plan yet: Esc, then s, or run `rollout plan solve`"))
            return
        self.show_list(_columns(), [self._row(entry) for entry in snapshot])
        machines = sum(entry.machines for entry in snapshot)
        self.words.show_words(
            self.filter_words()
            + (
                _("{machines} {machines:machine has|machines have} no day").format(
                    machines=f"{machines:,}"
                )
                if machines
                else _("every machine that can be planned has a day")
            )
        )

    def _row(self, entry: Undated) -> Row:
        site = self.desk.settings.site(entry.site).name or entry.site
        return Row(
            f"{entry.site} {entry.why.value}",
            [
                plain(site or "–"),
                plain(f"{entry.machines:>8,}"),
                plain(label(entry.why)),
                plain(entry.remedy),
                plain(_(entry.why.meaning)),
            ],
        )

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """The machines."""
        site = (event.row_key.value or "").rpartition(" ")[0]
        where = word_for("site", site) + " " if site else ""
        self.post_message(MachinesRequested(f"{where}state:registered"))


def _columns() -> list[Column]:
    return [
        Column("site", _("site"), widest=14),
        Column("machines", _("machines"), widest=9),
        Column("why", _("why"), widest=22),
        Column("remedy", _("what would help"), rest=True),
        Column("meaning", "", widest=60, from_width=150),
    ]
