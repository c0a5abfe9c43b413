"""The comparison with Microsoft's description finds what it is there to find."""

import json
from pathlib import Path
from typing import Any

import pytest
from graph_contract import MISSING, Contract, description_file
from graph_journals import findings, journals

from rollout.lab.graph.gateway import Gateway
from rollout.lab.graph.requests import Caller, GraphRequest
from rollout.lab.graph.seed import plant
from rollout.lab.graph.world import TenantFiles


@pytest.fixture
def contract() -> Contract:
    file = description_file()
    if file is None:
        pytest.skip(MISSING)
    return Contract(file)


def request(method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
    return {
        "method": method,
        "path": path,
        "body": body,
        "query": {f"${name}": text for name, text in query.items()},
    }


def test_a_right_request_has_no_finding(contract: Contract) -> None:
    assert (
        contract.findings(
            [
                request("GET", "/users", select="id,displayName", top="100", filter="id eq 'x'"),
                request("POST", "/users", {"displayName": "佐藤", "accountEnabled": True}),
                request("GET", "/users/delta", deltatoken="x"),
            ]
        )
        == []
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (request("GET", "/people"), "no such path"),
        (request("PUT", "/users"), "no such method"),
        (request("GET", "/users", select="id,nickname"), "$select=nickname"),
        (request("GET", "/users", skip="1"), "query option $skip"),
        (request("GET", "/users", top="many"), "$top=many"),
        (request("POST", "/users", {"nickname": "x"}), "property nickname"),
        (request("POST", "/users", {"accountEnabled": "yes"}), "accountEnabled is no boolean"),
        (request("POST", "/users", {"passwordProfile": {"secret": "x"}}), "passwordProfile.secret"),
        (request("POST", "/users/x/revokeSignInSessions", {"a": 1}), "body"),
    ],
)
def test_a_wrong_request_has_one(contract: Contract, wrong: dict[str, Any], said: str) -> None:
    found = contract.findings([wrong])

    assert len(found) == 1
    assert said in found[0]


def test_a_wrong_part_of_a_batch_is_found_in_a_journal_wherever_its_tenant_stood(
    contract: Contract, tmp_path: Path
) -> None:
    files = TenantFiles(tmp_path / "out" / "demo" / "tenant")
    files.folder.mkdir(parents=True)
    noted: list[GraphRequest] = []
    gateway = Gateway(plant({}), lambda request, _answer, _batched: noted.append(request))
    parts = [{"id": "1", "method": "GET", "url": "/users?$select=id,nickname"}]
    caller = Caller("test", frozenset({"User.Read.All"}))

    gateway.answer(GraphRequest("POST", "/$batch", {}, {}, {"requests": parts}, caller))

    (part,) = noted
    line = {"method": part.method, "path": part.path, "query": part.query, "body": part.body}
    files.requests.write_text(json.dumps(line) + "\n", encoding="utf-8")
    found = journals([tmp_path])
    said = findings(found, contract)
    files.requests.unlink()  # the check after this module would find it, too
    assert said == [f"{files.requests}: GET /users: $select=nickname"]
