"""What happened, newest first."""

from collections.abc import Sequence

from rollout.store import activity
from rollout.store.activity import Wanted as Wanted  # front ends ask with it
from rollout.store.database import Database
from rollout.store.tables import AuditRow


def page(
    database: Database, wanted: Wanted, *, before: int | None, limit: int
) -> Sequence[AuditRow]:
    """The newest facts that match, older than the row `before`."""
    with database.read() as session:
        return activity.page(session, wanted, before=before, limit=limit)
