"""The private working folder of a run: what is written before, what is kept after."""

import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from rollout.adapters.ansible.child import SHORT_LIVED
from rollout.adapters.ansible.inventory import Inventory, inventory
from rollout.adapters.ansible.processes import Marker
from rollout.adapters.ansible.stream import redact, redactable
from rollout.application.ports import RunOrder
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import AnsibleSettings

log = logging.getLogger(__name__)

IDENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
OUTPUT = "stdout"
CHILD_OUTPUT = "child.log"
RECORD = "run.json"
HOSTS = "inventory/hosts.yml"
# ssh binds `<folder>/<10 characters>.<16 characters>` first, and a socket's path ends at 107.
LONGEST_CONTROL = 107 - 28
LEAST_FREE = 32 * 1024**2
"""Bytes; a run that fills the disk ends without a word, and the database beside it stands still."""


class CannotStart(RolloutError):
    """The run was not begun; the message says what stands in its way."""


class RunFolder:
    """`<artifacts>/<ident>/`, owner-only, and the short folder for SSH control sockets."""

    def __init__(self, settings: AnsibleSettings, ident: str) -> None:
        if not IDENT.fullmatch(ident):
            raise CannotStart(_("{ident!r} cannot name a run").format(ident=ident))
        self.path = Path(os.path.realpath(settings.artifacts)) / ident
        self.ident = ident
        self.marker = Marker(ident, self.path)
        self.control = Path(tempfile.gettempdir()) / self.marker.control

    @property
    def output(self) -> Path:
        """What Ansible printed."""
        return self.path / OUTPUT

    @property
    def hosts(self) -> Path:
        """The inventory; it holds secrets and is gone as soon as Ansible has read it."""
        return self.path / HOSTS

    @property
    def is_open(self) -> bool:
        """Whether `close` has still something to remove."""
        return self.control.exists() or any((self.path / name).exists() for name in SHORT_LIVED)

    def write(self, settings: AnsibleSettings, order: RunOrder, now: datetime) -> Inventory:
        """Make the folder; raises CannotStart and leaves nothing behind."""
        self._check(settings)
        made = inventory(order.hosts, self.path / "known_hosts", self.control)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            raise CannotStart(
                _("{path} exists: a run starts once").format(path=self.path)
            ) from None
        try:
            for name in SHORT_LIVED:
                (self.path / name).mkdir(mode=0o700)
            self.control.mkdir(mode=0o700)
            (self.path / "inventory" / "group_vars").symlink_to(settings.group_vars.absolute())
            record = {"run": order.run_id, "playbook": order.playbook, "started": now.isoformat()}
            for name, text in {
                HOSTS: made.hosts,
                "known_hosts": made.known_hosts,
                "ansible.cfg": "",
                CHILD_OUTPUT: "",
                RECORD: json.dumps(record),
            }.items():
                _write(self.path / name, text)
        except BaseException:
            self.remove()
            raise
        return made

    def _check(self, settings: AnsibleSettings) -> None:
        if not settings.group_vars.is_dir():
            raise CannotStart(
                _(
                    "no folder {path}: set ansible.group_vars to the one that says how machines are"
                    " reached"
                ).format(path=settings.group_vars)
            )
        free = shutil.disk_usage(_nearest(self.path)).free
        if free < LEAST_FREE:
            raise CannotStart(
                _("only {free:.0f} MB are free at {path}: make room for the output of runs").format(
                    free=free / 1e6, path=self.path.parent
                )
            )
        if len(os.fsencode(self.control)) > LONGEST_CONTROL:
            raise CannotStart(
                _("TMPDIR {path} is too long for SSH control sockets: set a shorter one").format(
                    path=self.control.parent
                )
            )
        if any(mark in str(self.path) for mark in '"$\n'):
            raise CannotStart(
                _(
                    "ssh cannot use {path}: set ansible.artifacts to a folder without quotes,"
                    " dollar signs and line breaks"
                ).format(path=self.path)
            )

    def close(self, secrets: Sequence[str] = ()) -> None:
        """Remove what a finished run needs no more; the output and the record stay.

        `no_log` in the playbooks keeps secrets out of the output; whatever slipped through is
        overwritten here.
        """
        for name in SHORT_LIVED:
            shutil.rmtree(self.path / name, ignore_errors=True)
        shutil.rmtree(self.control, ignore_errors=True)
        forms = redactable(secrets)
        for file in (self.output, self.path / CHILD_OUTPUT):
            if forms and file.is_file():
                data = file.read_bytes()
                clean = redact(data, forms)
                if clean != data:
                    file.write_bytes(clean)

    def remove(self) -> None:
        """Remove everything of the run."""
        shutil.rmtree(self.control, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def tail(self, size: int = 1500) -> str:
        """The end of what Ansible and the child printed."""
        parts = []
        for file in (self.output, self.path / CHILD_OUTPUT):
            if file.is_file():
                with file.open("rb") as handle:
                    handle.seek(max(0, file.stat().st_size - size))
                    parts.append(handle.read().decode("utf-8", "replace").strip())
        return "\n".join(part for part in parts if part)


def _nearest(path: Path) -> Path:
    """The folder itself, or the one in which it would be made."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as handle:
        handle.write(text)


def rotate(settings: AnsibleSettings, keep: int, live: Callable[[str], bool]) -> None:
    """Remove the oldest finished folders beyond `keep`; `live` says which are not finished."""
    root = Path(os.path.realpath(settings.artifacts))
    records = [path / RECORD for path in root.iterdir() if (path / RECORD).is_file()]
    by_age = sorted(records, key=lambda record: record.stat().st_mtime_ns)
    for record in by_age[: max(0, len(by_age) - keep)]:
        ident = record.parent.name
        if not live(ident):
            RunFolder(settings, ident).remove()
