"""Who is ready for the cutover, and what stands in the way."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from rollout.application.readiness.query import Readiness, readiness
from rollout.domain.readiness import Part
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.looks import progress
from tui.plain import plain
from tui.screens.live import LiveScreen
from tui.screens.people import PeopleScreen
from tui.widgets.live_table import Column, LiveTable, Row


class ReadinessScreen(LiveScreen):
    """Obstacles in the order of their effect, departments beside them; Enter names the people."""

    room = "readiness"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("slash", "people", ""),
    ]

    def compose_room(self) -> ComposeResult:
        """Two tables."""
        with Horizontal(id="halves"):
            with Vertical(id="left"):
                yield Static(id="obstacles-title", classes="title", markup=False)
                yield LiveTable(id="obstacles", grows=True)
            with Vertical(id="right"):
                yield Static(id="departments-title", classes="title", markup=False)
                yield LiveTable(id="departments")

    def on_mount(self) -> None:
        """The obstacles have the keys first."""
        super().on_mount()
        self.query_one("#obstacles", LiveTable).focus()

    def look(self, question: object) -> Readiness:
        """Everybody, measured now."""
        desk = self.desk
        return readiness(desk.database, desk.settings, desk.now())

    def paint(self, snapshot: Readiness) -> None:
        """Show the sums."""
        self._title("#obstacles-title", _("What is missing"))
        self._title("#departments-title", _("Ready by department"))
        self._show_obstacles(snapshot)
        self._show_departments(snapshot)
        demanded = ", ".join(label(part) for part in snapshot.demanded)
        self.words.show_words(
            _("{ready} of {people} people are ready; demanded: {parts}").format(
                ready=f"{snapshot.ready:,}",
                people=f"{len(snapshot.people):,}",
                parts=demanded or _("nothing"),
            )
            if snapshot.people
            else _("no people yet: `rollout import people FILE`")
        )

    def _title(self, selector: str, words: str) -> None:
        self.query_one(selector, Static).update(plain(words, "bold"), layout=False)

    def _show_obstacles(self, found: Readiness) -> None:
        rows = [
            Row(
                f"missing:{entry.part.value}",
                [
                    plain(label(entry.part)),
                    plain(f"{entry.people:>7,}"),
                    plain(f"{entry.alone:>9,}"),
                ],
            )
            for entry in found.obstacles
        ]
        columns = [
            Column("part", _("missing"), widest=16),
            Column("people", _("people"), widest=7),
            Column("alone", _("only that"), widest=9),
        ]
        nothing = Row("none", [plain(_("nothing")), plain(""), plain("")])
        self.query_one("#obstacles", LiveTable).show_rows(columns, rows or [nothing])

    def _show_departments(self, found: Readiness) -> None:
        rows = [
            Row(
                f"department:{entry.bureau}" if entry.bureau else "none",
                [plain(entry.bureau or "–"), progress(entry.ready, entry.people, 8)],
            )
            for entry in found.departments
        ]
        columns = [
            Column("department", _("department"), widest=20),
            Column("ready", _("ready"), widest=24),
        ]
        self.query_one("#departments", LiveTable).show_rows(columns, rows)

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Name the people of the row who are not ready."""
        words = str(event.row_key.value)
        self._open("is:unready" if words == "none" else f"is:unready {words}")

    def action_people(self) -> None:
        """Name everybody, to be filtered."""
        self._open("")

    def _open(self, words: str) -> None:
        screen = PeopleScreen(self.desk)
        self.app.push_screen(screen)
        if words:
            screen.call_after_refresh(screen.filter_by, words)

    def notes(self) -> list[str]:
        """What the parts mean."""
        return [f"{label(part)}: {_(part.meaning)}" for part in Part]
