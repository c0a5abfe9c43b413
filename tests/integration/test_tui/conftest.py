"""A programme in a real database, and an operator in front of the screen."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

import databases
import pytest
from sqlmodel import Session, select
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from rollout import i18n
from rollout.application import waves as waves_
from rollout.bootstrap import Application, application
from rollout.domain.machine import MachineVerb, Step
from rollout.domain.run import RunVerb
from rollout.domain.wave import WaveVerb
from rollout.store import machines, tranches, transitions, waves
from rollout.store.database import Database
from rollout.store.tables import Claim, HostResult, Machine, Person, Run, Site, Wave
from tui.app import RolloutApp

AT = datetime(2022, 11, 16, 0, 0, tzinfo=UTC)
CONFIGURATION = """\
database_url = "sqlite:///rollout.db"
[programme]
name = "県の移行 [red]"
start = 2022-11-07
cutover = 2023-05-01
[roles]
approvers = ["matsumoto", "okada"]
operators = ["tanaka"]
viewers = ["guest"]
[training]
courses = ["情報 [研修]"]
[gates]
training_share = 0.9
"""
NASTY = "[bold]髙橋[/bold] {{ 7*7 }} =1+1"
ESCAPE = "red \x1b[31mtext\nsecond [/] line"


class Seat:
    """Who sits at the screen: presses keys, reads what is there, waits for what must come."""

    def __init__(self, app: RolloutApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        """Everything on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips).replace("\u00a0", " ")

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def type(self, words: str) -> None:
        """Put words into the field that has the keys, as a terminal does with a paste."""
        # A person sees the field before typing into it.
        await self.until(lambda: isinstance(self.app.focused, Input))
        field = self.app.focused
        assert field is not None
        field.post_message(events.Paste(words))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], seconds: float = 90) -> None:
        deadline = monotonic() + seconds
        while not condition():
            assert monotonic() < deadline, self.text
            await self.pilot.pause(0.02)

    async def sees(self, *words: str) -> None:
        await self.until(lambda: all(word in self.text for word in words))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that every test gets a copy of: making its schema takes a second."""
    path = tmp_path_factory.mktemp("tui") / "rollout.db"
    database = Database(f"sqlite:///{path}")
    databases.set_up(database)
    with database.write() as session:
        _fill(session)
    database.close()
    return path


@pytest.fixture
def programme(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Application]:
    """The application on a copy of the template."""
    (tmp_path / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(tmp_path / "rollout.toml"))
    shutil.copy(template, tmp_path / "rollout.db")
    made = application(now="2022-11-16T14:20:00+09:00")
    before = i18n.language()
    i18n.use_language("en")
    yield made
    i18n.use_language(before)
    made.database.close()


@pytest.fixture
def at_the_screen(programme: Application):
    """`async with at_the_screen("tanaka") as seat`."""

    @asynccontextmanager
    async def sit(
        name: str = "tanaka",
        *,
        language: str = "en",
        size: tuple[int, int] = (80, 24),
        of: Application = programme,
    ) -> AsyncIterator[Seat]:
        i18n.use_language(language)
        app = RolloutApp(of, of.operator(name))
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Seat(app, pilot)

    return sit


@pytest.fixture
def meanwhile(programme: Application) -> Callable[[str, MachineVerb, str], None]:
    """What another process does to a machine while the screen is open."""

    def do(tag: str, verb: MachineVerb, reason: str) -> None:
        with programme.database.write() as session:
            _move(session, tag, verb, reason)

    return do


@pytest.fixture
def under_way(programme: Application) -> Application:
    """The programme with its first wave under way: three machines, one of which has failed."""
    now = programme.clock.now()
    waves_.move(programme.database, 1, WaveVerb.START, programme.operator("tanaka"), now)
    with programme.database.write() as session:
        wave = waves.by_number(session, 1)
        members = [machine.id or 0 for machine in machines.of_wave(session, wave.id or 0)]
        tranches.add(session, wave.id or 0, dict.fromkeys(members[:2], 1) | {members[2]: 2})
        tranches.let_begin(session, wave.id or 0, 1, now)
    return programme


@pytest.fixture
def failed(programme: Application) -> Callable[[int], list[str]]:
    """Make so many machines fail their preflight alike; their tags."""

    def fail(count: int) -> list[str]:
        tags = [f"DK20-{number:06}" for number in range(101, 101 + count)]
        with programme.database.write() as session:
            ids = [machines.by_tag(session, tag).id or 0 for tag in tags]
            for verb in (MachineVerb.PLAN, MachineVerb.BEGIN, MachineVerb.FAIL):
                transitions.apply(
                    session, Machine, ids, verb, actor="daemon", at=AT, reason="no [b]room[/b]"
                )
        return tags

    return fail


def _move(session: Session, tag: str, verb: MachineVerb, reason: str | None = None) -> None:
    """Move one machine through its table."""
    machine = session.exec(select(Machine).where(Machine.asset_tag == tag)).one()
    transitions.apply(
        session, Machine, [machine.id or 0], verb, actor="daemon", at=AT, reason=reason
    )


def _fill(session: Session) -> None:
    site = Site(key="本庁")
    person = Person(staff_number="300001", name="𠮷田　さくら")
    nasty = Person(staff_number="300002", name=NASTY)
    session.add_all([site, person, nasty])
    session.flush()
    days = {1: date(2022, 11, 14), 2: date(2022, 11, 16)}
    made = [
        Wave(number=number, first_day=day, last_day=day, state_since=AT)
        for number, day in days.items()
    ]
    session.add_all(made)
    session.flush()
    for number in range(1, 251):
        wave = made[0] if number <= 3 else made[1] if number <= 10 else None
        session.add(
            Machine(
                asset_tag=f"DK20-{number:06}",
                serial=f"S{number}",
                computer_name=f"PC{number}",
                generation="DK20",
                site_id=site.id,
                owner_id=nasty.id if number == 1 else person.id,
                remark=ESCAPE if number == 1 else "",
                state_since=AT,
                wave_id=wave.id if wave else None,
                planned_day=wave.first_day if wave else None,
            )
        )
    session.flush()
    for wave in made:
        _wave(session, wave.id or 0, WaveVerb.PLAN)
    for number in range(1, 11):
        _move(session, f"DK20-{number:06}", MachineVerb.PLAN)
    for wave in made:
        _wave(session, wave.id or 0, WaveVerb.SUBMIT)
        row = waves.by_id(session, wave.id or 0)
        row.submitted_by = "okada"
        row.list_digest = waves.list_digest(session, wave.id or 0)
        session.flush()
    _wave(session, made[0].id or 0, WaveVerb.APPROVE)
    row = waves.by_id(session, made[0].id or 0)
    row.approved_by, row.approved_at = "matsumoto", AT
    session.flush()
    _run(session, made[0])


def _run(session: Session, wave: Wave) -> None:
    run = Run(
        ident="one",
        step=Step.PREFLIGHT.value,
        wave_id=wave.id,
        size=2,
        lease_epoch=1,
        created_at=AT,
        started_at=AT,
        state_since=AT,
    )
    session.add(run)
    session.flush()
    transitions.apply(session, Run, [run.id or 0], RunVerb.START, actor="daemon", at=AT)
    first = session.exec(select(Machine).where(Machine.asset_tag == "DK20-000001")).one()
    _move(session, "DK20-000001", MachineVerb.BEGIN)
    session.add(
        Claim(
            machine_id=first.id or 0,
            step=Step.PREFLIGHT.value,
            attempt=1,
            run_id=run.id or 0,
            created_at=AT,
            deadline_at=AT,
            outcome="failed",
            ended_at=AT,
        )
    )
    session.add(
        HostResult(
            run_id=run.id or 0,
            machine_id=first.id or 0,
            counter=1,
            task="Refuse [b]the wrong[/b] machine",
            status="failed",
            message="serial [S2] is not {{ S1 }}",
            at=AT,
        )
    )
    session.flush()
    _move(session, "DK20-000001", MachineVerb.FAIL, "cause [blink]one[/blink]")


def _wave(session: Session, wave_id: int, verb: WaveVerb) -> None:
    transitions.apply(session, Wave, [wave_id], verb, actor="okada", at=AT)
