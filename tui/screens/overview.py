"""Where everything stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from rollout.application import machines, spares, stops, waves
from rollout.application.glance import Glance, glance
from rollout.application.spares import SparePool
from rollout.application.waves import WaveView
from rollout.domain.account import AccountState
from rollout.domain.machine import NEEDS_A_PERSON, MachineState
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.store.tables import Stop
from tui.jumps import MachinesRequested, RoomRequested
from tui.looks import by_group, machine_state, progress, wave_state
from tui.plain import plain
from tui.screens.live import LiveScreen
from tui.themes import BAD, WARN
from tui.widgets.live_table import Column, LiveTable, Row
from tui.widgets.state_bar import StateBar


@dataclass(frozen=True)
class Standing:
    """What the overview shows."""

    counts: Mapping[str, int]
    waves: Sequence[WaveView]
    stops: Sequence[Stop]
    pools: Sequence[SparePool]
    glance: Glance

    def waves_in(self, state: WaveState) -> list[WaveView]:
        """Waves in that state."""
        return [view for view in self.waves if view.wave.state == state]


class OverviewScreen(LiveScreen):
    """Machines by state, waves, and what needs a person; Enter goes to its place."""

    room = "overview"

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
            with Vertical(id="right"):
                yield Static(id="needs-title", classes="title", markup=False)
                yield LiveTable(id="needs", grows=True)
                yield Static(id="waves-title", classes="title", markup=False)
                yield LiveTable(id="progress")

    def look(self, question: object) -> Standing:
        """Counts of machines and waves."""
        database = self.desk.database
        return Standing(
            machines.counts(database),
            waves.listing(database),
            stops.in_force(database),
            spares.pools(database, self.desk.settings),
            glance(database),
        )

    def paint(self, snapshot: Standing) -> None:
        """Show them."""
        total = sum(snapshot.counts.values())
        self.query_one(StateBar).show_groups(by_group(snapshot.counts))
        self._title("#states-title", _("Machines by state"))
        self._title("#needs-title", _("Needs a person"))
        self._title("#waves-title", _("Progress of waves"))
        self._title("#outlook", outlook_words(snapshot.glance), style="")
        self._show_states(snapshot.counts, total)
        self._show_needs(snapshot)
        self._show_waves(snapshot.waves)
        self._show_spares(snapshot.pools)
        cutover = self.desk.settings.programme.cutover
        today = self.desk.now().astimezone(self.desk.settings.programme.zone).date()
        self.words.show_words(
            _("{total} machines, {days} days to the cutover on {cutover}").format(
                total=f"{total:,}", days=(cutover - today).days, cutover=cutover
            )
        )

    def _title(self, selector: str, words: str, style: str = "bold") -> None:
        title = self.query_one(selector, Static)
        if str(title.content) != words:
            title.update(plain(words, style), layout=False)

    def _show_states(self, counts: Mapping[str, int], total: int) -> None:
        rows = [
            Row(
                state.value,
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
        self.query_one("#states", LiveTable).show_rows(columns, rows)

    def _show_needs(self, snapshot: Standing) -> None:
        rows = [
            Row(
                f"state:{state.value}",
                [
                    machine_state(state.value),
                    plain(f"{snapshot.counts[state.value]:>9,}"),
                    plain(_("machines")),
                ],
            )
            for state in MachineState
            if state in NEEDS_A_PERSON and snapshot.counts.get(state.value)
        ]
        rows += [
            Row(
                f"room waves {state.value}",
                [wave_state(state.value), plain(f"{len(found):>9,}"), plain(_("waves"))],
            )
            for state in (WaveState.AWAITING_APPROVAL, WaveState.HALTED)
            if (found := snapshot.waves_in(state))
        ]
        if snapshot.stops:
            rows.append(
                Row(
                    "room stops",
                    [
                        plain(_("stop in force"), BAD),
                        plain(f"{len(snapshot.stops):>9,}"),
                        plain(""),
                    ],
                )
            )
        rows += self._needs_beside(snapshot)
        if not rows:
            rows = [Row("none", [plain(_("nothing")), plain(""), plain("")])]
        columns = [
            Column("what", _("what"), widest=18),
            Column("number", _("number"), widest=9),
            Column("noun", "", widest=14),
        ]
        self.query_one("#needs", LiveTable).show_rows(columns, rows)

    def _needs_beside(self, snapshot: Standing) -> list[Row]:
        """What is no machine and no wave."""
        rows = []
        if snapshot.glance.blocked:
            number = plain(f"{snapshot.glance.blocked:>9,}")
            rows.append(
                Row(
                    "room accounts state:blocked",
                    [plain(label(AccountState.BLOCKED), BAD), number, plain(_("accounts"))],
                )
            )
        if self.last is not None and not self.last.daemon.alive:
            words = [plain(_("no daemon"), WARN), plain(""), plain("rollout serve")]
            rows.append(Row("none daemon", words))
        return rows

    def _show_waves(self, views: Sequence[WaveView]) -> None:
        rows = [
            Row(
                f"wave:{view.wave.number}",
                [
                    plain(view.wave.number),
                    wave_state(view.wave.state),
                    progress(view.done, view.size, 8),
                ],
            )
            for view in views
        ]
        columns = [
            Column("wave", _("wave"), widest=8),
            Column("state", _("state"), widest=18),
            Column("progress", _("progress"), widest=20),
        ]
        self.query_one("#progress", LiveTable).show_rows(columns, rows)

    def _show_spares(self, pools: Sequence[SparePool]) -> None:
        """The sites that have the fewest left first; nothing where nobody has spares."""
        rows = [
            Row(
                f"site:{pool.site}" if pool.site else "none",
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
        table = self.query_one("#spares", LiveTable)
        table.display = self.query_one("#spares-title").display = bool(rows)
        if rows:
            self._title("#spares-title", _("Spares left"))
            table.show_rows(columns, rows)

    def on_data_table_row_selected(self, event: LiveTable.RowSelected) -> None:
        """Go where the row leads."""
        key = str(event.row_key.value)
        if event.data_table.id == "states":
            key = f"state:{key}"
        if event.data_table.id == "spares" and key != "none":
            key = f"{key} use:spare"
        if key.startswith("room "):
            _kind, room, *words = key.split()
            self.post_message(RoomRequested(room, " ".join(words)))
        elif not key.startswith("none"):
            self.post_message(MachinesRequested(key))


def outlook_words(seen: Glance) -> str:
    """The forecast that was kept last, and how many services of people are there."""
    words = _("no forecast yet: the daemon makes one each night")
    kept = seen.forecast
    if kept is not None:
        if kept.probability is None:
            words = _("forecast of {day}: not computable yet").format(day=kept.day)
        else:
            words = _("forecast of {day}: P50 {p50}  P90 {p90}  in time {share}").format(
                day=kept.day,
                p50=kept.p50 or _("beyond"),
                p90=kept.p90 or _("beyond"),
                share=f"{kept.probability:.0%}",
            )
    if seen.accounts:
        words += "   " + _("accounts {ready}/{all} ready").format(
            ready=f"{seen.ready:,}", all=f"{sum(seen.accounts.values()):,}"
        )
    return words
