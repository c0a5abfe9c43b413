"""Whether somebody acts on the programme at this moment."""

from dataclasses import dataclass
from datetime import datetime

from rollout.store import leases, moments
from rollout.store.database import Database


@dataclass(frozen=True)
class DaemonStatus:
    """The holder of the lease; None when no daemon is alive, so that nothing starts."""

    holder: str | None
    heartbeat_at: datetime | None

    @property
    def alive(self) -> bool:
        """Whether somebody holds the lease."""
        return self.holder is not None


def daemon_status(database: Database) -> DaemonStatus:
    """Who holds the lease. Leases live in real time, whatever the programme's clock says."""
    with database.read() as session:
        lease = leases.holder(session, now=moments.real_now(session))
        if lease is None:
            return DaemonStatus(None, None)
        return DaemonStatus(lease.holder, lease.heartbeat_at)
