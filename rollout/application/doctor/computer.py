"""Is there room on the disks, is the output of runs in bounds and closed to others?"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from rollout.application.doctor.finding import Finding, judged
from rollout.application.nightly import size
from rollout.application.ports import Archive
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store.backup import BackupFailed, file_of
from rollout.store.database import Database

ENOUGH_DISK = 2 * 1024**3
"""Bytes; the database and the output of some hundred runs."""
COMFORTABLE = 5 * 1024**3


def examine(opened: Database, settings: Settings, archive: Archive) -> Iterator[Finding]:
    """Disks and run folders."""
    yield from _disks(opened, settings)
    yield _runs(settings, archive)


def _disks(opened: Database, settings: Settings) -> Iterator[Finding]:
    """Every disk once: two folders of one disk share its room."""
    seen: set[int] = set()
    for folder in _folders(opened, settings):
        there = folder
        while not there.exists():
            there = there.parent
        device = there.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(there).free
        yield judged(
            "disk",
            _("disk"),
            _("{free} free at {folder}").format(free=size(free), folder=there),
            problem=_("make room") if free < ENOUGH_DISK else "",
            warning=_("make room") if free < COMFORTABLE else "",
        )


def _folders(opened: Database, settings: Settings) -> Iterator[Path]:
    try:
        yield file_of(opened).absolute().parent
    except BackupFailed:
        pass
    else:
        yield settings.backup.folder.absolute()
    yield settings.ansible.artifacts.absolute()


def _runs(settings: Settings, archive: Archive) -> Finding:
    count, total = archive.size()
    folder = settings.ansible.artifacts
    largest = int(settings.ansible.keep_gigabytes * 1e9)
    open_to_others = folder.exists() and folder.stat().st_mode & 0o077
    warning = ""
    if total > largest:
        warning = _("it is cut to [ansible] keep_gigabytes at night, when the daemon runs")
    elif open_to_others:
        warning = f"chmod 700 {folder}"
    return judged(
        "runs",
        _("output of runs"),
        _("{count} {count:run|runs}, {size} of {largest}").format(
            count=count, size=size(total), largest=size(largest)
        ),
        warning=warning,
    )
