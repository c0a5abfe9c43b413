"""Queries on workers and on the runs that they took."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update
from sqlmodel import Session, col, func, select

from rollout.domain.run import ALIVE
from rollout.store.tables import Run, Taking, Worker

_RUN_ALIVE = tuple(state.value for state in ALIVE)


def add(session: Session, worker: Worker) -> int:
    """A worker signs on; its number."""
    session.add(worker)
    session.flush()
    return worker.id or 0


def serve(session: Session, worker_id: int, sites: str | None) -> None:
    """From now on it works for these sites, `as_kept` made of them."""
    session.connection().execute(
        update(Worker).where(col(Worker.id) == worker_id).values(sites=sites)
    )
    session.expire_all()


def by_id(session: Session, worker_id: int) -> Worker | None:
    """The worker of that number."""
    return session.get(Worker, worker_id)


def living(session: Session) -> Sequence[Worker]:
    """Workers that have not ended and were not taken for lost."""
    return session.exec(
        select(Worker).where(col(Worker.ended_at).is_(None)).order_by(col(Worker.id))
    ).all()


def latest(session: Session, limit: int = 50) -> Sequence[Worker]:
    """The newest workers first, those that have ended too."""
    return session.exec(select(Worker).order_by(col(Worker.id).desc()).limit(limit)).all()


def beat(session: Session, worker_id: int, *, now: datetime, clock_ahead: float) -> bool:
    """Give a sign of life; False for one that was taken for lost."""
    result = session.connection().execute(
        update(Worker)
        .where(col(Worker.id) == worker_id, col(Worker.ended_at).is_(None))
        .values(heartbeat_at=now, beats=Worker.beats + 1, clock_ahead=clock_ahead)
    )
    return result.rowcount == 1


def stopping(session: Session, worker_id: int) -> None:
    """It takes no further runs."""
    session.connection().execute(
        update(Worker).where(col(Worker.id) == worker_id).values(stopping=True)
    )


def end(session: Session, worker_ids: Iterable[int], why: str, *, at: datetime) -> int:
    """Nothing that these workers send is believed any more; how many had not ended before."""
    result = session.connection().execute(
        update(Worker)
        .where(col(Worker.id).in_(list(worker_ids)), col(Worker.ended_at).is_(None))
        .values(ended_at=at, ended_why=why)
    )
    session.expire_all()
    return result.rowcount


def take(session: Session, run_id: int, worker_id: int, *, at: datetime) -> bool:
    """Give a run to a worker; False when it was given to one before."""
    if session.get(Taking, run_id) is not None:
        return False
    session.connection().execute(
        insert(Taking), {"run_id": run_id, "worker_id": worker_id, "taken_at": at}
    )
    return True


def taker(session: Session, run_id: int) -> Taking | None:
    """Who took a run."""
    return session.get(Taking, run_id)


def ask_to_stop(session: Session, run_id: int, *, at: datetime) -> bool:
    """Let the worker of a run stop it; False when nobody has taken it."""
    result = session.connection().execute(
        update(Taking).where(col(Taking.run_id) == run_id).values(stop_asked_at=at)
    )
    session.expire_all()
    return result.rowcount == 1


@dataclass(frozen=True)
class InHand:
    """A run that has not ended, and the worker that took it."""

    run: Run
    worker_id: int | None
    worker_lives: bool
    stop_asked: bool


def runs_alive(session: Session) -> list[InHand]:
    """Every run that has not ended, oldest first."""
    rows = session.exec(
        select(Run, Taking, Worker)
        .join(Taking, col(Taking.run_id) == col(Run.id), isouter=True)
        .join(Worker, col(Worker.id) == col(Taking.worker_id), isouter=True)
        .where(col(Run.state).in_(_RUN_ALIVE))
        .order_by(col(Run.id))
    ).all()
    return [
        InHand(
            run,
            taking.worker_id if taking is not None else None,
            worker is not None and worker.ended_at is None,
            taking is not None and taking.stop_asked_at is not None,
        )
        for run, taking, worker in rows
    ]


def runs_of(session: Session, worker_id: int) -> dict[int, bool]:
    """The runs of a worker that have not ended: whether each is to be stopped, by its number."""
    rows = session.exec(
        select(Taking.run_id, Taking.stop_asked_at)
        .join(Run, col(Run.id) == col(Taking.run_id))
        .where(Taking.worker_id == worker_id, col(Run.state).in_(_RUN_ALIVE))
    ).all()
    return {run_id: asked is not None for run_id, asked in rows}


def counts(session: Session) -> dict[int, int]:
    """How many runs each worker has in hand."""
    rows = session.exec(
        select(Taking.worker_id, func.count())
        .join(Run, col(Run.id) == col(Taking.run_id))
        .where(col(Run.state).in_(_RUN_ALIVE))
        .group_by(col(Taking.worker_id))
    ).all()
    return dict(rows)


class Places:
    """Places that living workers have free, after what waits in their queues."""

    def __init__(self, session: Session) -> None:
        busy = counts(session)
        self._workers = [
            (sites_of(worker), max(0, worker.concurrency - busy.get(worker.id or 0, 0)))
            for worker in living(session)
            if not worker.stopping
        ]
        waiting = Counter(
            found.run.site_id for found in runs_alive(session) if found.worker_id is None
        )
        for site_id, number in waiting.items():
            for _ in range(number):
                self.take(site_id)

    def serves(self, site_id: int | None) -> bool:
        """Whether a worker has a place free for this site."""
        return any(free > 0 for _sites, free in self._of(site_id))

    def take(self, site_id: int | None) -> bool:
        """Take a place of the worker that has most; False when there is none."""
        found = max(self._of(site_id), key=lambda worker: worker[1], default=None)
        if found is None or found[1] <= 0:
            return False
        self._workers[self._workers.index(found)] = (found[0], found[1] - 1)
        return True

    @property
    def free(self) -> int:
        """All of them."""
        return sum(free for _sites, free in self._workers)

    def _of(self, site_id: int | None) -> list[tuple[frozenset[int] | None, int]]:
        return [one for one in self._workers if _serves(one[0], site_id)]


def sites_of(worker: Worker) -> frozenset[int] | None:
    """The sites that a worker serves; None for all."""
    if worker.sites is None:
        return None
    return frozenset(site for site in json.loads(worker.sites) if isinstance(site, int))


def awaited_by(worker: Worker) -> list[str]:
    """The sites that a worker was started for and that the ledger did not have at its last look."""
    return [site for site in json.loads(worker.sites or "[]") if isinstance(site, str)]


def as_kept(sites: Sequence[int | str]) -> str:
    """What a worker's row keeps of sites: ids, and names that the ledger does not have yet."""
    return json.dumps(sites, ensure_ascii=False)


def _serves(sites: frozenset[int] | None, site_id: int | None) -> bool:
    """What is at no site may be done by everybody."""
    return sites is None or site_id is None or site_id in sites
