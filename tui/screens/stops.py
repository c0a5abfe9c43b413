"""Stopping everything, a generation or a site, and letting it go on."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from rollout.application import stops
from rollout.application.stops import Place
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import OperatorRole
from tui.plain import plain
from tui.screens.confirm import Answer
from tui.screens.list_screen import ListScreen
from tui.stop_actions import halt, halt_question, resume, resume_question
from tui.themes import BAD, GOOD
from tui.wave_actions import Circumstances
from tui.widgets.live_table import Column, LiveTable, Row


class StopsScreen(ListScreen):
    """Every place that a stop can reach, stopped or not."""

    room = "stops"
    ACTS: ClassVar = {"halt": OperatorRole.OPERATOR, "resume": OperatorRole.OPERATOR}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "halt", msgid("stop"), tooltip=msgid("let nothing begin there any more")),
        Binding("r", "resume", msgid("go on"), tooltip=msgid("end the stop")),
    ]

    def look(self, question: object) -> list[Place]:
        """Every place."""
        return stops.places(self.desk.database)

    def paint(self, snapshot: Sequence[Place]) -> None:
        """Show them."""
        self.show_list(_columns(), [self._row(place) for place in snapshot])
        in_force = sum(place.stop is not None for place in snapshot)
        self.words.show_words(
            self.filter_words()
            + (
                _("stops in force: {count}").format(count=in_force)
                if in_force
                else _("no stop is in force")
            )
        )

    def _row(self, place: Place) -> Row:
        stop = place.stop
        return Row(
            _key(place),
            [
                plain(stops.place(place.scope, place.target)),
                plain("■ " + _("stop in force"), BAD) if stop else plain("● " + _("no stop"), GOOD),
                plain(f"{place.waiting:>7,}"),
                plain(f"{place.working:>7,}"),
                plain(f"{place.machines:>9,}"),
                plain(self.desk.local(stop.created_at) if stop else ""),
                plain(stop.actor if stop else ""),
                plain(stop.reason if stop else ""),
            ],
        )

    def _chosen(self) -> Place | None:
        key = self.query_one(LiveTable).chosen
        if self.last is None or key is None:
            return None
        places: Sequence[Place] = self.last.snapshot
        return next((place for place in places if _key(place) == key), None)

    def possible(self, action: str) -> bool:
        """Only what goes on can be stopped, and only what is stopped can go on."""
        place = self._chosen() if self.is_mounted else None
        return place is not None and (place.stop is None) == (action == "halt")

    def on_data_table_row_highlighted(self) -> None:
        """Other keys may be possible."""
        self.refresh_keys()

    def action_halt(self) -> None:
        """Stop the chosen place."""
        place = self._chosen()
        if place is not None:
            self.ask(halt_question(place), partial(self._halted, place))

    def _halted(self, place: Place, answer: Answer) -> None:
        self.act(f"stop {_key(place)}", partial(halt, self.desk, place, answer.reason))

    def action_resume(self) -> None:
        """Let the chosen place go on."""
        place = self._chosen()
        if place is not None and self.last is not None:
            asked = resume_question(place, Circumstances(self.last.daemon.alive))
            self.ask(asked, partial(self._resumed, place))

    def _resumed(self, place: Place, answer: Answer) -> None:
        self.act(f"resume {_key(place)}", partial(resume, self.desk, place, answer.reason))


def _key(place: Place) -> str:
    return f"{place.scope.value} {place.target}"


def _columns() -> list[Column]:
    return [
        Column("place", _("place"), widest=22),
        Column("stopped", _("state"), widest=16),
        Column("waiting", _("waiting"), widest=9),
        Column("working", _("in a step"), widest=10),
        Column("machines", _("machines"), widest=9, from_width=100),
        Column("since", _("since"), widest=11),
        Column("who", _("who"), widest=12, from_width=100),
        Column("reason", _("reason"), rest=True),
    ]
