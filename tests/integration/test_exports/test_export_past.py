"""An export of the past is the same file whatever has happened since."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from export_fleet import EVIL, MACHINES, SINCE, hours, measure, move, register

from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports.audit import open_audit
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.machines import open_machines
from rollout.domain.account import AccountVerb
from rollout.domain.history import Fact, canonical
from rollout.domain.machine import MachineVerb
from rollout.settings import Settings
from rollout.store import as_of, history, transitions
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Account, Machine, Person, SpareLoan

LATER = hours(1000)
OPENERS: dict[str, Any] = {
    "machines": open_machines, "evidence": open_evidence, "audit": open_audit,
}  # fmt: skip


def exported(
    database: Database, settings: Settings, path: Path, kind: str, form: Form, at: float
) -> bytes:
    opener = OPENERS[kind](database, settings, now=LATER, as_of=hours(at))
    with opener as extract:
        write(path, extract, form)
    return path.read_bytes()


def rows(database: Database, settings: Settings, folder: Path, kind: str, at: float) -> list[Any]:
    data = exported(database, settings, folder / "x.jsonl", kind, Form.JSONL, at)
    return [json.loads(line) for line in data.decode().splitlines() if line]


def everything_moves_on(database: Database) -> None:
    with database.write() as session:
        move(session, [1], MachineVerb.RETRY, 100)
        move(session, [50], MachineVerb.RELEASE, 100)
        move(session, [40], MachineVerb.UNPLAN, 100)
        move(session, [51, 40], MachineVerb.EXCLUDE, 101, "sold")
        person, machine = session.get(Person, 3), session.get(Machine, 2)
        assert person is not None
        assert machine is not None
        before = {
            "name": [person.name, "新姓"],
            "serial": [machine.serial, "NEW"],
            "may_leave": [str(machine.may_leave), "True"],
        }
        person.name, machine.serial, machine.may_leave = "新姓", "NEW", True
        machine.site_id, machine.owner_id = 1, 9
        machine.image_id, machine.last_seen_at = "img", hours(102)
        machine.planned_day = date(2022, 11, 3)
        unplanned = session.get(Machine, 40)
        assert unplanned is not None
        unplanned.wave_id = unplanned.planned_day = None
        session.add(unplanned)
        session.add_all([person, machine])
        amended = [
            ("person", 3, {"name": before["name"]}),
            ("machine", 2, {name: before[name] for name in ("serial", "may_leave")}),
            ("machine", 2, {"site": ["本庁", "本庁"], "owner": ["000002", "000008"]}),
        ]
        history.append(
            session,
            [
                Fact(instant_text(hours(103)), "i", noun, id_, "k", "amend", None, None,
                     detail=canonical(detail))
                for noun, id_, detail in amended
            ],
        )  # fmt: skip
        transitions.apply(session, Account, [2], AccountVerb.REQUEST, actor="a", at=hours(104))
        loan = session.get(SpareLoan, 1)
        assert loan is not None
        loan.returned_at, loan.returned_by = hours(105), "a"
        session.add(loan)
        measure(session, 12, "firewall", "fail", at=106, epoch=3)
        new = Machine(asset_tag="DK21-000001", generation="DK21", state_since=hours(107))
        register(session, [new], hours(107))


@pytest.mark.parametrize("kind", sorted(OPENERS))
@pytest.mark.parametrize("form", [Form.CSV, Form.XLSX, Form.JSON])
def test_the_same_moment_gives_the_same_bytes(
    changing: Database, configuration: Settings, tmp_path: Path, kind: str, form: Form
) -> None:
    first = exported(changing, configuration, tmp_path / "a", kind, form, 40)
    everything_moves_on(changing)
    assert exported(changing, configuration, tmp_path / "b", kind, form, 40) == first
    assert exported(changing, configuration, tmp_path / "c", kind, form, 200) != first


def test_paper_of_the_same_moment_is_the_same(
    changing: Database, configuration: Settings, tmp_path: Path
) -> None:
    first = exported(changing, configuration, tmp_path / "a", "evidence", Form.PDF, 40)
    everything_moves_on(changing)
    assert exported(changing, configuration, tmp_path / "b", "evidence", Form.PDF, 40) == first


def test_today_and_this_very_moment_by_the_history_agree(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    then = rows(fleet, configuration, tmp_path, "machines", 500)
    with open_machines(fleet, configuration, now=LATER) as extract:
        write(tmp_path / "now.jsonl", extract, Form.JSONL)
    now = [json.loads(line) for line in (tmp_path / "now.jsonl").read_text("utf-8").splitlines()]
    assert then == now


@pytest.mark.parametrize("at", [0.5, 2, 3.5, 8.2, 14, 15.5, 40])
def test_the_states_of_a_moment_are_those_of_the_status_report(
    fleet: Database, configuration: Settings, tmp_path: Path, at: float
) -> None:
    found = Counter(
        (row["generation"], row["site"], row["department"], row["wave"], row["state"])
        for row in rows(fleet, configuration, tmp_path, "machines", at)
    )
    with fleet.read() as session:
        counts = as_of.counts(session, hours(at), hours(at).date())
    assert found == Counter({tuple(count)[:5]: count.machines for count in counts})
    assert sum(found.values()) == MACHINES


def test_what_was_amended_is_set_back_and_what_is_not_kept_is_empty(
    changing: Database, configuration: Settings, tmp_path: Path
) -> None:
    everything_moves_on(changing)
    then = {
        row["asset_tag"]: row for row in rows(changing, configuration, tmp_path, "machines", 40)
    }
    assert "DK21-000001" not in then
    second = then["DK19-000002"]
    assert (second["serial"], second["owner"], second["may_leave"]) == ("S2", EVIL[2], False)
    assert (second["image_id"], second["last_seen_at"]) == (None, None)
    first = then["DK20-000001"]
    assert (first["state"], first["step"], first["cause"]) == ("failed", "preflight", "=boom")
    assert (first["state_since"], first["spare"]) == ("2022-11-01T13:00:00+09:00", "DK20-000059")
    assert then["DK19-000040"]["wave"] == 7
    later = {
        row["asset_tag"]: row for row in rows(changing, configuration, tmp_path, "machines", 200)
    }
    assert (later["DK19-000040"]["wave"], later["DK20-000001"]["spare"]) == (None, None)
    assert later["DK19-000002"]["serial"] == "NEW"


def test_nothing_is_known_before_the_first_day(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    assert rows(fleet, configuration, tmp_path, "machines", -1) == []
    assert rows(fleet, configuration, tmp_path, "audit", -1) == []
    assert len(rows(fleet, configuration, tmp_path, "audit", 0)) == MACHINES
    assert hours(0) == SINCE
