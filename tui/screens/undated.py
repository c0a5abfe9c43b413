"""Machines to which the planner could give no day, and what would help."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from rollout.application import plan
from rollout.application.plan import PlanRefused
from rollout.application.plan_view import PlanView
from rollout.application.plan_words import remedy
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.planning.problem import Obstacle
from tui.filter_language import word_for
from tui.jumps import MachinesRequested
from tui.plain import plain
from tui.screens.list_screen import ListScreen
from tui.widgets.live_table import Column, LiveTable, Row


class Undated(NamedTuple):
    """Machines of one site, or of all sites, that one thing keeps from having a day."""

    site: str
    machines: int
    why: Obstacle
    remedy: str


def undated(view: PlanView) -> list[Undated]:
    """The most first; what no change of days helps is not told by site."""
    rows = [
        Undated(entry.site, entry.machines, entry.obstacle, remedy(entry))
        for entry in view.relaxations
    ]
    told: Counter[Obstacle] = Counter()
    for row in rows:
        told[row.why] += row.machines
    counted = Counter(obstacle for _tag, obstacle in view.unplaced)
    rows += [
        Undated("", number - told[why], why, _("correct the ledger, then plan anew"))
        for why, number in counted.items()
        if number > told[why]
    ]
    return sorted(rows, key=lambda row: (-row.machines, row.site, row.why))


class UndatedScreen(ListScreen):
    """A line for each site and reason; Enter shows machines there that have no day."""

    room = "plan"

    def look(self, question: object) -> list[Undated]:
        """Those of the plan that the room shows."""
        try:
            return undated(plan.show(self.desk.database))
        except PlanRefused:
            return []

    def paint(self, snapshot: Sequence[Undated]) -> None:
        """Show them."""
        self.show_list(_columns(), [self._row(entry) for entry in snapshot])
        machines = sum(entry.machines for entry in snapshot)
        self.words.show_words(
            self.filter_words()
            + (
                _("{machines} machines have no day").format(machines=f"{machines:,}")
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
