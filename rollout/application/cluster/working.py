"""A worker's row: signing on, signs of life, signing off, and burying those that died here."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from rollout.application import settle
from rollout.application.cluster.taking import TakenForLost
from rollout.application.ports import LeashedEngine
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.store import machines, moments, runs, workers
from rollout.store.database import Database
from rollout.store.tables import Worker


@dataclass(frozen=True)
class Served:
    """The ids of a worker's sites, None for all of them; and the names that the ledger has not."""

    sites: Sequence[int] | None
    awaited: Sequence[str]


@dataclass(frozen=True)
class SignedOn:
    """A worker's number, and what it serves."""

    worker_id: int
    served: Served


def sign_on(
    database: Database,
    *,
    name: str,
    host: str,
    sites: Sequence[str],
    concurrency: int,
    version: str,
) -> SignedOn:
    """Let everybody know that this worker is there, also while the ledger has not its sites."""
    with database.write() as session:
        served = _served(session, sites)
        now = moments.real_now(session)
        worker = Worker(
            name=name,
            host=host,
            sites=_kept(served),
            concurrency=concurrency,
            version=version,
            started_at=now,
            heartbeat_at=now,
        )
        return SignedOn(workers.add(session, worker), served)


def look_again(database: Database, worker_id: int, sites: Sequence[str], before: Served) -> Served:
    """Ask the ledger for these sites once more; let everybody know when it has more of them."""
    with database.read() as session:
        served = _served(session, sites)
    if served != before:
        with database.write() as session:
            workers.serve(session, worker_id, _kept(served))
    return served


def _served(session: Session, sites: Sequence[str]) -> Served:
    known = {key: id_ for id_, key in machines.site_keys(session).items()}
    ids = sorted(known[key] for key in set(sites) if key in known)
    return Served(ids if sites else None, [key for key in sites if key not in known])


def _kept(served: Served) -> str | None:
    if served.sites is None:
        return None
    return workers.as_kept([*served.sites, *served.awaited])


def beat(database: Database, worker_id: int) -> dict[int, bool]:
    """Give a sign of life; the worker's runs that go on, and whether each is to be stopped.

    Raises TakenForLost.
    """
    with database.note() as session:
        now = moments.real_now(session)
        ahead = (datetime.now(UTC) - now).total_seconds()
        if not workers.beat(session, worker_id, now=now, clock_ahead=ahead):
            raise TakenForLost
        return workers.runs_of(session, worker_id)


def let_go(
    database: Database, worker_id: int, strays: Collection[int], *, at: datetime
) -> Sequence[int]:
    """Settle runs that the tables give to this worker and that are not at work in it; which were.

    The server went away before it could say that they were taken, or before it was told that they
    cannot begin or have ended. Nobody else would ever ask: their worker lives.
    """
    settled = []
    with database.write() as session:
        for run_id in sorted(workers.runs_of(session, worker_id).keys() & set(strays)):
            reason = told(msgid("its worker does not run it"))
            settle.abandoned(session, runs.by_id(session, run_id), at=at, reason=reason)
            settled.append(run_id)
    return settled


def take_no_more(database: Database, worker_id: int) -> None:
    """Nothing new goes to this worker; what it has goes on."""
    with database.note() as session:
        workers.stopping(session, worker_id)


def sign_off(database: Database, worker_id: int) -> None:
    """The worker ends in order; nothing of it is at work any more."""
    with database.write() as session:
        workers.end(session, [worker_id], "signed off", at=moments.real_now(session))


def bury(
    database: Database,
    host: str,
    gone: Callable[[str], bool],
    engine: LeashedEngine,
    *,
    at: datetime,
) -> int:
    """End workers of this computer whose process is dead, with what they left; how many runs.

    What is left of their runs is killed before anything is settled: nobody needs to wait until
    they are taken for lost. What is left of runs that were settled meanwhile is cleared up too.
    """
    with database.read() as session:
        dead = [
            (worker.id or 0, worker.name)
            for worker in workers.living(session)
            if worker.host == host and gone(worker.name)
        ]
        left = {id_: workers.runs_of(session, id_) for id_, _name in dead}
        idents = [
            runs.by_id(session, run_id).ident for of_one in left.values() for run_id in of_one
        ]
        idents += runs.ended_among(session, engine.untidy())
    engine.sweep(idents)
    settled = 0
    for worker_id, name in dead:
        with database.write() as session:
            workers.end(session, [worker_id], "its process died", at=moments.real_now(session))
            for run_id in workers.runs_of(session, worker_id):
                reason = told(msgid("the worker {name} died"), name=name)
                run = runs.by_id(session, run_id)
                settled += settle.abandoned(session, run, at=at, reason=reason)
    return settled
