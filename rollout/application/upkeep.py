"""What the nights are for: a backup, room on the disk, the forecast and the figures of the day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from rollout.application import backup
from rollout.application.exports.status import counted
from rollout.application.nightly import Work, size
from rollout.application.planning import forecasting
from rollout.application.ports import Archive
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import backup as copies
from rollout.store import runs
from rollout.store.database import Database

TIDY, FORECAST, PEOPLE = "tidy", "forecast", "people"


def works(database: Database, settings: Settings, archive: Archive) -> tuple[Work, ...]:
    """The work of a night, in its order."""
    copied = (Work(backup.NIGHTS, partial(_back_up, database, settings)),)
    return (
        *(copied if copies.ours(database) else ()),
        Work(TIDY, partial(_tidy, database, settings, archive)),
        Work(FORECAST, lambda now, _go_on: forecasting.keep_daily(database, settings, now)),
        Work(PEOPLE, lambda now, _go_on: counted.count(database, settings, now)),
    )


def _back_up(
    database: Database, settings: Settings, now: datetime, go_on: Callable[[], None]
) -> str:
    made = backup.nightly(database, settings, now, lambda done, total: go_on())
    return _("{path}, {size}, {rows} {rows:row|rows} of history hold").format(
        path=made.path, size=size(made.checked.size), rows=made.checked.rows
    )


def _tidy(
    database: Database,
    settings: Settings,
    archive: Archive,
    _now: datetime,
    _go_on: Callable[[], None],
) -> str:
    removed, freed = tidy(database, settings, archive)
    return _("{count} run {count:folder|folders} removed, {size}").format(
        count=removed, size=size(freed)
    )


def tidy(database: Database, settings: Settings, archive: Archive) -> tuple[int, int]:
    """Make room on this computer by `[ansible]`; how many folders of runs, and their bytes.

    Folders bear the time of this computer, whatever the programme's clock says.
    """
    ansible = settings.ansible
    return archive.prune(
        before=datetime.now(UTC) - timedelta(days=ansible.keep_days),
        largest=int(ansible.keep_gigabytes * 1e9),
        needed=partial(needed_runs, database),
    )


def needed_runs(database: Database) -> frozenset[str]:
    """The idents of runs whose output somebody may still ask about."""
    with database.read() as session:
        return runs.needed(session)
