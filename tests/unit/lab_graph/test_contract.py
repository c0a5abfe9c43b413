"""The comparison with Microsoft's description finds what it is there to find."""

from typing import Any

import pytest
from graph_contract import MISSING, Contract, description_file


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
