"""A fleet in the middle of its programme, with texts as nobody would wish for."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
from sqlmodel import Session

from rollout.domain.account import AccountVerb
from rollout.domain.history import Fact
from rollout.domain.machine import MachineVerb
from rollout.domain.takeout import TakeoutVerb
from rollout.store import control_summaries, history, transitions
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import (
    Account,
    Department,
    Evidence,
    Machine,
    Person,
    Run,
    SignIn,
    Site,
    SpareLoan,
    Takeout,
    Wave,
)

SINCE = datetime(2022, 11, 1, 1, tzinfo=UTC)
NOW = datetime(2022, 11, 3, 20, tzinfo=UTC)  # the 4th in Tokyo
MACHINES = 60
EVIL = [
    '=1+1"',
    "=cmd|'/C calc'!A0",
    "+8190",
    "-2,3",
    "@SUM(A1)",
    "\tx",
    "\r\nx",
    "改行\nあり",
    "{{ 7*7 }}",
    "[red]x[/red]",
    "<b>&amp;",
    "＝1",
    "𠮷野 髙﨑",
    "'quoted",
    '"quoted"',
    "\x1f=x",
    "a\x01b\x07c",
    "http://example.jp/",
    "0123",
    "1e5",
]


def hours(number: float) -> datetime:
    return SINCE + timedelta(hours=number)


def made(folder: Path) -> Database:
    database = databases.migrated(folder / "rollout.db")
    with database.write() as session:
        _people_and_machines(session)
        _moves(session)
        _accounts(session)
        _take_out(session)
        _evidence(session)
    return database


def register(session: Session, machines: list[Machine], at: datetime) -> None:
    session.add_all(machines)
    session.flush()
    history.append(
        session,
        [
            Fact(instant_text(at), "import", "machine", row.id or 0, row.asset_tag, "register",
                 None, "registered")
            for row in machines
        ],
    )  # fmt: skip


def _people_and_machines(session: Session) -> None:
    sites = [Site(key="本庁"), Site(key="尾鷲")]
    departments = [
        Department(bureau=name, division="課", valid_from=date(2022, 4, 1))
        for name in ("総務部", "税務部")
    ]
    wave = Wave(number=7, first_day=date(2022, 11, 1), last_day=date(2022, 11, 1),
                state_since=SINCE)  # fmt: skip
    people = [
        Person(staff_number=f"{n:06d}", name=text, upn=f"{n}@example.jp")
        for n, text in enumerate(EVIL)
    ]
    session.add_all([*sites, *departments, wave, *people])
    session.flush()
    register(
        session,
        [
            Machine(
                asset_tag=f"DK{19 + n % 2}-{n:06d}",
                serial=f"S{n}",
                generation=f"DK{19 + n % 2}",
                site_id=sites[n % 2].id if n % 5 else None,
                department_id=departments[n % 2].id if n % 7 else None,
                owner_id=people[n % len(people)].id,
                wave_id=wave.id if n % 3 else None,
                planned_day=date(2022, 11, n % 28 + 1) if n % 3 else None,
                may_leave=(None, True, False)[n % 3],
                lease_from=date(2020, 4, 1) if n % 4 else None,
                remark=EVIL[n % len(EVIL)],
                purpose="personal",
                state_since=SINCE,
            )
            for n in range(1, MACHINES + 1)
        ],
        SINCE,
    )


def move(session: Session, ids: Any, verb: MachineVerb, at: float, why: str | None = None) -> None:
    transitions.apply(session, Machine, ids, verb, actor="a", at=hours(at), reason=why)


def _moves(session: Session) -> None:
    verb = MachineVerb
    for number in range(1, 41):
        planned = {"wave": 7, "day": f"2022-11-{number % 28 + 1:02d}"} if number % 3 else {}
        transitions.apply(
            session, Machine, [number], verb.PLAN, actor="a", at=hours(1), detail=planned
        )
    move(session, range(1, 31), verb.BEGIN, 2)
    move(session, range(1, 6), verb.FAIL, 3, "=boom")
    move(session, [6, 7], verb.FALL_SILENT, 4)
    move(session, [8], verb.LOSE, 5)
    for number in range(6):  # machines 11 to 30 up to verified
        move(session, range(11, 31), verb.FINISH, 6 + number)
        if number < 5:
            move(session, range(11, 31), verb.BEGIN, 6.5 + number)
    move(session, range(11, 28), verb.HAND_OVER, 14)
    move(session, range(50, 53), verb.HOLD, 15, "待ち")
    move(session, [60], verb.EXCLUDE, 16, "r")


def _accounts(session: Session) -> None:
    rows = [
        Account(key=f"{person:06d}/{service}", person_id=person, service=service,
                state_since=SINCE)
        for person in (1, 2, 3)
        for service in ("identity", "licence")
    ]  # fmt: skip
    session.add_all(rows)
    session.flush()
    for verb, ids, at in (
        (AccountVerb.REQUEST, [1, 2, 3, 4], 1),
        (AccountVerb.CONFIRM, [1, 3], 2),
        (AccountVerb.BLOCK, [2], 3),
    ):
        transitions.apply(session, Account, ids, verb, actor="a", at=hours(at), reason="no seat")


def _take_out(session: Session) -> None:
    session.add_all(
        Takeout(machine_id=n, person_id=n % len(EVIL) + 1, period_from=date(2022, 11, 3),
                period_to=date(2022, 12, 3), place="home", purpose="telework", applied_by="a",
                applied_at=SINCE, state_since=SINCE, decided_by="boss")
        for n in (12, 14)
    )  # fmt: skip
    session.add(SpareLoan(spare_id=59, machine_id=1, person_id=1, reason="r", lent_by="a",
                          lent_at=hours(3)))  # fmt: skip
    session.flush()
    transitions.apply(session, Takeout, [1], TakeoutVerb.APPROVE, actor="b", at=hours(20))


def _evidence(session: Session) -> None:
    run = Run(ident="r1", step="verify", lease_epoch=1, created_at=SINCE, state_since=SINCE)
    session.add(run)
    session.flush()
    for n in range(11, 31):
        for control, verdict in (
            ("edr_service", "pass" if n % 4 else "pending"),
            ("firewall", "pass" if n % 5 else "fail"),
            ("tpm", "pass"),
        ):
            measure(session, n, control, verdict, at=12, value=EVIL[n % 16])
    measure(session, 11, "firewall", "pass", at=13, epoch=2)
    session.add_all(
        SignIn(person_id=n, registered=bool(n % 2), read_at=hours(30)) for n in range(13, 17)
    )


def measure(
    session: Session, machine: int, control: str, verdict: str, *, at: float, epoch: int = 1,
    value: str = "v",
) -> None:  # fmt: skip
    session.add(
        Evidence(machine_id=machine, control=control, value=value, verdict=verdict, source="s",
                 epoch=epoch, run_id=1, measured_at=hours(at))
    )  # fmt: skip
    session.flush()
    control_summaries.renew(session, [machine])
