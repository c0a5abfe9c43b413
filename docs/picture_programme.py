"""A small programme in the middle of its work, for the pictures: the same at every call.

Every state is reached through the transition table, so the pictures show nothing that cannot be.
"""

import os
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import picture_people
from picture_passage import Passage
from sqlmodel import Session

from rollout.application import spares, stops
from rollout.application.operators import Operator
from rollout.application.planning import moving, plans
from rollout.domain.account import AccountVerb, CloudService
from rollout.domain.machine import MachineVerb, Step
from rollout.domain.purpose import Purpose
from rollout.domain.stop import StopScope
from rollout.domain.text import match_key
from rollout.domain.wave import WaveVerb
from rollout.planning.observed import Lack
from rollout.settings import OperatorRole, load
from rollout.store import (
    leases,
    migrate,
    plan_inputs,
    training,
    tranches,
    transitions,
    waves,
)
from rollout.store.database import Database
from rollout.store.tables import (
    Account,
    DayForecast,
    Department,
    Machine,
    Person,
    Site,
    Wave,
)

NOW = "2022-11-16T14:20:00+09:00"
CONFIGURATION = """\
database_url = "sqlite:///rollout.db"
[programme]
name = "三重県 一人一台端末移行"
start = 2022-11-07
cutover = 2023-05-01
[roles]
approvers = ["matsumoto"]
operators = ["tanaka"]
viewers = ["guest"]
[training]
courses = ["情報セキュリティ研修"]
[gates]
training_share = 0.9
[sites."本庁"]
spares = 4
[generations.DK20]
take_home = true
[milestones.rules]
name = "運用ルールの全部局合意"
due = 2022-10-31
owner = "スマート改革推進課"
[milestones.service]
name = "コミュニケーション基盤の供用開始"
due = 2023-05-01
owner = "デジタル改革推進課"
[indicators.trials]
name = "データ活用の実証"
unit = "件"
targets = { "令和5年度" = 3 }
"""
_BEGUN = datetime(2022, 11, 14, 0, 0, tzinfo=UTC)
_SECOND_WAVE = datetime(2022, 11, 16, 3, 20, tzinfo=UTC)
_SITES = ("本庁", "四日市", "尾鷲", "松阪")
_DEPARTMENTS = (
    ("総務部", "デジタル推進課"),
    ("県土整備部", "道路建設課"),
    ("農林水産部", "水産振興課"),
    ("医療保健部", "感染症対策課"),
)
_FAMILY = ("佐藤", "髙橋", "山﨑", "濵口", "伊藤", "中村", "小林", "𠮷田", "加藤", "西村")
_GIVEN = ("美咲", "健一", "さくら", "大輔", "陽子", "翔", "由紀", "誠", "直樹", "恵")


def write(folder: Path) -> Path:
    """Write `rollout.toml` and its database into `folder`; the path of the configuration."""
    configuration = folder / "rollout.toml"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    database = Database(f"sqlite:///{folder / 'rollout.db'}")
    migrate.upgrade(database)
    with database.write() as session:
        failed = _Story(session).tell()
    tanaka, at = Operator("tanaka", OperatorRole.OPERATOR), _SECOND_WAVE + timedelta(hours=1)
    spares.hand_out(database, failed, tanaka, at, "窓口業務のため本日中に必要")
    stops.halt(database, StopScope.GENERATION, "DK18", tanaka, at, "BIOS 更新の不具合を確認中")
    _plan(database, configuration, tanaka)
    database.close()
    return configuration


def _plan(database: Database, configuration: Path, operator: Operator) -> None:
    """Days for everybody else, and a proposal that moves three machines by hand."""
    os.environ["ROLLOUT_CONFIG"] = str(configuration)
    settings, now = load(), datetime.fromisoformat(NOW)
    plans.solve(database, settings, operator=operator, now=now)
    plans.commit(database, operator=operator, now=now)
    with database.read() as session:
        rows = [row for row in plan_inputs.waiting(session) if row.day and row.wave != 3]
    tags = [row.asset_tag for row in rows if row.site == rows[-1].site][-3:]
    moving.move(database, settings, tags, date(2022, 12, 14), operator=operator, now=now)
    picture_people.apply(database, settings, operator, now)


