"""What the product needs on this computer, checked one by one."""

import importlib.metadata
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rollout.domain.errors import RolloutError
from rollout.domain.machine import Step
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import leases, migrate, pending_controls
from rollout.store.database import Database

ENOUGH_DISK = 2 * 1024**3
"""Bytes; the database and the artifacts of some hundred runs."""


@dataclass(frozen=True)
class Finding:
    """One check; `remedy` is empty when it is in order."""

    check: str
    ok: bool
    found: str
    remedy: str = ""


def examine(database: Database, settings: Settings) -> list[Finding]:
    """Every check; a fault in one does not keep the others from being made."""
    return [
        _schema(database),
        _lease(database),
        _disk(settings),
        *_playbooks(settings),
        _group_vars(settings),
        *_programs(),
        _generations(settings),
        *_controls(database),
    ]


def _schema(database: Database) -> Finding:
    try:
        migrate.check(database)
    except RolloutError as error:
        return Finding(_("database"), False, str(error), "rollout init")
    return Finding(_("database"), True, database.engine.url.render_as_string(hide_password=True))


def _lease(database: Database) -> Finding:
    try:
        migrate.check(database)
    except RolloutError:
        return Finding(_("daemon"), False, _("the database is not set up"), "rollout init")
    with database.read() as session:
        lease = leases.holder(session, now=datetime.now(UTC))
    found = lease.holder if lease and lease.holder else _("not running")
    # No daemon is no fault: `wave start --foreground` works without one.
    return Finding(_("daemon"), True, found)


def _disk(settings: Settings) -> Finding:
    folder = settings.ansible.artifacts
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = _("{free:.1f} GB free at {folder}").format(free=free / 1e9, folder=folder)
    return Finding(
        _("disk"), free >= ENOUGH_DISK, found, "" if free >= ENOUGH_DISK else _("make room")
    )


def _playbooks(settings: Settings) -> Iterator[Finding]:
    folder = settings.ansible.playbooks
    names = [f"{step.value}.yml" for step in Step] + ["probe.yml", "recheck.yml"]
    missing = [name for name in names if not (folder / name).is_file()]
    remedy = _("set [ansible] playbooks to the folder that has them") if missing else ""
    yield Finding(
        _("playbooks"),
        not missing,
        _("missing: {names}").format(names=", ".join(missing)) if missing else str(folder),
        remedy,
    )


def _group_vars(settings: Settings) -> Finding:
    folder: Path = settings.ansible.group_vars
    ok = folder.is_dir()
    remedy = "" if ok else _("set [ansible] group_vars to how your machines are reached")
    return Finding(_("connection"), ok, str(folder), remedy)


def _programs() -> Iterator[Finding]:
    for distribution in ("ansible-core", "ansible-runner"):
        try:
            version = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            yield Finding(distribution, False, _("not installed"), f"pip install {distribution}")
        else:
            yield Finding(distribution, True, version)
    ssh = shutil.which("ssh")
    remedy = "" if ssh else "apt-get install openssh-client"
    yield Finding("ssh", ssh is not None, ssh or _("not found"), remedy)


def _generations(settings: Settings) -> Finding:
    names = ", ".join(sorted(settings.generations))
    remedy = "" if names else _("add a table such as [generations.DK20] with its image")
    return Finding(_("generations"), bool(names), names or _("none is configured"), remedy)


def _controls(database: Database) -> Iterator[Finding]:
    try:
        migrate.check(database)
    except RolloutError:
        return
    with database.read() as session:
        lacking = pending_controls.need_a_person(session)
    if lacking:
        found = _("{count} machines in use lack a control").format(count=lacking)
        yield Finding(_("evidence"), False, found, "rollout machine list --needs-a-person")
