"""Where everything stands."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from rollout.application.spares import SparePool
from rollout.application.waves import WaveView
from rollout.domain.machine import MachineState
from rollout.domain.words import msgid
from rollout.i18n import _, language
from tui import needs
from tui.desk import Desk
from tui.figures import figures, outlook_words
from tui.filter_language import word_for
from tui.jumps import MachinesRequested, RoomRequested
from tui.looks import by_group, machine_state, progress, wave_state
from tui.plain import plain
from tui.screens.burn_up import BurnUpScreen
from tui.screens.charting import ChartingScreen
from tui.screens.workers import WorkersScreen
from tui.standing import SHOWN, Place, Standing, StandingLooker
from tui.themes import BAD, WARN
from tui.widgets.live_table import Column, LiveTable, Row
from tui.widgets.state_bar import StateBar

TALL, WIDE = 36, 120
"""Lines and cells of a terminal from which on the chart, and the places, are there at once."""


@lru_cache(maxsize=2 * SHOWN)
def _wave_row(number: int, state: str, done: int, size: int, _language: str) -> Row:
    """The same row again for the same wave: two hundred are shown, and few are others now."""
    return Row(f"wave:{number}", [plain(number), wave_state(state), progress(done, size, 8)])


class OverviewScreen(ChartingScreen):
    """Machines, waves, the burn-up, and what needs a person; Enter goes to its place."""

    room = "overview"
    pause = 0.8  # half of the screen is another one with every look at a programme at work
    chart_at = "#burn-up-place"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "burn_up", msgid("burn-up"), tooltip=msgid("the burn-up on a whole screen")),
        Binding("g", "places", msgid("by place"), tooltip=msgid("by generation and site, or not")),
    ]

    class Deepened(Message):
        """A thread has asked for a costly part; `awaited`: somebody waits for its answer."""

        def __init__(self, *, awaited: bool) -> None:
            super().__init__()
            self.awaited = awaited

    def __init__(self, desk: Desk, looker: StandingLooker) -> None:
        super().__init__(desk)
        self._looker = looker
        self._deepening = False
        self._by_place = False

    def compose_room(self) -> ComposeResult:
        """The bar, the states, and beside them what needs a person and the waves."""
        yield StateBar(id="bar")
        yield Static(id="outlook", classes="words", markup=False)
        with Horizontal(id="halves"):
            with Vertical(id="left"):
                yield Static(id="states-title", classes="title", markup=False)
                yield LiveTable(id="states", grows=True)
                yield Static(id="spares-title", classes="title", markup=False)
                yield LiveTable(id="spares", grows=True)
            with Vertical(id="middle"):
                yield Static(id="places-title", classes="title", markup=False)
                yield LiveTable(id="places", grows=True)
            with Vertical(id="right"):
                yield Static(id="needs-title", classes="title", markup=False)
                yield LiveTable(id="needs", grows=True)
                yield Static(id="waves-title", classes="title", markup=False)
                yield LiveTable(id="waves")
        yield Vertical(id="burn-up-place")

    def on_mount(self) -> None:
        """What needs a person has the keys first."""
        super().on_mount()
        self.query_one("#needs", LiveTable).focus()

    def look(self, question: object) -> Standing:
        """The counts of this moment, and the last answers of what costs more."""
        return self._looker.look()

    def _deepen(self) -> None:
        self.post_message(self.Deepened(awaited=self._looker.deepen()))

    def on_overview_screen_deepened(self, message: Deepened) -> None:
        """Show what is awaited and ask for the next part; the rest has time until a look."""
        self._deepening = False
        if message.awaited:
            self.look_now()

    def paint(self, snapshot: Standing) -> None:
        """Show them."""
        wide, tall = self._wide, self.app.size.height >= TALL
        self.query_one("#left").display = wide or not self._by_place
        self.query_one("#middle").display = wide or self._by_place
        self.query_one("#halves").set_class(wide, "wide")
        self.query_one(StateBar).styles.height = 2 if wide else 3
        self.query_one(StateBar).show_groups(by_group(snapshot.counts))
        self._title("#outlook", outlook_words(snapshot), style="")
        self._show_states(snapshot.counts)
        self._show_places(snapshot.places or ())
        self._show_needs(snapshot)
        self._show_waves(snapshot.waves or ())
        self._show_spares(snapshot.pools or ())
        self.show_chart(snapshot.burn_up if tall and snapshot.counts else None)
        self.words.show_words(figures(self.desk, sum(snapshot.counts.values())))
        if snapshot.glance is None:
            self.look_now()
        elif self._looker.deepens and not self._deepening:
            self._deepening = True
            self.run_worker(self._deepen, name="costly part", group="deep", thread=True)

    @property
    def _wide(self) -> bool:
        return self.app.size.width >= WIDE

    def _title(self, selector: str, words: str, style: str = "bold") -> None:
        title = self.query_one(selector, Static)
        if str(title.content) != words:
            text = plain(words, style)
            text.no_wrap = bool(style)
            title.update(text, layout=not style)

    def _show(self, part: str, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        table = self.query_one(f"#{part}", LiveTable)
        table.display = self.query_one(f"#{part}-title").display = bool(rows)
        if rows:
            self._title(f"#{part}-title", title)
            table.show_rows(columns, rows)

    def _show_states(self, counts: Mapping[str, int]) -> None:
        total = sum(counts.values())
        rows = [
            Row(
                f"state:{state.value}",
                [
                    machine_state(state.value),
                    plain(f"{counts[state.value]:>9,}"),
                    plain(f"{counts[state.value] / total:>6.1%}"),
                ],
            )
            for state in MachineState
            if counts.get(state.value)
        ]
        columns = [
            Column("state", _("state"), widest=18),
            Column("machines", _("count"), widest=9),
            Column("share", _("share"), widest=6),
        ]
        self._show("states", _("Machines by state"), columns, rows)

    def _show_places(self, places: Sequence[Place]) -> None:
        rows = [
            Row(
                place.words,
                [
                    plain(place.name),
                    plain(f"! {place.needs:,}" if place.needs else "", BAD),
                    progress(place.done, place.machines, 4),
                ],
            )
            for place in places
        ]
        columns = [
            Column("place", _("gen., site"), widest=14),
            Column("needs", "!", widest=9),
            Column("done", _("done"), rest=True),
        ]
        self._show("places", _("By generation and site"), columns, rows)

    def _show_needs(self, snapshot: Standing) -> None:
        alive = self.last is not None and self.last.daemon.alive
        rows = needs.rows(snapshot, daemon_alive=alive)
        self._show("needs", _("Needs a person"), needs.columns(), rows)

    def _show_waves(self, views: Sequence[WaveView]) -> None:
        rows = [
            _wave_row(view.wave.number, view.wave.state, view.done, view.size, language())
            for view in views
        ]
        columns = [
            Column("wave", _("wave"), widest=8),
            Column("state", _("state"), widest=18),
            Column("progress", _("progress"), widest=20),
        ]
        self._show("waves", _("Progress of waves"), columns, rows)

    def _show_spares(self, pools: Sequence[SparePool]) -> None:
        """The sites that have the fewest left first; nothing where nobody has spares."""
        rows = [
            Row(
                word_for("site", pool.site) + " use:spare" if pool.site else needs.NOWHERE,
                [
                    plain(pool.site or "–"),
                    plain(f"{pool.free:>4,}", "" if pool.free else WARN),
                    plain(f"{pool.out:>4,}"),
                ],
            )
            for pool in sorted(pools, key=lambda pool: (pool.free, pool.site or ""))
        ]
        columns = [
            Column("site", _("site"), widest=18),
            Column("left", _("left"), widest=6),
            Column("out", _("out"), widest=6),
        ]
        self._show("spares", _("Spares left"), columns, rows)

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Go where the row leads."""
        key = str(event.row_key.value)
        if key.startswith("room "):
            _kind, room, *words = key.split()
            self.post_message(RoomRequested(room, " ".join(words)))
        elif key == needs.WORKERS:
            self.app.push_screen(WorkersScreen(self.desk))
        elif key != needs.NOWHERE:
            self.post_message(MachinesRequested(key))

    def action_places(self) -> None:
        """States, or generations and sites, where both have no room."""
        self._by_place = not self._by_place
        self.repaint()

    def action_burn_up(self) -> None:
        """The burn-up alone."""
        self.app.push_screen(BurnUpScreen(self.desk))

    def check_action(self, action: str, parameters: tuple[Any, ...]) -> bool | None:
        """On a wide screen nothing has to be changed for something else."""
        if action == "places" and self._wide:
            return False
        return super().check_action(action, parameters)
