"""An office of machines in a real, migrated database; the engine and the clock are fakes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest

from rollout.application import arrival, dispatch, waves
from rollout.application.operators import Operator
from rollout.application.ports import EventSink, HostEvent, RunEnd, RunOrder
from rollout.application.programme import Programme, Ticked
from rollout.domain.machine import STEP_FROM, MachineState, MachineVerb, Step
from rollout.domain.wave import WaveState, WaveVerb
from rollout.settings import OperatorRole, Settings, load
from rollout.store import claims, leases, transitions
from rollout.store import machines as machine_rows
from rollout.store import waves as wave_rows
from rollout.store.database import Database
from rollout.store.history import verify
from rollout.store.tables import Claim, Command, HostResult, Machine, Person, Run, Site, Wave

from .crews import Team

START = datetime(2022, 11, 1, 0, 30, tzinfo=UTC)
DAY = date(2022, 11, 1)
IMAGE = "win11-23h2-r1"

CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[limits]
gather_seconds = 0
[pilot]
soak_working_days = 2
[generations.DK20]
take_home = true
[generations.DK19]
take_home = "after-refresh"
[generations.DK17]
path = "refresh"
"""


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def forward(self, **time: float) -> datetime:
        self.moment += timedelta(**time)
        return self.moment


class FakeEngine:
    """The port without Ansible: keeps its orders, and says what the test lets it say."""

    def __init__(self) -> None:
        self.orders: dict[int, RunOrder] = {}
        self.cancelled: list[int] = []
        self.swept: list[str] = []
        self.refusal: Exception | None = None
        self.running: set[int] = set()
        self._sinks: dict[int, EventSink] = {}
        self._counter = 0

    def start(self, order: RunOrder, sink: EventSink) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.orders[order.run_id] = order
        self._sinks[order.run_id] = sink
        self.running.add(order.run_id)

    def cancel(self, run_id: int) -> bool:
        self.cancelled.append(run_id)
        return run_id in self.running

    def alive(self) -> frozenset[int]:
        return frozenset(self.running)

    def sweep(self, idents: Sequence[str]) -> int:
        self.swept += idents
        return 0

    def close(self) -> None:
        for run_id in sorted(self.running):
            self.end(run_id, "cancelled", "stopped on request")

    def log(self, ident: str) -> Path | None:
        return None

    @property
    def last(self) -> RunOrder:
        return self.orders[max(self.orders)]

    def event(
        self,
        run_id: int,
        machine_id: int,
        status: str = "ok",
        *,
        report: Mapping[str, Any] | None = None,
        message: str | None = None,
        task: str = "A task",
    ) -> HostEvent:
        self._counter += 1
        return HostEvent(
            run_id, machine_id, self._counter, task, status, message, START, 0.1, report
        )

    def deliver(self, *events: HostEvent) -> None:
        self._sinks[events[0].run_id].host_events(events)

    def end(
        self, run_id: int, how: str = "successful", message: str | None = None, **more: Any
    ) -> None:
        self._sinks[run_id].run_ended(RunEnd(run_id, how, message, **more))
        self.running.discard(run_id)


