"""One wave: its approval, its tranches, what its gates say, and what happened to it."""

import json
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.widgets import Static

from rollout.application import waves
from rollout.application.fact_words import fact_words
from rollout.application.gate_words import numbers_of
from rollout.application.waves import WaveStanding, WaveView
from rollout.domain.gates import Gate, Reading, all_open, deciding
from rollout.domain.recorded import RecordedVerb
from rollout.domain.wave import WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from rollout.store.tables import AuditRow
from tui.desk import Desk
from tui.gate_actions import carry_out, possible, question
from tui.looks import progress, verdict, wave_name, wave_state
from tui.plain import plain
from tui.screens.confirm import Answer
from tui.screens.wave_keys import WaveKeys
from tui.themes import BAD, CALM, GOOD, WARN
from tui.widgets.live_table import Column, LiveTable, Row


class WaveScreen(WaveKeys):
    """Scrolls as one page; the cursor stands on a gate, whose words are spelt out below it."""

    room = "waves"
    ACTS: ClassVar = {**WaveKeys.ACTS, "override": OperatorRole.APPROVER}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.pop_screen", msgid("back")),
        Binding("o", "override", msgid("override"), tooltip=msgid("let the wave pass this gate")),
    ]

    def __init__(self, desk: Desk, number: int) -> None:
        super().__init__(desk)
        self._number = number

    def compose_room(self) -> ComposeResult:
        """The sections of the page."""
        with VerticalScroll(id="page", can_focus=False):
            yield Static(id="facts", classes="section", markup=False)
            for part in ("tranches", "gates", "history"):
                yield Static(id=f"{part}-title", classes="title", markup=False)
                if part == "gates":
                    yield Static(id="decides", classes="words", markup=False)
                yield LiveTable(id=part, grows=True)
        yield Static(id="gate-words", classes="words", markup=False)

    def on_mount(self) -> None:
        """The gates have the keys first."""
        super().on_mount()
        self.query_one("#gates", LiveTable).focus()

    def look(self, question: object) -> WaveStanding:
        """Everything about the wave but its machines."""
        desk = self.desk
        return waves.standing(desk.database, desk.settings, self._number, desk.now())

    def chosen_wave(self) -> WaveView | None:
        """This wave."""
        return self.last.snapshot.view if self.last is not None else None

    def paint(self, snapshot: WaveStanding) -> None:
        """Show it."""
        self._say("#facts", "\n".join(self._facts(snapshot)))
        self._show("tranches", _("Tranches"), _tranche_columns(), self._tranches(snapshot))
        self._show("gates", _("Gates"), _gate_columns(), self._gates(snapshot))
        self._show("history", _("History"), _history_columns(), self._history(snapshot))
        words, style = _decision(snapshot)
        self._say("#decides", words, style)
        self._say_gate()
        wave = snapshot.view.wave
        self.words.show_words(
            _("wave {number}: {words}").format(
                number=wave.number, words=wave.cause or label(WaveState(wave.state))
            )
        )

    def _show(self, part: str, title: str, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        self._say(f"#{part}-title", title if rows else "", "bold")
        table = self.query_one(f"#{part}", LiveTable)
        table.display = bool(rows)
        if rows:
            table.show_rows(columns, rows)

    def _say(self, selector: str, words: str, style: str = "") -> None:
        field = self.query_one(selector, Static)
        field.display = bool(words)
        text = plain("", style)
        text.no_wrap = False
        for number, line in enumerate(words.split("\n")):
            text.append("\n" if number else "")
            text.append_text(plain(line, style))
        if str(field.content) != text.plain:
            field.update(text)

    def _facts(self, standing: WaveStanding) -> list[str]:
        wave, local = standing.view.wave, self.desk.local
        lines = [
            _("wave {name}: {state} since {at}").format(
                name=wave_name(wave),
                state=label(WaveState(wave.state)),
                at=local(wave.state_since),
            ),
            f"{wave.first_day} – {wave.last_day}  "
            f"{progress(standing.view.done, standing.view.size, 20).plain}",
        ]
        if wave.cause:
            lines.append(wave.cause)
        if wave.submitted_by:
            submitted = [row for row in standing.history if row.verb == WaveVerb.SUBMIT]
            by = _("submitted by {who} {at}").format(
                who=wave.submitted_by, at=local(submitted[-1].at) if submitted else ""
            )
            approved = _("not approved yet")
            if wave.approved_by:
                approved = _("approved by {who} {at}").format(
                    who=wave.approved_by, at=local(wave.approved_at)
                )
            lines.append(f"{by.rstrip()}  {approved}")
        return lines

    def _tranches(self, standing: WaveStanding) -> list[Row]:
        if len(standing.progress.tranches) < 2:
            return []
        return [
            Row(
                str(part.number),
                [
                    plain(part.number),
                    progress(part.done, part.size),
                    plain(self.desk.local(part.opened_at))
                    if part.opened_at
                    else plain(_("not yet"), CALM),
                ],
            )
            for part in standing.progress.tranches
        ]

    def _gates(self, standing: WaveStanding) -> list[Row]:
        decides = {reading.gate for reading in deciding(list(standing.progress.readings))}
        passed = {
            row.gate: row
            for row in standing.progress.overrides
            if row.tranche == standing.progress.tranche
        }
        rows = []
        for reading in standing.progress.readings:
            by = passed.get(reading.gate.value) if reading.overridden else None
            rows.append(
                Row(
                    reading.gate.value,
                    [
                        plain("►" if reading.gate in decides else "", WARN),
                        plain(label(reading.gate)),
                        verdict(reading),
                        plain(numbers_of(reading)),
                        plain(f"{by.actor}: {by.reason}" if by else ""),
                    ],
                )
            )
        return rows

    def _history(self, standing: WaveStanding) -> list[Row]:
        return [
            Row(
                str(row.id),
                [
                    plain(self.desk.local(row.at)),
                    plain(_what(row)),
                    wave_state(row.to_state) if row.to_state in set(WaveState) else plain(""),
                    plain(row.actor),
                    plain(row.reason),
                ],
            )
            for row in reversed(standing.history)
        ]

    def _chosen_gate(self) -> Reading | None:
        if self.last is None:
            return None
        key = self.query_one("#gates", LiveTable).chosen
        readings: Sequence[Reading] = self.last.snapshot.progress.readings
        return next((reading for reading in readings if reading.gate.value == key), None)

    def _say_gate(self) -> None:
        reading = self._chosen_gate()
        if reading is None:
            self._say("#gate-words", "")
            return
        words = [_(reading.gate.meaning)]
        if reading.lack is not None:
            words.append(numbers_of(reading))
        self._say("#gate-words", "\n".join(words), CALM)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Moves that the wave cannot make now are absent: there is no other wave to choose."""
        found = super().check_action(action, parameters)
        return False if found is None and action in WaveKeys.ACTS else found

    def possible(self, action: str) -> bool:
        """Whether the wave's table has that move, or the chosen gate can be overridden."""
        if action != "override":
            return super().possible(action)
        return (
            self.is_mounted
            and self.last is not None
            and possible(self.last.snapshot, self._chosen_gate())
        )

    def on_data_table_row_highlighted(self, event: LiveTable.RowHighlighted) -> None:
        """Another gate may have other words, and be overridden or not."""
        table = event.data_table
        if table.has_focus:
            # Tables of the page are as high as their rows: the page has to follow the cursor.
            row = Region(0, table.virtual_region.y + 1 + event.cursor_row, 1, 1)
            self.query_one("#page", VerticalScroll).scroll_to_region(row, animate=False)
        if table.id == "gates":
            self._say_gate()
            self.refresh_keys()

    def action_override(self) -> None:
        """Let the wave pass the chosen gate."""
        reading = self._chosen_gate()
        if self.last is not None and reading is not None:
            asked = question(self.last.snapshot, reading)
            self.ask(asked, partial(self._overridden, reading.gate))

    def _overridden(self, gate: Gate, answer: Answer) -> None:
        work = partial(carry_out, self.desk, self._number, gate, answer.reason)
        self.act(f"override {gate} of wave {self._number}", work)


def _decision(standing: WaveStanding) -> tuple[str, str]:
    """What the gates together mean for the wave, and how it looks."""
    wave, now = standing.view.wave, standing.progress
    found = list(now.readings)
    if wave.state == WaveState.HALTED:
        return _("The wave is halted: {cause}").format(cause=wave.cause or ""), BAD
    if not found:
        return "", CALM
    against = deciding(found)
    if against:
        names = ", ".join(label(reading.gate) for reading in against)
        if not now.tranche:
            return _("The first machines wait for: {gates}").format(gates=names), WARN
        if now.tranche == len(now.tranches):
            return _("Every tranche has begun; not open: {gates}").format(gates=names), WARN
        return _("The next tranche waits for: {gates}").format(gates=names), WARN
    if all_open(found) and now.tranche < len(now.tranches):
        return _("Every gate is open: the next tranche may begin."), GOOD
    return _("Every gate is open."), GOOD


def _what(row: AuditRow) -> str:
    detail = json.loads(row.detail) if row.detail else {}
    if row.verb == RecordedVerb.OPEN_TRANCHE:
        return _("tranche {number} begins").format(number=detail.get("tranche", "?"))
    if row.verb == RecordedVerb.OVERRIDE_GATE:
        gates = [label(Gate(gate)) for gate in detail.get("gates", ()) if gate in set(Gate)]
        return _("override {gates}").format(gates=", ".join(gates))
    return fact_words().verb((row.noun, row.verb))


def _tranche_columns() -> list[Column]:
    return [
        Column("tranche", _("tranche"), widest=8),
        Column("done", _("done"), widest=22),
        Column("since", _("may begin since"), widest=20),
    ]


def _gate_columns() -> list[Column]:
    return [
        Column("decides", "", widest=1),
        Column("gate", _("gate"), widest=24),
        Column("says", _("says"), widest=14),
        Column("measured", _("measured"), rest=True),
        Column("passed", _("overridden by"), widest=40, from_width=110),
    ]


def _history_columns() -> list[Column]:
    return [
        Column("time", _("time"), widest=11),
        Column("what", _("what"), widest=28),
        Column("state", _("state"), widest=18),
        Column("who", _("who"), widest=14),
        Column("reason", _("reason"), rest=True),
    ]
