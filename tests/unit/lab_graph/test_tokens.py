"""The token endpoint proves who asks, and a token ends."""

import hashlib
import re

import pytest

from rollout.lab.graph.clock import TenantClock
from rollout.lab.graph.errors import GraphError
from rollout.lab.graph.tokens import SCOPE, Application, TokenOffice, TokenRefused

FORM = {
    "grant_type": "client_credentials",
    "scope": SCOPE,
    "client_id": "client",
    "client_secret": "correct",
}


@pytest.fixture
def office() -> TokenOffice:
    made = TokenOffice("tenant", "https://localhost/tenant", TenantClock())
    digest = hashlib.sha256(b"correct").hexdigest()
    made.applications["client"] = Application("client", frozenset({"User.Read.All"}), digest)
    return made


def test_a_token_names_its_application_and_roles(office: TokenOffice) -> None:
    token = office.give(FORM, 3600)["access_token"]

    assert office.caller(f"Bearer {token}").roles == {"User.Read.All"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_secret": "wrong"}, 7000215),
        ({"client_id": "nobody"}, 700016),
        ({"scope": "User.Read.All"}, 1002012),
        ({"grant_type": "password"}, 70003),
    ],
)
def test_a_wrong_proof_is_refused_with_its_code(
    office: TokenOffice, change: dict[str, str], code: int
) -> None:
    with pytest.raises(TokenRefused) as refused:
        office.give(FORM | change, 3600)

    assert f"AADSTS{code}:" in refused.value.body("now")["error_description"]


def test_without_a_proof_there_is_no_token(office: TokenOffice) -> None:
    form = {name: value for name, value in FORM.items() if name != "client_secret"}

    with pytest.raises(TokenRefused, match=re.escape("7000218")):
        office.give(form, 3600)


def test_a_token_ends(office: TokenOffice) -> None:
    token = office.give(FORM, 3600)["access_token"]
    office.clock.advance(3600)

    with pytest.raises(GraphError, match="expired"):
        office.caller(f"Bearer {token}")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc"])
def test_what_is_no_token_is_refused(office: TokenOffice, header: str) -> None:
    with pytest.raises(GraphError) as refused:
        office.caller(header)

    assert refused.value.status == 401
