"""After a server's own tools have put an older state in the place of the database.

What was begun after the copy was made is not known in it, and nobody can ask the database that was
replaced. So epochs go on far behind those that machines may have stored, open tokens count as used,
every machine of a wave that has begun is held, workers of that time are ended, and all is stopped.
"""

from collections.abc import Callable
from datetime import datetime

from rollout.application.alone import alone
from rollout.application.operators import Operator
from rollout.application.restore import UNREADABLE_EPOCHS, prepare
from rollout.settings import OperatorRole
from rollout.store import backup as copies
from rollout.store import moments, workers
from rollout.store.database import Database


def after_restore(
    database: Database,
    operator: Operator,
    now: datetime,
    *,
    reason: str,
    holder: str,
    gone: Callable[[str], bool],
) -> None:
    """Make it fit to go on. Raises NotPermitted, and LeaseHeld while a daemon acts."""
    operator.must_be(OperatorRole.APPROVER)
    with alone(database, holder, gone) as epoch:
        last = copies.last_claim(database) + UNREADABLE_EPOCHS
        with database.write() as session:
            living = [worker.id or 0 for worker in workers.living(session)]
            workers.end(session, living, "restored", at=moments.real_now(session))
        prepare(database, epoch, last, None, operator, now, reason)
