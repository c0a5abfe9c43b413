"""Bringing a tenant up and down, and how the product reaches it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from rollout.i18n import _
from rollout.lab.errors import LabError

Json = dict[str, Any]

_START = 30.0
_STOP = 5.0


class TenantFiles:
    """The paths inside a tenant's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.scenario = self.folder / "scenario.json"
        self.application = self.folder / "application.json"
        self.requests = self.folder / "requests.jsonl"
        self.ready = self.folder / "ready.json"
        self.pid = self.folder / "graph.pid"
        self.log = self.folder / "graph.log"
        self.authority = self.folder / "ca.pem"
        self.server_certificate = self.folder / "server.pem"
        self.server_key = self.folder / "server.key"
        self.client_certificate = self.folder / "client.pem"
        self.client_pem = self.folder / "client-with-key.pem"
        self.secret = self.folder / "client-secret"

    def port(self) -> int:
        """The port of the last time, 0 at first."""
        if not self.ready.exists():
            return 0
        origin: str = json.loads(self.ready.read_text(encoding="utf-8"))["origin"]
        return int(origin.rpartition(":")[2])


@dataclass(frozen=True)
class TenantStatus:
    """What a client needs; the secret stands in a file that only its owner reads."""

    tenant_id: str
    client_id: str
    origin: str
    ca_file: Path
    secret_file: Path
    certificate_file: Path
    """Certificate and key, PEM."""
    requests: Path

    @property
    def graph_url(self) -> str:
        """Up to and with the version."""
        return f"{self.origin}/v1.0"


def up(folder: Path, scenario: Json, roles: Collection[str]) -> TenantStatus:
    """Start a tenant; its application has `roles`. A tenant begins anew with each start.

    Raises LabError when it already runs or does not start.
    """
    files = TenantFiles(folder)
    files.folder.mkdir(parents=True, exist_ok=True)
    files.folder.chmod(0o700)
    if _running(files) is not None:
        raise LabError(
            _("the tenant in {folder} already runs; `rollout lab tenant down` stops it").format(
                folder=folder
            )
        )
    files.scenario.write_text(json.dumps(scenario, ensure_ascii=False), encoding="utf-8")
    _register(files, roles)
    _make_certificates(files)
    files.ready.unlink(missing_ok=True)
    with files.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rollout.lab.graph", str(files.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    files.pid.write_text(str(process.pid))
    deadline = time.monotonic() + _START
    while not files.ready.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if not files.ready.exists():
        process.kill()
        process.wait()
        said = files.log.read_text("utf-8", "replace").strip().splitlines()
        raise LabError(
            _("the tenant did not start: {reason} ({log})").format(
                reason=said[-1] if said else _("no answer"), log=files.log
            )
        )
    process.returncode = 0  # it outlives this process on purpose
    return status(folder)


def status(folder: Path) -> TenantStatus:
    """How to reach the tenant. Raises LabError where there is none."""
    files = TenantFiles(folder)
    if _running(files) is None or not files.ready.exists():
        raise LabError(_("no tenant runs in {folder}").format(folder=folder))
    told = json.loads(files.ready.read_text(encoding="utf-8"))
    return TenantStatus(
        tenant_id=told["tenant_id"],
        client_id=told["client_id"],
        origin=told["origin"],
        ca_file=files.authority,
        secret_file=files.secret,
        certificate_file=files.client_pem,
        requests=files.requests,
    )


def down(folder: Path) -> None:
    """Stop it; fine when it does not run."""
    files = TenantFiles(folder)
    pid = _running(files)
    if pid is None:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP
    while _running(files) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _running(files: TenantFiles) -> int | None:
    """The process, when the one that was started is still this tenant's."""
    try:
        pid = int(files.pid.read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if str(files.folder).encode() in words else None


def _register(files: TenantFiles, roles: Collection[str]) -> None:
    secret = secrets.token_urlsafe(30)
    files.secret.touch(mode=0o600)
    files.secret.write_text(secret, encoding="ascii")
    known: Json = {
        "client_id": str(uuid4()),
        "roles": sorted(roles),
        "secret_sha256": hashlib.sha256(secret.encode()).hexdigest(),
    }
    files.application.write_text(json.dumps(known), encoding="utf-8")


def _make_certificates(files: TenantFiles) -> None:
    import trustme

    authority = trustme.CA(organization_name="rollout lab", key_type=trustme.KeyType.RSA)
    server = authority.issue_cert("localhost", "127.0.0.1", key_type=trustme.KeyType.RSA)
    client = authority.issue_cert("rollout.lab", key_type=trustme.KeyType.RSA)
    authority.cert_pem.write_to_path(str(files.authority))
    for key in (files.server_key, files.client_pem):
        key.touch(mode=0o600)
    server.private_key_pem.write_to_path(str(files.server_key))
    server.cert_chain_pems[0].write_to_path(str(files.server_certificate))
    client.cert_chain_pems[0].write_to_path(str(files.client_certificate))
    client.private_key_and_cert_chain_pem.write_to_path(str(files.client_pem))
