"""What holds for every test: no word leaves this computer, and nobody's settings come in."""

import os
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import compiled_once
import databases
import pytest
from graph_contract import Contract, description_file
from graph_journals import findings, journals
from hypothesis import HealthCheck, settings

from rollout import i18n

# Other work on the same computer makes an example slow; a slow example is no fault of the code.
settings.register_profile(
    "rollout", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("rollout"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "rollout")


class LeftLoopback(Exception):
    """A test tried to talk to another computer."""


def _stay_at_home(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" and event != "socket.sendto":
        return
    address = arguments[1]
    if not isinstance(address, tuple):  # a Unix socket
        return
    host = str(address[0]).partition("%")[0]
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise LeftLoopback(f"{event} to {address!r}: tests stay on this computer")


sys.addaudithook(_stay_at_home)
compiled_once.share()


def pytest_sessionfinish() -> None:
    """Also in each process of a session that is spread over several."""
    databases.end()


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The developer's own configuration and language have no say in a test."""
    for name in list(os.environ):
        if name.startswith("ROLLOUT_"):
            monkeypatch.delenv(name)
    # A terminal's size, which a readline somewhere may have put there.
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROLLOUT_LANG", "en")
    # A screen on which somebody switched the language leaves it so for the whole process.
    monkeypatch.setattr(i18n, "_chosen", [])


@pytest.fixture(scope="module", autouse=True)
def _every_tenant_was_asked_as_microsoft_describes_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[None]:
    """Whoever brought the tenant up: a fixture, the daemon, the demo in a process of its own.

    An automatic fixture ends after the module's others, when their tenants are down.
    """
    base = tmp_path_factory.getbasetemp()
    before = set(base.iterdir())
    yield
    file = description_file()
    if file is None:
        return
    found = journals(set(base.iterdir()) - before)
    assert not found or findings(found, Contract(file)) == []
