"""Backing the database up while it is in use, and going back to a backup."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rollout.application.alone import alone
from rollout.application.operators import Operator
from rollout.i18n import _
from rollout.settings import OperatorRole, Settings
from rollout.store import backup as copies
from rollout.store import migrate, personal
from rollout.store import nightly as rows
from rollout.store.backup import BackupFailed, Checked, Progress
from rollout.store.database import Database

NIGHTLY = re.compile(r"rollout-\d{8}-\d{6}\.db")
"""What a nightly copy is called; only such files are ever removed."""

LEFT_OVER_SECONDS = 24 * 3600.0
"""A half-made copy that is older is nobody's work any more."""

NIGHTS, BY_HAND = "backup", "backup_by_hand"
"""Under these names it is noted when a copy was last made."""


def _silent(done: int, total: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True)
class Backup:
    """A copy that was made and checked."""

    path: Path
    checked: Checked


def make(database: Database, out: Path, progress: Progress = _silent) -> Backup:
    """Copy the database to the new file `out`, then open the copy and verify its history.

    The daemon goes on meanwhile. Raises BackupFailed, and leaves no half-made file.
    """
    source = copies.file_of(database)
    try:
        out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if out.exists():
            raise BackupFailed(_("{path} exists: name another file").format(path=out))
        return Backup(out, _written(source, out, progress))
    except OSError as error:
        raise BackupFailed(
            _("{path} cannot be written: {why}").format(path=out, why=error.strerror or error)
        ) from None


def _written(source: Path, out: Path, progress: Progress) -> Checked:
    partial = out.with_name(f".{out.name}.partial")
    copies.discard(partial)
    try:
        copies.copy(source, partial, progress)
        checked = copies.check(partial, progress)
        partial.rename(out)
        copies.flush(out)
    finally:
        copies.discard(partial)
    return checked


def by_hand(
    database: Database,
    settings: Settings,
    out: Path | None,
    now: datetime,
    progress: Progress = _silent,
) -> Backup:
    """A copy that somebody asked for, by default in the folder of the nightly ones; it is noted.

    Raises BackupFailed.
    """
    zone = settings.programme.zone
    target = out or settings.backup.folder / f"by-hand-{name(now, zone)}"
    made = make(database, target, progress)
    with database.write() as session:
        day = now.astimezone(zone).date()
        rows.keep(session, BY_HAND, day, at=now, ok=True, note=str(made.path))
    return made


def nightly(
    database: Database, settings: Settings, now: datetime, progress: Progress = _silent
) -> Backup:
    """The copy of a night, named by its moment; older ones beyond `[backup] keep` are removed."""
    folder = settings.backup.folder
    made = make(database, folder / name(now, settings.programme.zone), progress)
    for path in kept(folder)[settings.backup.keep :]:
        path.unlink(missing_ok=True)
    _remove_leftovers(folder)
    return made


def _remove_leftovers(folder: Path) -> None:
    """What killed processes left half-made; a younger one may be at work."""
    for path in folder.glob(".*.partial"):
        if time.time() - path.stat().st_mtime > LEFT_OVER_SECONDS:
            copies.discard(path)


def name(now: datetime, zone: ZoneInfo) -> str:
    """`rollout-20221101-023000.db`, by the wall clock of the programme."""
    return f"rollout-{now.astimezone(zone):%Y%m%d-%H%M%S}.db"


def kept(folder: Path) -> list[Path]:
    """The nightly copies, the newest first."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if NIGHTLY.fullmatch(p.name)), reverse=True)


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
    progress: Progress = _silent,
) -> Restored:
    """Put a copy in the place of the database, after it has proven good.

    The database that stood there is kept beside. In the new one everything is stopped: what was
    begun after the copy was made is not known in it. A copy that an older program made is brought
    to this one. Raises NotPermitted; LeaseHeld while a daemon acts; BackupFailed; and then nothing
    was changed.
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
        checked = copies.check(new, progress)
        with closed(new) as opened:
            reason = _("restored from {source}: compare before anything begins").format(
                source=source.name
            )
            if not copies.readable(path):
                last = copies.last_claim(opened) + UNREADABLE_EPOCHS
                _prepare(opened, 0, last, operator, now, reason)
                _replace(opened, new, path, beside)
                return Restored(checked, beside if beside.exists() else None, None, None)
            with alone(database, holder, gone) as epoch:
                last = copies.last_claim(database)
                moved_on = copies.claims_after(database, copies.last_claim(opened))
                remembered = _remembered(database, opened)
                _prepare(opened, epoch, last, operator, now, reason)
                copies.close_for_good(database, path)
                _replace(opened, new, path, beside)
    except OSError as error:
        raise BackupFailed(
            _("{path} cannot be replaced: {why}").format(path=path, why=error.strerror or error)
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


def _prepare(
    opened: Database, lease: int, last: int, operator: Operator, now: datetime, reason: str
) -> None:
    copies.prepare(
        opened, lease_epoch=lease, last_claim=last, at=now, actor=operator.name, reason=reason
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
