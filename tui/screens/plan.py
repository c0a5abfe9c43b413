"""The plan: which site moves how many machines on which day, and moving them by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from rollout.application.glance import Glance, glance
from rollout.application.planning import plans
from rollout.application.planning.days import legend, plan_days
from rollout.application.planning.plans import PlanRefused
from rollout.application.planning.undated import undated
from rollout.application.planning.views import Member, PlanView, members
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import OperatorRole
from tui import plan_actions
from tui.desk import Desk
from tui.exporting import Shown
from tui.paced import Costly, Pace
from tui.plain import flowed, plain
from tui.screens.confirm import Answer
from tui.screens.machine import MachineScreen
from tui.screens.plan_outlook import PlanOutlook
from tui.screens.undated import UndatedScreen
from tui.themes import CALM, WARN
from tui.widgets.heat_map import HEAD, Heat, HeatMap
from tui.widgets.members_table import MembersTable, members_shown, tag_of

TALL = 30
"""Lines of a terminal from which on the legend stands beside two forecasts."""


@dataclass(frozen=True)
class Seen:
    """The plan, None when there is none yet, and the machines of the cell under the cursor."""

    view: PlanView | None
    members: Sequence[Member]
    glance: Glance


@dataclass(frozen=True)
class Carried:
    """Machines that were taken up and wait for their new day."""

    tags: Sequence[str]
    words: str
    from_day: date


class PlanScreen(PlanOutlook):
    """Arrows choose a day of a site; `m` takes its machines up, Enter puts them down."""

    room = "plan"
    ACTS: ClassVar = {**PlanOutlook.ACTS, "take": OperatorRole.OPERATOR}
    SELDOM: ClassVar[tuple[str, ...]] = ("undated",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "take", msgid("move"), tooltip=msgid("take machines up, to another day")),
        Binding("u", "undated", msgid("without a day"), tooltip=msgid("who has no day, and why")),
        Binding("escape", "leave", msgid("back"), show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._view, self._pace = Costly(self._ask_for_the_plan), Pace()
        self._carried: Carried | None = None

    def compose_room(self) -> ComposeResult:
        """The map, the words below it, and the machines of its cell."""
        yield HeatMap(id="heat")
        yield Static(id="plan-words", classes="words", markup=False)
        yield MembersTable(id="cell")

    def on_mount(self) -> None:
        """The map has the keys first."""
        super().on_mount()
        self._map.focus()

    @property
    def _map(self) -> HeatMap:
        return self.query_one(HeatMap)

    @property
    def _cell(self) -> MembersTable:
        return self.query_one(MembersTable)

    def question(self) -> tuple[str | None, date | None]:
        """The cell under the cursor."""
        return (self._map.site, self._map.day) if self.is_mounted else (None, None)

    def look(self, question: tuple[str | None, date | None]) -> Seen:
        """The plan when it may have changed, and the cell."""
        seen = glance(self.desk.database)
        key = (seen.facts, seen.plan)
        if due := self._pace.due([(self._view, key)]):
            self._pace.renew(*due)
        site, day = question
        found = members(self.desk.database, site, day) if site is not None and day else []
        return Seen(self._view.answer or None, found, seen)

    def _ask_for_the_plan(self) -> PlanView | tuple[()]:
        try:
            return plans.show(self.desk.database)
        except PlanRefused:
            return ()

    def paint(self, snapshot: Seen) -> None:
        """Show it."""
        view = snapshot.view
        if view is None:
            words = _("no plan yet: press s, or run `rollout plan solve`")
            self.words.show_words(words)
            self._map.say_nothing(words)
            return
        heat = self._heat(view)
        was = self.question()
        self._map.show_heat(heat)
        self._map.styles.height = min(
            HEAD + len(heat.machines) + 1, max(self.app.size.height // 2, 8)
        )
        self._map.carrying = self._carried is not None
        self.query_one("#plan-words", Static).update(self._words_below(snapshot))
        self._cell.show_members(snapshot.members)
        self.words.show_words(self._status(view, snapshot))
        if self.question() != was:
            self.look_now()

    def _heat(self, view: PlanView) -> Heat:
        settings = self.desk.settings
        sites = [group.name for group in view.sites]
        days = [day.day for day in view.days]
        today = self.desk.now().astimezone(settings.programme.zone).date()
        ends = [today, settings.programme.start, settings.programme.cutover, *days]
        return Heat(
            names={site: settings.site(site).name or site or "–" for site in sites},
            machines={
                site: {day.day: day.sites[site] for day in view.days if site in day.sites}
                for site in sites
            },
            days=plan_days(settings, sites),
            first=min(ends),
            last=max(ends) + timedelta(days=30),
            today=today,
            sums={day.day: day.machines for day in view.days},
        )

    def _words_below(self, snapshot: Seen) -> Text:
        text = plain("")
        text.no_wrap = False
        if self._carried is not None and self._map.day is not None:
            text.append(
                _(
                    "▸ {what}, {count} {count:machine|machines} of {from_day} → {day}: Enter puts "
                    "down, Esc back"
                ).format(
                    what=self._carried.words,
                    count=len(self._carried.tags),
                    from_day=self._carried.from_day,
                    day=plan_actions.day_words(self._map.day),
                ),
                WARN,
            )
        else:
            text.append_text(self._without_a_day(snapshot))
            text.append_text(self.outlook_words(snapshot.glance))
            if "\n" not in text.plain or self.app.size.height >= TALL:
                marks = (plain(words, CALM) for words in legend())
                text = flowed([text, *marks], self.app.size.width - 2, gap=2)
        return text

    def _without_a_day(self, snapshot: Seen) -> Text:
        """What the proposal leaves out, and what keeps most of it out."""
        view = snapshot.view
        if view is None or view.state != "proposed" or not view.unplaced:
            return plain("")
        worst = undated(view)[0]
        words = _(
            "! {count} {count:machine|machines} without a day (u lists them); {number}: {why}"
        ).format(
            count=f"{len(view.unplaced):,}",
            number=f"{worst.machines:,}",
            why=_(worst.why.meaning),
        )
        return plain(words, WARN).append("\n")

    def _status(self, view: PlanView, snapshot: Seen) -> str:
        where = ""
        if self._map.day is not None and self._map.site is not None:
            where = _("{site}, {day}: {count} {count:machine|machines}").format(
                site=self.desk.settings.site(self._map.site).name or self._map.site,
                day=plan_actions.day_words(self._map.day),
                count=len(snapshot.members),
            )
        if view.state == "proposed":
            return (
                where
                + "   "
                + _("PROPOSAL of {who}: {new} new {new:day|days}, not in force yet").format(
                    who=view.created_by, new=view.new
                )
            )
        return where + "   " + _("days in force: {placed}").format(placed=f"{view.placed:,}")

    def on_heat_map_cell_moved(self) -> None:
        """Other machines, other words."""
        self.look_now()
        if self.last is not None:
            self.query_one("#plan-words", Static).update(self._words_below(self.last.snapshot))

    def on_heat_map_cell_chosen(self) -> None:
        """Put down what is carried; else go to the machines of the cell."""
        if self._carried is None:
            if self._cell.row_count:
                self._cell.focus()
            return
        carried, day = self._carried, self._map.day
        if day is None or day == carried.from_day:
            self.action_leave()
            return
        self.look_up_and_ask(
            f"judge {len(carried.tags)} machines",
            partial(plan_actions.move_question, self.desk, carried.tags, carried.words, day),
            partial(self._move_answered, carried, day),
        )

    def _move_answered(self, carried: Carried, day: date, answer: Answer) -> None:
        self._put_down()
        reason = answer.reason or ""
        self.act(
            f"move {len(carried.tags)}",
            partial(plan_actions.move, self.desk, carried.tags, day, reason),
        )

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible."""
        self.refresh_keys()

    def on_data_table_row_selected(self, event: MembersTable.RowSelected) -> None:
        """Show the machine."""
        tag = tag_of(event.row_key.value)
        if tag is not None:
            self.app.push_screen(MachineScreen(self.desk, tag))

    def seen_plan(self) -> PlanView | None:
        """That of the map."""
        seen: Seen | None = self.last.snapshot if self.last is not None else None
        return seen.view if seen is not None else None

    def possible(self, action: str) -> bool:
        """Whether there is something to move, or a proposal."""
        return bool(self._chosen()) if action == "take" else super().possible(action)

    def action_undated(self) -> None:
        """Show what has no day."""
        self.app.push_screen(UndatedScreen(self.desk))

    def _chosen(self) -> Sequence[Member]:
        """What `m` takes up: all of the cell, or the row of the table that has the keys."""
        if self.last is None or self._carried is not None or not self.is_mounted:
            return ()
        found: Sequence[Member] = [m for m in self.last.snapshot.members if m.may_move]
        if not self._cell.has_focus or self._cell.chosen is None:
            return found
        return self._cell.of_chosen_row(found)

    def action_take(self) -> None:
        """Take machines up."""
        chosen = self._chosen()
        if not chosen or self._map.day is None:
            return
        departments = {member.department for member in chosen}
        words = chosen[0].asset_tag if len(chosen) == 1 else " ・ ".join(sorted(departments)[:2])
        if len(departments) > 2:
            words += " …"
        self._carried = Carried([m.asset_tag for m in chosen], words, self._map.day)
        self._map.focus()
        self._map.carrying = True
        self._map.refresh()
        self.repaint()

    def _put_down(self) -> None:
        self._carried = None
        self._map.carrying = False
        self._map.refresh()

    def action_leave(self) -> None:
        """Put back what is carried; else from the machines to the map."""
        if self._carried is not None:
            self._put_down()
            self.repaint()
        else:
            self._map.focus()

    def shown(self) -> Shown | None:
        """The machines of the cell."""
        if self.last is None:
            return None
        return members_shown(self.room, self.last.snapshot.members)
