"""What is under way at this moment, for whoever watches the daemon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.domain.machine import DONE, Step
from rollout.domain.run import RunPurpose
from rollout.domain.wave import WaveState
from rollout.store import machines, runs, waves
from rollout.store.database import Database


@dataclass(frozen=True)
class LiveRun:
    """A run at work: how many of its machines came through, and how many did not."""

    id: int
    step: Step | None
    purpose: RunPurpose
    wave: int | None
    site: str | None
    size: int
    done: int
    bad: int
    since: datetime


@dataclass(frozen=True)
class UnderWay:
    """The runs, the waves in force (number, done, size), and machines by state."""

    runs: Sequence[LiveRun]
    waves: Sequence[tuple[int, int, int]]
    states: Mapping[str, int]


def under_way(database: Database) -> UnderWay:
    """One look; nothing is written."""
    with database.read() as session:
        alive = runs.alive(session)
        progress = runs.progress(session, [run.id for run in alive])
        sites = machines.site_keys(session)
        known = {wave.id: wave for wave in waves.all_of(session)}
        counts = waves.counts(session)
        return UnderWay(
            runs=[
                LiveRun(
                    run.id,
                    Step(run.step) if run.step else None,
                    RunPurpose(run.purpose),
                    known[run.wave_id].number if run.wave_id in known else None,
                    sites.get(run.site_id or 0),
                    run.size,
                    *progress.get(run.id, (0, 0)),
                    run.started_at or run.created_at,
                )
                for run in alive
            ],
            waves=[
                (
                    wave.number,
                    sum(counts.get(wave.id or 0, {}).get(state, 0) for state in DONE),
                    sum(counts.get(wave.id or 0, {}).values()),
                )
                for wave in known.values()
                if wave.state in (WaveState.RUNNING, WaveState.SOAKING)
            ],
            states=machines.counts(session),
        )
