"""Whatever anybody asks of any row: no path outside the table, history equals states."""

import shutil
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import col, select

from rollout.domain.errors import NotAllowed, StaleState
from rollout.domain.lifecycle import Back, Lifecycle
from rollout.domain.machine import MACHINE, MachineState, MachineVerb, Step
from rollout.domain.wave import WAVE, WaveVerb
from rollout.store import history, transitions
from rollout.store.tables import AuditHead, AuditRow, Machine, Wave

START = datetime(2022, 11, 1, 9, tzinfo=UTC)
MACHINES, WAVES = 6, 2

# The rows of a table as the test counts them: state, version and what a machine remembers.
Row = dict[str, Any]


def expected(row: Row, verb: MachineVerb | WaveVerb, lifecycle: Lifecycle) -> str | None:
    """Where the words of the table lead, worked out without `follow`."""
    target = lifecycle.moves.get((lifecycle.states(row["state"]), verb))
    if target is None:
        return None
    if target is Back.TO_BEFORE_HOLD:
        return str(row["came_from"])
    if isinstance(target, Back):
        step = Step(row["at_step"])
        return str(step.starts_from if target is Back.TO_STEP_START else step.done)
    return str(target)


class Transitions(RuleBasedStateMachine):
    """Machines and waves in one file, a model of them in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="rollout-transitions-"))
        self.database = databases.migrated(self.folder / "rollout.db")
        self.now = START
        self.rows: dict[type, dict[int, Row]] = {Machine: {}, Wave: {}}

    @initialize()
    def fill(self) -> None:
        day = date(2022, 11, 1)
        with self.database.write() as session:
            for n in range(1, MACHINES + 1):
                session.add(Machine(asset_tag=f"M{n}", generation="DK20", state_since=START))
                self.rows[Machine][n] = {"state": "registered", "version": 1, "at_step": None}
            for n in range(1, WAVES + 1):
                session.add(Wave(number=n, first_day=day, last_day=day, state_since=START))
                self.rows[Wave][n] = {"state": "draft", "version": 1}

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def _ask(self, table: type, ids: list[int], verb: MachineVerb | WaveVerb) -> None:
        lifecycle = MACHINE if table is Machine else WAVE
        wanted = {id_: expected(self.rows[table][id_], verb, lifecycle) for id_ in ids}
        self.now += timedelta(seconds=1)
        try:
            with self.database.write() as session:
                moved = transitions.apply(
                    session, table, ids, verb, actor="x", at=self.now, reason=f"{verb}!"
                )
        except NotAllowed:
            assert None in wanted.values()
            return
        assert {row.id: row.to_state for row in moved} == wanted
        for id_, state in wanted.items():
            self._note(self.rows[table][id_], verb, str(state))

    @staticmethod
    def _note(row: Row, verb: MachineVerb | WaveVerb, state: str) -> None:
        if verb == MachineVerb.HOLD:
            row["came_from"] = row["state"]
        for step in Step:
            if state == step.working:
                row["at_step"] = step.value
        row["state"] = state
        row["version"] += 1

    @rule(
        ids=st.lists(st.integers(1, MACHINES), min_size=1, unique=True),
        verb=st.sampled_from(list(MachineVerb)),
    )
    def ask_machines(self, ids: list[int], verb: MachineVerb) -> None:
        self._ask(Machine, ids, verb)

    @rule(data=st.data())
    def ask_what_is_possible(self, data: st.DataObject) -> None:
        # Any verb anywhere is mostly refused; this one walks deep into the table.
        id_ = data.draw(st.integers(1, MACHINES))
        possible = MACHINE.verbs_from(MachineState(self.rows[Machine][id_]["state"]))
        if possible:
            self._ask(Machine, [id_], MachineVerb(data.draw(st.sampled_from(possible))))

    @rule(
        ids=st.lists(st.integers(1, WAVES), min_size=1, unique=True),
        verb=st.sampled_from(list(WaveVerb)),
    )
    def ask_waves(self, ids: list[int], verb: WaveVerb) -> None:
        self._ask(Wave, ids, verb)

    @rule(id_=st.integers(1, MACHINES), behind=st.integers(1, 3))
    def ask_with_a_version_that_is_gone(self, id_: int, behind: int) -> None:
        row = self.rows[Machine][id_]
        possible = MACHINE.verbs_from(MachineState(row["state"]))
        if not possible:
            return
        with pytest.raises(StaleState), self.database.write() as session:
            transitions.apply(
                session,
                Machine,
                [id_],
                possible[0],
                actor="x",
                at=self.now,
                versions={id_: row["version"] - behind},
            )

    @invariant()
    def the_database_has_the_states_of_the_model(self) -> None:
        with self.database.read() as session:
            for table, rows in self.rows.items():
                found = session.exec(select(table)).all()
                assert {row.id: (row.state, row.version) for row in found} == {
                    id_: (row["state"], row["version"]) for id_, row in rows.items()
                }

    @invariant()
    def the_history_leads_to_every_state(self) -> None:
        replayed: dict[tuple[str, int], tuple[str, int]] = {}
        with self.database.read() as session:
            for fact in session.exec(select(AuditRow).order_by(col(AuditRow.id))):
                initial = "registered" if fact.noun == "machine" else "draft"
                before = replayed.get((fact.noun, fact.noun_id), (initial, 1))
                assert before == (fact.from_state, (fact.version or 0) - 1)
                replayed[fact.noun, fact.noun_id] = (fact.to_state or "", fact.version or 0)
            for noun, table, initial in (
                ("machine", Machine, "registered"),
                ("wave", Wave, "draft"),
            ):
                for id_, row in self.rows[table].items():
                    wanted = (row["state"], row["version"])
                    assert replayed.get((noun, id_), (initial, 1)) == wanted

    @invariant()
    def the_chain_holds(self) -> None:
        with self.database.read() as session:
            verdict = history.verify(session)
            assert verdict.holds
            head = session.get(AuditHead, 1)
            assert verdict.rows == (head.rows if head else 0)


TestTransitions = Transitions.TestCase
TestTransitions.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)
