"""Which workers are there: for screens, listings and checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.i18n import _
from rollout.store import machines, moments, workers
from rollout.store.database import Database


@dataclass(frozen=True)
class WorkerView:
    """A worker as people see it; `silent_seconds` by the clock of the database server."""

    id: int
    name: str
    host: str
    sites: Sequence[str]
    awaited: Sequence[str]
    """Sites that it was started for and that the ledger does not have."""
    concurrency: int
    runs: int
    version: str
    started_at: datetime
    heartbeat_at: datetime
    silent_seconds: float
    clock_ahead: float
    stopping: bool
    ended_why: str | None

    @property
    def everywhere(self) -> bool:
        """Whether it was started for all sites."""
        return not self.sites and not self.awaited


def standing(database: Database, *, ended: bool = False) -> list[WorkerView]:
    """The living workers; with `ended` the newest ones, whatever became of them."""
    with database.read() as session:
        rows = workers.latest(session) if ended else workers.living(session)
        if not rows:
            return []
        busy, keys = workers.counts(session), machines.site_keys(session)
        now = moments.real_now(session)
        return [
            WorkerView(
                id=row.id or 0,
                name=row.name,
                host=row.host,
                sites=[keys.get(site, str(site)) for site in sorted(workers.sites_of(row) or ())],
                awaited=workers.awaited_by(row),
                concurrency=row.concurrency,
                runs=busy.get(row.id or 0, 0),
                version=row.version,
                started_at=row.started_at,
                heartbeat_at=row.heartbeat_at,
                silent_seconds=(now - row.heartbeat_at).total_seconds(),
                clock_ahead=row.clock_ahead,
                stopping=row.stopping,
                ended_why=row.ended_why,
            )
            for row in rows
        ]


def places(worker: WorkerView) -> str:
    """For which sites a worker is there, in words."""
    if worker.everywhere:
        return "*"
    unknown = (_("{site} (not in the ledger)").format(site=site) for site in worker.awaited)
    return ", ".join([*worker.sites, *unknown])
