"""How long machines of random durations take at one site with few places.

The application and its tables are the real ones; time and PCs are simulated, so hours pass in
seconds and both sides meet the same durations.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import insert
from sqlmodel import Session, select

from rollout.adapters.simulated.clock import SimulatedClock
from rollout.adapters.simulated.engine import ARMING_MINUTES, SimulatedEngine
from rollout.adapters.simulated.fate import ODDS, Fate
from rollout.application.programme import Programme
from rollout.domain.machine import Step
from rollout.domain.wave import WaveState
from rollout.settings import Settings, load
from rollout.store import leases, machines, migrate
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine, Site, Wave

START = datetime(2022, 11, 1, 0, 0, tzinfo=UTC)
BEAT = timedelta(seconds=1)
START_SECONDS = 4.0
"""What the start of a run is taken to cost; on both sides."""


@dataclass(frozen=True)
class Makespan:
    """Minutes until the last of the machines was through; `bound` is what nobody can beat.

    `waited` are the minutes from a rewritten disk to a finished PC, on average.
    """

    rollout: float
    batches: float
    bound: float
    waited: float
    runs: int


def measure(folder: Path, size: int, places: int, seed: int, *, owners_first: bool) -> Makespan:
    """`size` machines through the whole passage, at most `places` at once."""
    settings = _settings(folder, size, places, owners_first)
    database = Database(settings.database_url, durable=False)
    migrate.upgrade(database)
    tags = _fill(database, size)
    fates = _fates(seed)
    minutes, runs = _dispatched(database, settings, fates)
    with database.read() as session:
        assert machines.counts(session) == {"migrated": size}
        waited = _waited(session)
    database.close()
    jobs = [_job(fates, tag) for tag in tags]
    batches = [tags[at : at + places] for at in range(0, len(tags), places)]
    one_by_one = sum(
        sum(
            max(_minutes(fates, tag, step) for tag in batch) + START_SECONDS / 60 for step in _STEPS
        )
        for batch in batches
    )
    return Makespan(minutes, one_by_one, max(max(jobs), sum(jobs) / places), waited, runs)


_STEPS = [step for step in Step if step in ODDS]


def _fates(seed: int) -> Callable[[str, Step, int], Fate]:
    """Widely spread durations, no failures."""

    def draw(tag: str, step: Step, _attempt: int) -> Fate:
        random = Random(f"{seed}/{tag}/{step}")
        return Fate(ODDS[step].minutes * random.lognormvariate(0, 0.8))

    return draw


def _minutes(fates: Callable[[str, Step, int], Fate], tag: str, step: Step) -> float:
    return fates(tag, step, 1).minutes + (ARMING_MINUTES if step.destructive else 0)


def _job(fates: Callable[[str, Step, int], Fate], tag: str) -> float:
    return sum(_minutes(fates, tag, step) for step in _STEPS)


def _dispatched(
    database: Database, settings: Settings, fates: Callable[[str, Step, int], Fate]
) -> tuple[float, int]:
    """Minutes that the daemon's dispatch needs, and the runs that it made of it."""
    clock = SimulatedClock(START)
    engine = SimulatedEngine(
        database, settings, clock, fates, beat=BEAT, start_seconds=START_SECONDS
    )
    with database.write() as session:
        now = datetime.now(UTC)
        epoch = leases.acquire(session, "bench", now=now, lasts=timedelta(hours=1))
    programme = Programme(database, settings, engine, clock, lease_epoch=epoch)
    gather = timedelta(seconds=settings.limits.gather_seconds)
    runs, looked = programme.tick().started, False
    while (event := engine.next_moment()) is not None:
        # After every event, and once more when waiting for company is over.
        wait = clock.now() + gather
        looked, moment = (True, wait) if not looked and wait < event else (False, event)
        engine.play(moment)
        runs += programme.tick().started
    return (clock.now() - START).total_seconds() / 60, runs


def _waited(session: Session) -> float:
    """Minutes that an owner is without a PC after its disk was rewritten, on average."""
    last = {claim.machine_id: claim.ended_at for claim in session.exec(select(Claim))
            if claim.step == Step.ENABLE}  # fmt: skip
    rewritten = session.exec(select(Claim).where(Claim.step == Step.REIMAGE.value)).all()
    spans = [last[claim.machine_id] - claim.ended_at for claim in rewritten]
    return sum(span.total_seconds() for span in spans) / 60 / len(spans)


def _settings(folder: Path, size: int, places: int, owners_first: bool) -> Settings:
    deadlines = "\n".join(f"[steps.{step}]\nminutes = 100000" for step in _STEPS)
    path = folder / "slots.toml"
    path.write_text(
        f"""
        database_url = "sqlite:///slots-{owners_first}.db"
        [programme]
        start = 2022-11-01
        cutover = 2099-01-01
        [limits]
        blast_radius = {places}
        runs_at_once = {places}
        owners_first = {str(owners_first).lower()}
        site = {{ machines_per_day = {size}, at_once = {places} }}
        [tranches]
        smallest_wave = {size + 1}
        [generations.DK20]
        take_home = true
        {deadlines}
        """,
        encoding="utf-8",
    )
    os.environ["ROLLOUT_CONFIG"] = str(path)
    return load()


def _fill(database: Database, size: int) -> list[str]:
    tags = [f"DK20-{n:06d}" for n in range(1, size + 1)]
    with database.write() as session:
        connection = session.connection()
        connection.execute(insert(Site), [{"id": 1, "key": "本庁"}])
        connection.execute(
            insert(Wave),
            [{"id": 1, "number": 1, "first_day": START.date(), "last_day": START.date(),
              "state": WaveState.RUNNING.value, "state_since": START,
              "submitted_by": "a", "approved_by": "b"}],
        )  # fmt: skip
        connection.execute(
            insert(Machine),
            [
                {"asset_tag": tag, "serial": f"SN{tag}", "computer_name": f"PC-{tag}",
                 "generation": "DK20", "site_id": 1, "wave_id": 1, "state": "planned",
                 "state_since": START}
                for tag in tags
            ],
        )  # fmt: skip
    return tags
