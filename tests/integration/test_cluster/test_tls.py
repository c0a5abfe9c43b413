"""The way to PostgreSQL, encrypted: the right server is known by its certificate, others refused.

A PostgreSQL that can TLS is taken where one is installed (Debian's). The one out of the wheel
cannot, so a proxy that can stands before it: what this program's side does is the same.
"""

import contextlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import databases
import pytest
import trustme
from sqlalchemy.engine import make_url

from rollout.application.cluster.check import examine
from rollout.settings import load
from rollout.store.database import Database

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


@dataclass(frozen=True)
class Reached:
    """A server, by the port that speaks TLS; `way` is what `cluster check` has to say of it."""

    address: str
    authority: Path
    way: str


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Not pytest's: a server has a user of its own where we are root, and must get there."""
    with tempfile.TemporaryDirectory(prefix="rollout-tls-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module", params=["server", "proxy"])
def reached(
    request: pytest.FixtureRequest, authority: trustme.CA, folder: Path
) -> Iterator[Reached]:
    file = folder / "ca.pem"
    authority.cert_pem.write_to_path(file)
    certificate = authority.issue_cert("localhost")
    if request.param == "proxy":
        with proxy(certificate, folder) as address:
            yield Reached(address, file, "encrypted up to what stands before the server")
    elif not INSTALLED:
        pytest.skip("no PostgreSQL that can TLS is installed here (Debian: postgresql)")
    else:
        with server(certificate, folder / "own") as address:
            yield Reached(address, file, "encrypted: TLSv1.3")


@contextlib.contextmanager
def proxy(certificate: trustme.LeafCert, folder: Path) -> Iterator[str]:
    """The address of the tests' server behind a port that ends TLS."""
    behind = make_url(databases.server_url(folder / "rollout"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def serve(client: socket.socket) -> None:
        assert client.recv(8) == (8).to_bytes(4) + (80_877_103).to_bytes(4), "not an SSLRequest"
        client.sendall(b"S")
        try:
            spoken = context.wrap_socket(client, server_side=True)
        except OSError:  # the client does not like the certificate
            return
        with spoken, socket.socket(socket.AF_UNIX) as target:
            target.connect(f"{behind.query['host']}/.s.PGSQL.5432")
            threading.Thread(target=pass_on, args=(target, spoken), daemon=True).start()
            pass_on(spoken, target)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port = listener.getsockname()[1]
    yield f"postgresql+psycopg://{behind.username}@localhost:{port}/{behind.database}"
    listener.close()


@contextlib.contextmanager
def server(certificate: trustme.LeafCert, folder: Path) -> Iterator[str]:
    """The address of a server of our own that takes nothing but TLS."""
    folder.mkdir()
    data = folder / "data"
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    (folder / "key.pem").chmod(0o600)
    user = next((one.pw_name for one in pwd.getpwall() if one.pw_name == "postgres"), "nobody")
    as_user = {"user": user} if os.geteuid() == 0 else {}
    if as_user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user)
    programs = INSTALLED[-1].parent

    def do(name: str, *words: str) -> None:
        subprocess.run(
            [programs / name, "--pgdata", data, *words], check=True, capture_output=True,
            cwd=folder, **as_user,
        )  # fmt: skip

    do("initdb", "--username=rollout", "--auth=trust", "--no-sync")
    (data / "pg_hba.conf").write_text("hostssl all all localhost trust\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = (
        f"ssl = on\nssl_cert_file = '{folder}/certificate.pem'\nssl_key_file = '{folder}/key.pem'\n"
        f"listen_addresses = 'localhost'\nport = {port}\nunix_socket_directories = ''\n"
    )
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(settings)
    do("pg_ctl", "--wait", f"--log={folder / 'log'}", "start")
    try:
        yield f"postgresql+psycopg://rollout@localhost:{port}/postgres"
    finally:
        do("pg_ctl", "--wait", "--mode=immediate", "stop")


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What `cluster check` says of the connection, or why there is none."""

    def call(address: str, authority: Path) -> str:
        file = tmp_path / "rollout.toml"
        file.write_text(
            f'database_url = "{address}"\n[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n'
            '[cluster]\nengine = "procrastinate"\ntls_mode = "verify-full"\n'
            f'tls_ca = "{authority}"\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
        settings = load()
        database = Database(settings.database_url)
        try:
            found = examine(database, settings, lambda: (None, ""))
        finally:
            database.close()
        return next(
            f"{finding.found} {finding.remedy}".strip()
            for finding in found
            if finding.key in ("tls", "database")
        )

    return call


def test_the_server_is_known_by_its_certificate(
    reached: Reached, check: Callable[..., str]
) -> None:
    assert check(reached.address, reached.authority) == reached.way


def test_a_server_with_another_authoritys_certificate_is_refused(
    reached: Reached, check: Callable[..., str], tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    said = check(reached.address, tmp_path / "other.pem")
    assert "compare [cluster] tls_ca with the server" in said


def test_a_server_of_another_name_is_refused(reached: Reached, check: Callable[..., str]) -> None:
    said = check(reached.address.replace("localhost", "127.0.0.1"), reached.authority)
    assert "write the name in it into database_url" in said


def test_an_authority_that_is_not_there_is_named(
    reached: Reached, check: Callable[..., str], tmp_path: Path
) -> None:
    said = check(reached.address, tmp_path / "gone.pem")
    assert str(tmp_path / "gone.pem") in said
    assert "name its file in [cluster] tls_ca" in said
