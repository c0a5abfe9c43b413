"""An office with people, and lists of them in files."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import databases
import pytest

from rollout.adapters.ledger.lists import open_list
from rollout.application.operators import Operator
from rollout.application.people.importing import Order, import_people
from rollout.application.people.report import PeopleReport
from rollout.application.transfers.taking_effect import take_effect
from rollout.domain.machine import MachineVerb
from rollout.domain.postings import PcFollows
from rollout.settings import OperatorRole, load
from rollout.store import departments, postings, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Person, Site, Wave

NOW = datetime(2023, 3, 28, 1, tzinfo=UTC)
BEFORE, APRIL = date(2023, 3, 31), date(2023, 4, 1)
OPERATOR = Operator("sato", OperatorRole.OPERATOR)
HEAD = "職員番号,氏名,カナ,部局,所属,勤務地,職,異動日,異動区分,PCの取扱い\n"


class Office:
    """A database with people, and lists in files."""

    def __init__(self, root: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        (root / "rollout.toml").write_text(
            "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n", encoding="utf-8"
        )
        monkeypatch.setenv("ROLLOUT_CONFIG", str(root / "rollout.toml"))
        self.settings = load()
        (root / "state").mkdir()
        copyfile(empty, root / "state" / "rollout.db")
        self.database = Database(self.settings.database_url)

    def take(self, text: str, encoding: str = "cp932", **order: Any) -> PeopleReport:
        file = self.root / "職員名簿.csv"
        file.write_text("職員名簿\n\n" + HEAD + text, encoding=encoding)
        return import_people(
            self.database, self.settings, open_list(file, "people"),
            operator=OPERATOR, now=NOW, order=Order(**order),
        )  # fmt: skip

    def department_of(self, number: str) -> str:
        with self.database.read() as session:
            person = session.exec(postings.select(Person).where(
                Person.staff_number == number)).one()  # fmt: skip
            names = {row.id: row.name for row in departments.every(session)}
            return names.get(person.department_id or 0, "")

    def day_comes(self, day: date) -> None:
        with self.database.write() as session:
            take_effect(session, day, PcFollows.STAYS, at=NOW)

    def equip(self, number: str, tag: str, day: date) -> None:
        """A planned PC for somebody."""
        with self.database.write() as session:
            person = session.exec(postings.select(Person).where(
                Person.staff_number == number)).one()  # fmt: skip
            if session.get(Wave, 1) is None:
                session.add(Wave(id=1, number=1, first_day=day, last_day=day, state_since=NOW))
                session.add(Site(id=99, key="置場"))
                session.flush()
            machine = Machine(asset_tag=tag, generation="DK20", owner_id=person.id, site_id=99,
                              department_id=person.department_id, wave_id=1, planned_day=day,
                              state_since=NOW)  # fmt: skip
            session.add(machine)
            session.flush()
            transitions.apply(session, Machine, [machine.id or 0], MachineVerb.PLAN, actor="a",
                              at=NOW)  # fmt: skip

    def machine(self, tag: str) -> Machine:
        with self.database.read() as session:
            found = session.exec(postings.select(Machine).where(Machine.asset_tag == tag)).one()
            session.expunge(found)
            return found


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database without rows: the migrations take longer than a test."""
    file = tmp_path_factory.mktemp("empty") / "rollout.db"
    database = Database(f"sqlite:///{file}")
    databases.set_up(database)
    database.close()
    return file


@pytest.fixture
def office(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(tmp_path, empty, monkeypatch)
    yield made
    made.database.close()


PEOPLE = (
    "1001,髙橋 花子,タカハシ ハナコ,総務部,人事課,本庁３階,主査,,,\n"
    "００１００２,山﨑 一郎,ヤマザキ イチロウ,同上,〃,本庁,係長,,,\n"
    "1003,佐藤 次郎,サトウ ジロウ,県土整備部,道路課,津,主事,,,\n"
)
