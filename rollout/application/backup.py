"""Backing the database up while it is in use."""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rollout.i18n import _
from rollout.i18n.system_errors import why
from rollout.settings import Settings
from rollout.store import backup as copies
from rollout.store import nightly as rows
from rollout.store.backup import BackupFailed, Checked, Progress
from rollout.store.database import Database

NIGHTLY = re.compile(r"rollout-\d{8}-\d{6}\.db")
"""What a nightly copy is called; only such files are ever removed."""

LEFT_OVER_SECONDS = 24 * 3600.0
"""A half-made copy that is older is nobody's work any more."""

NIGHTS, BY_HAND = "backup", "backup_by_hand"
"""Under these names it is noted when a copy was last made."""


def silent(done: int, total: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True)
class Backup:
    """A copy that was made and checked."""

    path: Path
    checked: Checked


def make(database: Database, out: Path, progress: Progress = silent) -> Backup:
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
            _("{path} cannot be written: {why}").format(path=out, why=why(error))
        ) from None


def _written(source: Path, out: Path, progress: Progress) -> Checked:
    partial = out.with_name(f".{out.name}.partial")
    copies.discard(partial)
    try:
        copies.copy(source, partial, progress)
        checked = copies.check(partial, progress, called=out)
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
    progress: Progress = silent,
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
    database: Database, settings: Settings, now: datetime, progress: Progress = silent
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
