"""What the endpoint answers over HTTP."""

import http.client
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rollout.adapters.clock import SystemClock
from rollout.application.arrival_words import token_digest
from rollout.domain.errors import RolloutError
from rollout.domain.machine import MachineVerb
from rollout.service.endpoint import LARGEST_BODY, Endpoint
from rollout.settings import Settings
from rollout.store import claims, machines, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Retirement, Run


def port_of(endpoint: Endpoint) -> int:
    server = endpoint._server.servers[0]
    number: int = server.sockets[0].getsockname()[1]
    return number


@pytest.fixture
def port(database: Database, settings: Settings) -> Iterator[int]:
    endpoint = Endpoint(database, settings, SystemClock())
    endpoint.start()
    yield port_of(endpoint)
    endpoint.stop()


def ask(
    port: int, path: str, body: bytes | dict[str, Any] | None = None, method: str = "POST"
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, path, body=data)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text.startswith(b"{") else {}
    finally:
        connection.close()


PATHS = ("/v1/arm", "/v1/boot", "/v1/check-in", "/v1/erased")
ARM = {"token": "t", "serial": "s", "boot_id": "b"}
ERASED = {"token": "t", "serial": "s", "method": "m"}
CHECK_IN = {"token": "t", "serial": "s", "image_id": "i", "boot_id": "b"}


def test_health_is_answered(port: int) -> None:
    status, answer = ask(port, "/v1/health", method="GET")
    assert (status, answer["alive"]) == (200, True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b"null"])
def test_what_is_not_a_json_object_is_a_bad_request(port: int, path: str, body: bytes) -> None:
    status, answer = ask(port, path, body)
    assert status == 400
    assert "JSON" in answer["error"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "body",
    [
        # No database keeps half a character, and not every one a NUL.
        b'{"token": "t", "serial": "\\ud83d", "image_id": "i", "boot_id": "b", "method": "m"}',
        b'{"token": "t", "serial": "s\\u0000", "image_id": "i", "boot_id": "b", "method": "m"}',
        b'{"token": "t", "serial": "s", "image_id": "i", "boot_id": "b", "method": "m",'
        b' "more": [{"\\u0000": 1}]}',
        b'{"token": ' + b"[" * 8_000,
    ],
    ids=["half a character", "NUL", "NUL deep inside", "deep"],
)
def test_what_no_database_keeps_is_a_bad_request(port: int, path: str, body: bytes) -> None:
    status, answer = ask(port, path, body)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_too_large_is_a_bad_request(port: int, path: str) -> None:
    body = b'{"serial": "' + b"x" * LARGEST_BODY + b'"}'
    assert ask(port, path, body)[0] == 400


@pytest.mark.parametrize(
    ("path", "complete"),
    [
        ("/v1/arm", ARM),
        ("/v1/boot", {"serial": "s"}),
        ("/v1/check-in", CHECK_IN),
        ("/v1/erased", ERASED),
    ],
)
@pytest.mark.parametrize("instead", [None, "", 7, ["x"], {"$ne": ""}])
def test_a_missing_or_wrong_field_is_named(
    port: int, path: str, complete: dict[str, str], instead: Any
) -> None:
    for name in complete:
        status, answer = ask(port, path, {**complete, name: instead})
        assert (status, answer["error"]) == (400, f"{name} is missing")


def test_what_is_not_believed_is_forbidden_with_the_reason(port: int) -> None:
    assert ask(port, "/v1/arm", dict(ARM)) == (403, {"error": "unknown token"})
    assert ask(port, "/v1/check-in", dict(CHECK_IN)) == (403, {"error": "unknown token"})
    assert ask(port, "/v1/erased", dict(ERASED)) == (403, {"error": "unknown token"})


def test_an_unknown_machine_boots_its_own_disk(port: int) -> None:
    assert ask(port, "/v1/boot", {"serial": "nobody", "mac": 5}) == (200, {"action": "local"})


def test_an_erasure_is_ordered_once_and_its_report_is_believed(
    port: int, database: Database
) -> None:
    at = SystemClock().now()
    with database.write() as session:
        old = Machine(asset_tag="DK17-000001", serial="s", generation="DK17", state_since=at)
        new = Machine(asset_tag="DK20-000001", generation="DK20", state_since=at)
        run = Run(ident="r", lease_epoch=1, created_at=at, state_since=at)
        session.add_all([old, new, run])
        session.flush()
        old_id, run_id = old.id or 0, run.id or 0
        session.add(Retirement(machine_id=old_id, successor_id=new.id or 0))
        for verb in (MachineVerb.SUPERSEDE, MachineVerb.RETAIN, MachineVerb.BEGIN):
            transitions.apply(session, Machine, [old_id], verb, actor="test", at=at)
        claim = {"machine_id": old_id, "step": "retire", "attempt": 1, "run_id": run_id}
        claim |= {"created_at": at, "deadline_at": at + timedelta(hours=1)}
        claims.add(session, [{**claim, "arm_token_hash": token_digest("t")}])
    assert ask(port, "/v1/boot", {"serial": "s"}) == (200, {"action": "local"})
    assert ask(port, "/v1/arm", dict(ARM)) == (200, {"armed": True})
    status, order = ask(port, "/v1/boot", {"serial": "s"})
    assert (status, order["action"], "image_id" in order) == (200, "erase", False)
    assert ask(port, "/v1/boot", {"serial": "s"}) == (200, {"action": "local"})
    report = {**ERASED, "token": order["check_in_token"]}
    for _ in range(2):
        assert ask(port, "/v1/erased", report) == (200, {"noted": True})
    with database.read() as session:
        assert machines.by_tag(session, "DK17-000001").state == "erased"


def test_only_the_agreed_ways_are_open(port: int) -> None:
    assert ask(port, "/v1/arm", method="GET")[0] == 405
    assert ask(port, "/v1/health", b"{}")[0] == 405
    assert ask(port, "/", method="GET")[0] == 404


def test_a_port_that_is_taken_is_said_so(port: int, database: Database, settings: Settings) -> None:
    taken = settings.model_copy(
        update={"service": settings.service.model_copy(update={"port": port})}
    )
    with pytest.raises(RolloutError, match="another program has the port"):
        Endpoint(database, taken, SystemClock()).start()
