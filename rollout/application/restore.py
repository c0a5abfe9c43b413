"""Going back to a backup, without doing anything a second time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rollout.application.alone import alone
from rollout.application.backup import silent
from rollout.application.operators import Operator
from rollout.domain.machine import MachineVerb, Step
from rollout.i18n import _
from rollout.i18n.system_errors import why
from rollout.settings import OperatorRole
from rollout.store import backup as copies
from rollout.store import claims, machines, migrate, personal, transitions
from rollout.store.backup import BackupFailed, Checked, Progress
from rollout.store.database import Database
from rollout.store.tables import Machine


@dataclass(frozen=True)
class Restored:
    """What was put in place; `beside` is what stood there before, if anything did.

    `moved_on` are machines on which something was begun after the copy was made, and `remembered`
    people whom the copy knows again although they were forgotten; None when the replaced database
    could not be read.
    """

    checked: Checked
    beside: Path | None
    moved_on: Sequence[str] | None
    remembered: Sequence[int] | None


def restore(
    database: Database,
    source: Path,
    operator: Operator,
    now: datetime,
    *,
    holder: str,
    gone: Callable[[str], bool],
    progress: Progress = silent,
) -> Restored:
    """Put a copy in the place of the database, after it has proven good.

    The database that stood there is kept beside. In the new one everything is stopped: what was
    begun after the copy was made is not known in it. Machines on which something was begun since
    are held, and so is, when nobody can say which these are, every machine of a wave that has
    begun. A copy that an older program made is brought to this one.
    Raises NotPermitted; LeaseHeld while a daemon acts; BackupFailed; and then nothing was changed.
    """
    operator.must_be(OperatorRole.APPROVER)
    path = copies.file_of(database)
    new = path.with_name(f".{path.name}.restoring")
    beside = _free_name(path, now)
    try:
        if path.exists() and source.exists() and path.samefile(source):
            raise BackupFailed(_("{path} is the database itself").format(path=source))
        copies.discard(new)
        copies.copy(source, new, progress)
        checked = copies.check(new, progress, called=source)
        with closed(new) as opened:
            reason = _("restored from {source}: compare before anything begins").format(
                source=source.name
            )
            if not copies.readable(path):
                last = copies.last_claim(opened) + UNREADABLE_EPOCHS
                prepare(opened, 0, last, None, operator, now, reason)
                _replace(opened, new, path, beside)
                return Restored(checked, beside if beside.exists() else None, None, None)
            with alone(database, holder, gone) as epoch:
                last = copies.last_claim(database)
                moved_on = copies.claims_after(database, copies.last_claim(opened))
                remembered = _remembered(database, opened)
                prepare(opened, epoch, last, moved_on, operator, now, reason)
                copies.close_for_good(database, path)
                _replace(opened, new, path, beside)
    except OSError as error:
        raise BackupFailed(
            _("{path} cannot be replaced: {why}").format(path=path, why=why(error))
        ) from None
    finally:
        copies.discard(new)
    return Restored(checked, beside, moved_on, remembered)


UNREADABLE_EPOCHS = 1_000_000
"""Claims go on behind this when nobody can say how far the damaged database had come."""


@contextmanager
def closed(path: Path) -> Iterator[Database]:
    """A copy of our own, opened; nothing of it is open afterwards."""
    database = Database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        database.close()


def prepare(
    opened: Database,
    lease: int,
    last: int,
    moved_on: Sequence[str] | None,
    operator: Operator,
    now: datetime,
    reason: str,
) -> None:
    """Make a restored database fit to go on: nothing in it begins or is believed unseen.

    `moved_on` are the tags of machines on which something was begun since; None: nobody knows.
    """
    actor = operator.name
    with opened.write() as session:
        copies.prepare(
            session, lease_epoch=lease, last_claim=last, at=now, actor=actor, reason=reason
        )
        # Whether their disks were rewritten after the copy was made is not known in it.
        claims.doubt(session, [step for step in Step if step.destructive], at=now)
        doubtful = (
            machines.of_begun_waves(session)
            if moved_on is None
            else machines.by_tags(session, moved_on)
        )
        transitions.apply(
            session,
            Machine,
            [row.id or 0 for row in doubtful if transitions.can(Machine, row, MachineVerb.HOLD)],
            MachineVerb.HOLD,
            actor=actor,
            at=now,
            reason=reason,
        )


def _replace(opened: Database, new: Path, path: Path, beside: Path) -> None:
    copies.close_for_good(opened, new)
    copies.flush(new)
    copies.put_in_place(new, path, beside)


def _free_name(path: Path, now: datetime) -> Path:
    stem = path.with_name(f"{path.name}.replaced-{now:%Y%m%d-%H%M%S}")
    beside, number = stem, 1
    while beside.exists():
        number += 1
        beside = stem.with_name(f"{stem.name}-{number}")
    return beside


def _remembered(before: Database, after: Database) -> list[int] | None:
    if migrate.current(before) != migrate.EXPECTED:
        return None
    with before.read() as old, after.read() as new:
        return sorted(set(personal.forgotten(old)) - set(personal.forgotten(new)))
