"""Whatever became of a fleet, every form of its export counts the same machines."""

import csv
import json
from collections import Counter
from datetime import timedelta
from itertools import count
from pathlib import Path

import databases
from export_fleet import SINCE, register
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlmodel import select

from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports import verifying
from rollout.application.exports.machines import open_machines
from rollout.domain.errors import NotAllowed
from rollout.domain.machine import MachineState, MachineVerb
from rollout.i18n.labels import label
from rollout.settings import Settings
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.tables import Machine

VERBS = sorted(MachineVerb)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


_NUMBERS = count()
"""Each example has a database of its own, in a folder or in a server."""


def fleet(folder: Path, remarks: list[str], moves: list[tuple[int, MachineVerb]]) -> Database:
    database = databases.migrated(folder / f"{next(_NUMBERS)}.db")
    with database.write() as session:
        register(
            session,
            [
                Machine(asset_tag=f"T{n:03d}", generation="DK20", remark=remark, state_since=SINCE)
                for n, remark in enumerate(remarks)
            ],
            SINCE,
        )
    for at, (number, verb) in enumerate(moves):
        try:
            with database.write() as session:
                transitions.apply(
                    session, Machine, [number % len(remarks) + 1], verb, actor="a",
                    at=SINCE + timedelta(minutes=at), reason="r",
                )  # fmt: skip
        except NotAllowed:
            continue
    return database


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    remarks=st.lists(TEXTS, min_size=1, max_size=12),
    moves=st.lists(st.tuples(st.integers(0, 11), st.sampled_from(VERBS)), max_size=60),
    after=st.lists(st.tuples(st.integers(0, 11), st.sampled_from(VERBS)), max_size=20),
)
def test_totals_reconcile(
    remarks: list[str],
    moves: list[tuple[int, MachineVerb]],
    after: list[tuple[int, MachineVerb]],
    configuration: Settings,
    tmp_path: Path,
) -> None:
    database = fleet(tmp_path, remarks, moves)
    try:
        with database.read() as session:
            states = Counter(session.exec(select(Machine.state)))
        words = {state.value: label(state) for state in map(MachineState, states)}
        for form in (Form.CSV, Form.XLSX, Form.JSON):
            path = tmp_path / f"m.{form}"
            with open_machines(database, configuration, now=SINCE) as extract:
                made = write(path, extract, form).stamp
            assert made.counts["machines"] == made.rows == len(remarks)
            found = read_back(path, form)
            assert Counter(found) == Counter(
                {state if form is Form.JSON else words[state]: n for state, n in states.items()}
            )
        for number, verb in after:
            try:
                with database.write() as session:
                    transitions.apply(
                        session, Machine, [number % len(remarks) + 1], verb, actor="a",
                        at=SINCE - timedelta(days=1), reason="a clock that went wrong",
                    )  # fmt: skip
            except NotAllowed:
                continue
        chain = verifying.walk(database)
        for form in (Form.CSV, Form.XLSX, Form.JSON):
            answers = verifying.verify(database, configuration, tmp_path / f"m.{form}", chain)
            assert [answer.said for answer in answers if not answer.holds] == []
    finally:
        database.close()


def read_back(path: Path, form: Form) -> list[str]:
    if form is Form.JSON:
        return [row["state"] for row in json.loads(path.read_text("utf-8"))["machines"]]
    if form is Form.CSV:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [row["State"] for row in csv.DictReader(file)]
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Machines").to_python()
    return [str(row[rows[0].index("State")]) for row in rows[1:]]