class Office:
    """The world of one test, and the words to arrange it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.clock = HandClock()
        self.engine = FakeEngine()
        self.planner = Operator("planner", OperatorRole.OPERATOR)
        self.approver = Operator("approver", OperatorRole.APPROVER)
        self.lease = self.take_lease("daemon one")
        self.programme = self.new_programme(self.lease)
        self._number = 0

    def take_lease(self, holder: str, gone: bool = False) -> int:
        with self.database.write() as session:
            return leases.acquire(
                session,
                holder,
                now=datetime.now(UTC),
                lasts=timedelta(seconds=60),
                gone=lambda _holder: gone,
            )

    def new_programme(self, lease: int) -> Programme:
        return Programme(self.database, self.settings, self.engine, self.clock, lease_epoch=lease)

    def configure(self, section: str, **values: Any) -> None:
        """Change values of one section; tables of tables by `generations.DK20`."""
        name, _, key = section.partition(".")
        old = getattr(self.settings, name)
        if key:
            entry = old.get(key) or type(next(iter(old.values())))()
            new: Any = {**old, key: entry.model_copy(update=values)}
        else:
            new = old.model_copy(update=values)
        self.settings = self.settings.model_copy(update={name: new})
        self.programme = self.new_programme(self.lease)

    def site(self, key: str) -> int:
        with self.database.write() as session:
            site = Site(key=key)
            session.add(site)
            session.flush()
            return site.id or 0

    def wave(self, number: int = 1, *, pilot: bool = False, running: bool = True) -> int:
        with self.database.write() as session:
            wave = Wave(
                number=number,
                pilot=pilot,
                first_day=DAY,
                last_day=DAY,
                state_since=self.clock.now(),
            )
            session.add(wave)
            session.flush()
            wave_id = wave.id or 0
            transitions.apply(
                session, Wave, [wave_id], WaveVerb.PLAN, actor="plan", at=self.clock.now()
            )
        if running:
            self.run_wave(number)
        return wave_id

    def run_wave(self, number: int = 1) -> None:
        now = self.clock.now()
        waves.move(self.database, number, WaveVerb.SUBMIT, self.planner, now)
        waves.move(self.database, number, WaveVerb.APPROVE, self.approver, now)
        waves.move(self.database, number, WaveVerb.START, self.planner, now)

    def move_wave(self, verb: WaveVerb, number: int = 1, reason: str | None = "test") -> WaveState:
        who = self.approver if verb is WaveVerb.APPROVE else self.planner
        return waves.move(self.database, number, verb, who, self.clock.now(), reason)

    def wave_state(self, number: int = 1) -> str:
        with self.database.read() as session:
            return wave_rows.by_number(session, number).state

    def machines(
        self,
        count: int,
        *,
        wave: int | None = 1,
        state: MachineState = MachineState.PLANNED,
        site: int | None = None,
        generation: str = "DK20",
        **columns: Any,
    ) -> list[int]:
        """Machines of a wave, brought to `state` by the table's own moves."""
        with self.database.write() as session:
            wave_id = wave_rows.by_number(session, wave).id if wave else None
            rows = []
            for _ in range(count):
                self._number += 1
                n = self._number
                values = {
                    "asset_tag": f"{generation}-{n:06d}",
                    "serial": f"SN{n:06d}",
                    "mac": f"02:00:00:00:{n // 256:02X}:{n % 256:02X}",
                    "computer_name": f"PC-{n:05d}",
                    "planned_day": DAY,
                    **columns,
                }
                rows.append(
                    Machine(
                        generation=generation,
                        site_id=site,
                        wave_id=wave_id,
                        state_since=self.clock.now(),
                        **values,
                    )
                )
            session.add_all(rows)
            session.flush()
            ids = [row.id or 0 for row in rows]
            self._bring(session, ids, state)
        return ids

    def _bring(self, session: Any, ids: list[int], state: MachineState) -> None:
        def move(verb: MachineVerb) -> None:
            transitions.apply(
                session, Machine, ids, verb, actor="test", at=self.clock.now(), reason="set-up"
            )

        move(MachineVerb.PLAN)
        now = MachineState.PLANNED
        while now is not state:
            step = STEP_FROM[now]
            move(MachineVerb.BEGIN)
            if step.working is state:
                return
            move(MachineVerb.FINISH)
            now = step.done

    def owner(self, machine_id: int, name: str, number: str = "00417") -> None:
        with self.database.write() as session:
            person = Person(staff_number=number, name=name)
            session.add(person)
            session.flush()
            machine = machine_rows.by_id(session, machine_id)
            machine.owner_id = person.id
            session.add(machine)

    def machine(self, machine_id: int) -> Machine:
        with self.database.read() as session:
            return machine_rows.by_id(session, machine_id)

    def states(self, ids: Iterable[int]) -> list[str]:
        return [self.machine(machine_id).state for machine_id in ids]

    def claims(self, machine_id: int) -> list[Claim]:
        with self.database.read() as session:
            return list(machine_rows.claims_of(session, machine_id))

    def rows(self, table: Any) -> list[Any]:
        from sqlmodel import select

        with self.database.read() as session:
            return list(session.exec(select(table).order_by(table.id)).all())

    def run(self, run_id: int) -> Run:
        return next(run for run in self.rows(Run) if run.id == run_id)

    def results(self) -> list[HostResult]:
        return self.rows(HostResult)

    def commands(self) -> list[Command]:
        return self.rows(Command)

    def claim_next(self) -> RunOrder | None:
        orders = dispatch.claim_ready(
            self.database, self.settings, lease_epoch=self.lease, at=self.clock.now(), at_most=1
        )
        return orders[0] if orders else None

    def tick(self) -> Ticked:
        return self.programme.tick()

    def begin(self, step: Step, count: int = 1, **columns: Any) -> tuple[RunOrder, list[int]]:
        """A run of `step` over new machines, at work in the engine."""
        ids = self.machines(count, state=step.starts_from, **columns)
        self.tick()
        order = self.engine.last
        assert {host.machine_id for host in order.hosts} == set(ids)
        assert order.playbook == f"{step.value}.yml"
        return order, ids

    def report(self, order: RunOrder, machine_id: int, **extra: Any) -> HostEvent:
        """The explicit success of a machine of the run."""
        host = next(host for host in order.hosts if host.machine_id == machine_id)
        content = {"step": order.playbook.removesuffix(".yml"), "epoch": host.epoch, **extra}
        return self.engine.event(order.run_id, machine_id, report=content, task="Report")

    # --- the machine's side of a reimage

    def token(self, order: RunOrder, machine_id: int) -> str:
        host = next(host for host in order.hosts if host.machine_id == machine_id)
        return host.secrets["rollout_arm_token"]

    def arm(self, order: RunOrder, machine_id: int, boot_id: str = "boot-old") -> None:
        arrival.arm(
            self.database,
            token=self.token(order, machine_id),
            serial=self.machine(machine_id).serial or "",
            boot_id=boot_id,
            at=self.clock.now(),
        )

    def boot(self, machine_id: int, mac: str | None = None) -> arrival.BootOrder:
        machine = self.machine(machine_id)
        return arrival.boot(
            self.database,
            self.settings,
            serial=machine.serial or "",
            mac=mac or machine.mac,
            at=self.clock.now(),
        )

    def check_in(self, machine_id: int, token: str | None, **changes: Any) -> None:
        report = {
            "token": token,
            "serial": self.machine(machine_id).serial,
            "image_id": IMAGE,
            "boot_id": "boot-new",
            "versions": {"os": "11", "agent": "1"},
            **changes,
        }
        arrival.check_in(self.database, self.settings, report, at=self.clock.now())

    def told_to_install(self, **columns: Any) -> tuple[RunOrder, int, arrival.BootOrder]:
        """A machine whose token was used; its run has ended and only the check-in is missing."""
        order, (machine_id,) = self.begin(Step.REIMAGE, **columns)
        self.arm(order, machine_id)
        install = self.boot(machine_id)
        assert install.image_id is not None
        self.engine.deliver(self.report(order, machine_id, armed=True))
        self.engine.end(order.run_id)
        return order, machine_id, install

    def open_claims(self) -> int:
        with self.database.read() as session:
            return claims.open_count(session)

    def chain_holds(self) -> bool:
        with self.database.read() as session:
            return verify(session).holds


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    configuration = tmp_path / "rollout.toml"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(configuration))
    database = databases.migrated(tmp_path / "rollout.db")
    arranged = Office(database, load())
    yield arranged
    assert arranged.chain_holds(), "the history does not hold"
    database.close()


@pytest.fixture
def team(office: Office) -> Team:
    office.wave()
    return Team(office)
