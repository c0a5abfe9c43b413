"""`export verify`: what was changed is found, in the file, in the history, in the figures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from export_fleet import MACHINES, NOW, hours, move
from sqlalchemy import text, update
from sqlmodel import col

from rollout.adapters.reports.exporting import Form, write
from rollout.application.exports import carried, stamp, verifying
from rollout.application.exports.audit import open_audit
from rollout.application.exports.evidence import open_evidence
from rollout.application.exports.machines import open_machines
from rollout.application.exports.stamp import NoStamp
from rollout.application.exports.verifying import Question
from rollout.domain.history import GENESIS, Fact, digest
from rollout.domain.machine import MachineVerb
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.machines import Filter
from rollout.store.tables import ControlSummary

OPENERS: dict[str, Any] = {
    "machines": open_machines, "evidence": open_evidence, "audit": open_audit,
}  # fmt: skip


CARRYING = (".xlsx", ".pdf", ".json")


def export(
    database: Database, settings: Settings, path: Path, kind: str = "machines", **options: Any
) -> Path:
    with OPENERS[kind](database, settings, now=NOW, **options) as extract:
        write(path, extract, Form(path.suffix.removeprefix(".")))
    return path


def broken(database: Database, settings: Settings, path: Path) -> Sequence[Question]:
    chain = verifying.walk(database)
    answers = verifying.verify(database, settings, path, chain)
    of_the_file = [Question.BYTES] if stamp.beside(path).exists() else []
    of_the_file += [Question.CARRIED] if path.suffix in CARRYING else []
    assert [answer.question for answer in answers] == [
        *of_the_file, Question.HISTORY, Question.TOTALS,
    ]  # fmt: skip
    return [answer.question for answer in answers if not answer.holds]


@pytest.mark.parametrize("kind", sorted(OPENERS))
@pytest.mark.parametrize("as_of", [None, hours(9)])
def test_it_holds_after_everything_has_moved_on(
    changing: Database, configuration: Settings, tmp_path: Path, kind: str, as_of: Any
) -> None:
    path = export(changing, configuration, tmp_path / "x.csv", kind, as_of=as_of)
    with changing.write() as session:
        move(session, [1], MachineVerb.RETRY, 100)
        move(session, range(31, 36), MachineVerb.BEGIN, 2)  # the clock of this one went wrong
    assert broken(changing, configuration, path) == []


def test_one_changed_byte_is_found(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = export(fleet, configuration, tmp_path / "x.csv")
    data = bytearray(path.read_bytes())
    data[-4] ^= 1
    path.write_bytes(data)
    assert broken(fleet, configuration, path) == [Question.BYTES]


FORMS = [("machines", "xlsx"), ("evidence", "pdf"), ("machines", "json")]


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_a_file_that_carries_its_stamp_is_checked_without_the_one_beside_it(
    fleet: Database, configuration: Settings, tmp_path: Path, kind: str, form: str
) -> None:
    path = export(fleet, configuration, tmp_path / f"x.{form}", kind)
    assert broken(fleet, configuration, path) == []
    whole, outside = path.read_bytes(), stamp.read(path)
    inside = carried.carried(path)
    assert inside is not None
    assert (inside.counts, inside.reach) == (outside.counts, outside.reach)
    stamp.beside(path).unlink()
    assert broken(fleet, configuration, path) == []
    for place in (0, len(whole) // 3, inside.size - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert broken(fleet, configuration, path) == [Question.CARRIED], place


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_stamps_that_tell_different_things_are_found(
    fleet: Database, configuration: Settings, tmp_path: Path, kind: str, form: str
) -> None:
    path = export(fleet, configuration, tmp_path / f"x.{form}", kind)
    whole = path.read_bytes()
    assert whole.count(b'"machines":60') == 1
    path.write_bytes(whole.replace(b'"machines":60', b'"machines":61'))
    place = stamp.beside(path)
    tree = json.loads(place.read_text(encoding="utf-8"))
    tree["sha256"] = stamp.digest(path)[0]
    place.write_text(json.dumps(tree), encoding="utf-8")
    assert broken(fleet, configuration, path) == [Question.CARRIED]


def test_totals_that_the_database_does_not_count_are_found(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = export(fleet, configuration, tmp_path / "x.csv")
    place = stamp.beside(path)
    tree = json.loads(place.read_text(encoding="utf-8"))
    tree["counts"]["state.migrated"] += 1
    place.write_text(json.dumps(tree), encoding="utf-8")
    assert broken(fleet, configuration, path) == [Question.TOTALS]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_verdicts_that_the_evidence_does_not_count_are_found(
    changing: Database, configuration: Settings, tmp_path: Path, form: str
) -> None:
    with changing.write() as session:
        session.connection().execute(
            update(ControlSummary)
            .where(col(ControlSummary.machine_id) == 12)
            .values(passed=col(ControlSummary.passed) + 1)
        )
    path = export(changing, configuration, tmp_path / f"x.{form}")
    assert broken(changing, configuration, path) == [Question.TOTALS]


def test_an_export_of_a_version_that_did_not_count_verdicts_is_not_asked_for_them(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = export(fleet, configuration, tmp_path / "x.csv")
    place = stamp.beside(path)
    tree = json.loads(place.read_text(encoding="utf-8"))
    assert tree["counts"]["verdict.pass"] > 0
    tree["counts"] = {
        name: n for name, n in tree["counts"].items() if not name.startswith("verdict.")
    }
    place.write_text(json.dumps(tree), encoding="utf-8")
    assert broken(fleet, configuration, path) == []


def test_a_fact_that_was_changed_before_the_export_is_found_and_one_after_it_is_not(
    changing: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = export(changing, configuration, tmp_path / "x.jsonl", "audit")
    with changing.write() as session:
        move(session, [1], MachineVerb.RETRY, 100)
    last = verifying.walk(changing).rows
    forge(changing, last)
    assert broken(changing, configuration, path) == []
    forge(changing, 70)
    assert broken(changing, configuration, path) == [Question.HISTORY]


def forge(database: Database, fact: int) -> None:
    """What only somebody can do who takes the triggers away first."""
    with database.write() as session:
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            for (name,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit SET actor = 'x' WHERE id = :fact"), {"fact": fact})


def test_an_export_of_another_database_is_refused(
    fleet: Database, changing: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = export(fleet, configuration, tmp_path / "x.csv")
    assert broken(changing, configuration, path) == [Question.HISTORY]


def test_a_filtered_export_is_counted_with_its_filter(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    for wanted in (Filter(sites=("尾鷲",)), Filter(needs_a_person=True), Filter(text="00001")):
        path = export(fleet, configuration, tmp_path / "x.csv", wanted=wanted)
        assert 0 < stamp.read(path).counts["machines"] < MACHINES
        assert broken(fleet, configuration, path) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda place: place.unlink(), "has no stamp"),
        (lambda place: place.write_text("{", encoding="utf-8"), "cannot be read"),
        (lambda place: place.write_text('{"stamp": 9}', encoding="utf-8"), "does not know"),
    ],
)
def test_what_has_no_stamp_that_can_be_read_says_so(
    fleet: Database, configuration: Settings, tmp_path: Path, change: Any, why: str
) -> None:
    path = export(fleet, configuration, tmp_path / "x.csv")
    change(stamp.beside(path))
    with pytest.raises(NoStamp, match=why):
        stamp.read(path)


def test_the_chain_can_be_followed_in_the_file_alone(
    fleet: Database, configuration: Settings, tmp_path: Path
) -> None:
    path = export(fleet, configuration, tmp_path / "x.jsonl", "audit", as_of=hours(9))
    last = GENESIS
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        last = digest(last, Fact(**{name: row[name] for name in Fact._fields}), row["salt"])
        assert row["digest"] == last
    assert stamp.read(path).reach.digest == last
