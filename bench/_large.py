"""A programme of 100,000 machines in the middle of a working day, written straight into the tables.

Most waves are done, some wait for people, some are at work with every place taken, and the rest
has its dates: what a daemon looks at twice a second for months.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from rollout.application.ports import EventSink, RunOrder
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import ClaimOutcome, RunState
from rollout.domain.wave import WaveState
from rollout.store import migrate
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine, Run, Site, Tranche, TrancheMember, Wave

NOW = datetime(2023, 2, 1, 1, 30, tzinfo=UTC)
TODAY = date(2023, 2, 1)
WAVE = 200
SITES = 15
AT_WORK = 4
"""Waves whose day is today, from the first of them that is not done."""
WAITING = 30
"""Waves of earlier days in which some machines need a person."""
_PAST = 1_000
"""The first run of a wave that is through."""
_S = MachineState


class StandingClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return NOW


class BusyEngine:
    """Every run that it was ever given is still at work."""

    def __init__(self, runs: frozenset[int]) -> None:
        self._runs = runs

    def start(self, order: RunOrder, sink: EventSink) -> None:
        raise AssertionError(f"nothing can start, but {order.playbook} did")

    def cancel(self, run_id: int) -> bool:
        return False

    def alive(self) -> frozenset[int]:
        return self._runs

    def sweep(self, idents: object) -> int:
        return 0

    def close(self) -> None:
        return

    def log(self, ident: str) -> Path | None:
        return None


def write(path: Path, machines: int) -> tuple[Database, BusyEngine]:
    """Make the database, and an engine that works on its runs."""
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    waves = machines // WAVE
    done = waves * 6 // 10
    with database.write() as session:
        connection = session.connection()
        connection.execute(
            insert(Site), [{"id": n, "key": f"site-{n}"} for n in range(1, SITES + 1)]
        )
        connection.execute(insert(Wave), [_wave(n, done) for n in range(1, waves + 1)])
        connection.execute(insert(Machine), list(_machines(waves, done)))
        begun = [n for n in range(1, waves + 1) if _day(n, done) <= TODAY]
        connection.execute(
            insert(Tranche),
            [{"wave_id": n, "number": t, "opened_at": NOW} for n in begun for t in (1, 2, 3)],
        )
        connection.execute(
            insert(TrancheMember),
            [
                {"machine_id": _id(n, m), "wave_id": n, "number": 1 + min(2, m // 20)}
                for n in begun
                for m in range(WAVE)
            ],
        )
        runs = list(_runs(done))
        connection.execute(insert(Run), runs)
        connection.execute(insert(Run), list(_past_runs(done)))
        connection.execute(insert(Claim), list(_past_claims(done)))
        connection.execute(insert(Claim), list(_claims(done)))
    return database, BusyEngine(frozenset(run["id"] for run in runs))


def _id(wave: int, member: int) -> int:
    return (wave - 1) * WAVE + member + 1


def _day(wave: int, done: int) -> date:
    if wave <= done + WAITING:
        return TODAY - timedelta(days=1)
    return TODAY if wave <= done + WAITING + AT_WORK else TODAY + timedelta(days=wave - done)


def _wave(number: int, done: int) -> dict[str, Any]:
    day = _day(number, done)
    state = WaveState.DONE if number <= done else WaveState.RUNNING
    if day > TODAY:
        state = WaveState.PLANNED
    return {
        "id": number,
        "number": number,
        "first_day": day,
        "last_day": day,
        "state": state.value,
        "state_since": NOW,
        "submitted_by": "a",
        "approved_by": "b",
    }


def _state(wave: int, member: int, done: int) -> MachineState:
    if wave <= done:
        return _S.HELD if member == 0 else _S.MIGRATED
    if wave <= done + WAITING:
        return (_S.FAILED, _S.SILENT, _S.HELD)[member] if member < 3 else _S.MIGRATED
    if wave <= done + WAITING + AT_WORK:
        # Every place of every site is taken by the first machines of these waves.
        return _S.CAPTURING if member < SITES * 2 else _S.PLANNED
    return _S.PLANNED


def _machines(waves: int, done: int) -> Iterator[dict[str, Any]]:
    for wave in range(1, waves + 1):
        for member in range(WAVE):
            id_, state = _id(wave, member), _state(wave, member, done)
            resting = state in (_S.MIGRATED, _S.PLANNED)
            yield {
                "id": id_,
                "asset_tag": f"DK20-{id_:06d}",
                "serial": f"SN{id_:06d}",
                "computer_name": f"PC-{id_:06d}",
                "generation": f"DK{17 + id_ % 5}",
                "site_id": 1 + member % SITES,
                "wave_id": wave,
                "planned_day": _day(wave, done),
                "state": state.value,
                "step": None if resting else Step.CAPTURE.value,
                "held_from": _S.CLEARED.value if state == _S.HELD else None,
                "state_since": NOW - timedelta(hours=1),
            }


def _at_work(done: int) -> Iterator[tuple[int, int, int]]:
    """(wave, site, run)"""
    first = done + WAITING + 1
    for wave in range(first, first + AT_WORK):
        for site in range(1, SITES + 1):
            yield wave, site, (wave - first) * SITES + site


def _runs(done: int) -> Iterator[dict[str, Any]]:
    for wave, site, run in _at_work(done):
        yield {"id": run, "ident": f"run-{run}", "step": Step.CAPTURE.value, "wave_id": wave,
               "site_id": site, "size": 2, "lease_epoch": 1, "created_at": NOW,
               "state": RunState.RUNNING.value, "state_since": NOW}  # fmt: skip


_PASSAGE = [step for step in Step if step is not Step.RETIRE]


def _past_runs(waves: int) -> Iterator[dict[str, Any]]:
    """A run for every step of every wave that is through."""
    for wave in range(1, waves + 1):
        for place, step in enumerate(_PASSAGE):
            run = _PAST + (wave - 1) * len(_PASSAGE) + place
            yield {
                "id": run,
                "ident": f"run-{run}",
                "step": step.value,
                "wave_id": wave,
                "site_id": 1,
                "size": WAVE,
                "lease_epoch": 1,
                "created_at": NOW,
                "state": RunState.FINISHED.value,
                "state_since": NOW,
            }


def _past_claims(waves: int) -> Iterator[dict[str, Any]]:
    for wave in range(1, waves + 1):
        for place, step in enumerate(_PASSAGE):
            for member in range(WAVE):
                yield {
                    "machine_id": _id(wave, member),
                    "step": step.value,
                    "attempt": 1,
                    "run_id": _PAST + (wave - 1) * len(_PASSAGE) + place,
                    "created_at": NOW,
                    "deadline_at": NOW,
                    "outcome": ClaimOutcome.DONE.value,
                    "ended_at": NOW,
                }


def _claims(done: int) -> Iterator[dict[str, Any]]:
    for wave, site, run in _at_work(done):
        for member in (site - 1, site - 1 + SITES):
            yield {
                "machine_id": _id(wave, member),
                "step": Step.CAPTURE.value,
                "attempt": 1,
                "run_id": run,
                "created_at": NOW,
                "deadline_at": NOW + timedelta(hours=2),
            }