class _Story(Passage):
    """Three waves: a finished pilot, one at work with its troubles, one that waits."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, _BEGUN)
        self._random = random.Random(417)  # noqa: S311

    def tell(self) -> str:
        """Fill the database; the tag of a machine that failed."""
        fleet = self._fleet(240)
        self._train(fleet)
        self._provision(fleet[:12])
        for machine in fleet[202:212]:
            machine.purpose, machine.owner_id = Purpose.SPARE.value, None
        pilot = self._wave(1, fleet[:10], date(2022, 11, 14), pilot=True)
        second = self._wave(2, fleet[10:90], date(2022, 11, 16))
        third = self._wave(3, fleet[90:170], date(2022, 11, 21))
        for wave, until in ((pilot, WaveVerb.START), (second, WaveVerb.START),
                            (third, WaveVerb.SUBMIT)):  # fmt: skip
            self._approve(wave, until)
        for machine in fleet[:10]:
            self._pass(machine, 7, pilot)
            self._move(machine, MachineVerb.HAND_OVER)
        self._transition(Wave, pilot, WaveVerb.SOAK, "daemon")
        self._at = _SECOND_WAVE
        self._session.flush()
        self._divide(second, fleet[10:90])
        for number, machine in enumerate(fleet[10:90]):
            self._second_wave(number, machine, second)
        self._move(fleet[200], MachineVerb.HOLD, "tanaka", "議会対応のため 11月末まで")
        self._move(fleet[201], MachineVerb.EXCLUDE, "tanaka", "廃棄予定")
        for (_wave, step), run_id in self._runs.items():
            if step not in (Step.CAPTURE, Step.REIMAGE) or _wave == pilot:
                self._end_run(run_id)
        self._foretell(fleet)
        now = datetime.now(UTC)
        leases.acquire(self._session, "kanri01:4171:1", now=now, lasts=timedelta(days=1))
        return fleet[44].asset_tag

    def _foretell(self, fleet: Sequence[Machine]) -> None:
        """What each night since the beginning has kept: the finish comes nearer."""
        done = (0, 0, 0, 0, 0, 0, 0, 10, 10)
        for number, count in enumerate(done):
            day = date(2022, 11, 8) + timedelta(days=number)
            known = number > 6
            self._session.add(
                DayForecast(
                    day=day,
                    made_at=datetime.combine(day, time(17), UTC) - timedelta(days=1),
                    cutover=date(2023, 5, 1),
                    done=count,
                    remaining=len(fleet) - count - 1,
                    missing=None if known else Lack.FEW_DAYS.value,
                    p10=date(2023, 1, 31) if known else None,
                    p50=date(2023, 2, 20) if known else None,
                    p90=date(2023, 3, 28) if known else None,
                    probability=0.93 if known else None,
                    required_per_day=2.3,
                    actual_per_day=4.1 if known else None,
                )
            )

    def _provision(self, fleet: Sequence[Machine]) -> None:
        """Services of the first owners: ready, on their way, and one that is blocked."""
        for number, machine in enumerate(fleet):
            person = self._session.get_one(Person, machine.owner_id)
            for service in CloudService:
                account = Account(
                    key=f"{person.staff_number} {service.value}",
                    person_id=person.id or 0,
                    service=service.value,
                    state_since=self._at,
                )
                self._session.add(account)
                self._session.flush()
                verbs = [AccountVerb.REQUEST, AccountVerb.CONFIRM]
                reason = None
                if number > 8:
                    verbs, reason = [AccountVerb.REQUEST, AccountVerb.ACCEPT], "反映待ち"
                if number == 2 and service is CloudService.MAILBOX:
                    verbs, reason = [AccountVerb.REQUEST, AccountVerb.BLOCK], "ライセンスの残りなし"
                for verb in verbs:
                    transitions.apply(
                        self._session,
                        Account,
                        [account.id or 0],
                        verb,
                        actor="daemon",
                        at=self._at,
                        reason=reason,
                    )

    def _train(self, fleet: Sequence[Machine]) -> None:
        course = "情報セキュリティ研修"
        training.add(
            self._session,
            [
                {
                    "person_id": machine.owner_id,
                    "course": course,
                    "course_key": match_key(course),
                    "taken_on": date(2022, 10, 3),
                    "score": 80.0,
                    "passed": True,
                }
                for number, machine in enumerate(fleet)
                if number < 70 or number % 4
            ],
        )

    def _divide(self, wave: int, fleet: Sequence[Machine]) -> None:
        """Canaries and a second part that were let begin, and the rest that waits."""
        parts = {1: fleet[:4], 2: fleet[4:52], 3: fleet[52:]}
        for number, members in parts.items():
            tranches.add(
                self._session, wave, dict.fromkeys((one.id or 0 for one in members), number)
            )
        for number in (1, 2):
            tranches.let_begin(self._session, wave, number, self._at)

    def _second_wave(self, number: int, machine: Machine, wave: int) -> None:
        if number < 34:
            self._pass(machine, 7, wave)
            self._move(machine, MachineVerb.HAND_OVER)
        elif number < 37:
            self._pass(machine, 1, wave)
            cause = "D: の空き容量が足りません (必要 41 GB, 空き 12 GB)"
            self._begin(machine, Step.CAPTURE, wave)
            self._fail(machine, Step.CAPTURE, cause)
        elif number == 37:
            self._pass(machine, 2, wave)
            self._begin(machine, Step.REIMAGE, wave)
            self._move(machine, MachineVerb.FALL_SILENT, "daemon", "90 分以内に到着報告がない")
        elif number == 38:
            self._pass(machine, 3, wave)
            self._begin(machine, Step.CONNECT, wave)
            self._move(machine, MachineVerb.LOSE, "daemon", "the daemon that ran it is gone")
        elif number < 46:
            self._pass(machine, 2, wave)
            self._begin(machine, Step.REIMAGE, wave)
        elif number < 52:
            self._pass(machine, 1, wave)
            self._begin(machine, Step.CAPTURE, wave)

    def _fleet(self, size: int) -> list[Machine]:
        sites = [Site(key=key) for key in _SITES]
        departments = [
            Department(bureau=bureau, division=division, valid_from=date(2022, 4, 1))
            for bureau, division in _DEPARTMENTS
        ]
        self._session.add_all([*sites, *departments])
        self._session.flush()
        fleet = []
        for number in range(1, size + 1):
            generation = self._random.choice(("DK18", "DK19", "DK20", "DK21"))
            department = self._random.randrange(len(departments))
            person = Person(
                staff_number=f"{300000 + number}",
                name=f"{self._random.choice(_FAMILY)}　{self._random.choice(_GIVEN)}",
                department_id=departments[department].id,
            )
            self._session.add(person)
            self._session.flush()
            fleet.append(
                Machine(
                    asset_tag=f"{generation}-{number:06}",
                    serial=f"5CG{number:07}",
                    computer_name=f"MIE{number:05}",
                    generation=generation,
                    model="ProBook 450 G9",
                    site_id=sites[self._random.randrange(len(sites))].id,
                    floor="3階",
                    department_id=departments[department].id,
                    owner_id=person.id,
                    purpose="一人一台",
                    state_since=self._at,
                )
            )
        self._session.add_all(fleet)
        self._session.flush()
        return fleet

    def _wave(
        self, number: int, fleet: Sequence[Machine], day: date, *, pilot: bool = False
    ) -> int:
        wave = Wave(
            number=number,
            pilot=pilot,
            first_day=day,
            last_day=day + timedelta(days=2),
            state_since=self._at,
        )
        self._session.add(wave)
        self._session.flush()
        for machine in fleet:
            machine.wave_id, machine.planned_day = wave.id, day
        self._session.flush()
        self._transition(Wave, wave.id or 0, WaveVerb.PLAN, "tanaka")
        for machine in fleet:
            self._move(machine, MachineVerb.PLAN, "tanaka")
        return wave.id or 0

    def _approve(self, wave_id: int, until: WaveVerb) -> None:
        self._transition(Wave, wave_id, WaveVerb.SUBMIT, "tanaka")
        wave = waves.by_id(self._session, wave_id)
        wave.submitted_by, wave.list_digest = "tanaka", waves.list_digest(self._session, wave_id)
        if until is WaveVerb.SUBMIT:
            return
        self._transition(Wave, wave_id, WaveVerb.APPROVE, "matsumoto")
        wave = waves.by_id(self._session, wave_id)
        wave.approved_by, wave.approved_at = "matsumoto", self._at
        self._session.flush()
        self._transition(Wave, wave_id, WaveVerb.START, "tanaka")
