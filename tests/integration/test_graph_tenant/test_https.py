"""The tenant as a process: real certificates, the vendors' own credentials and kit."""

import asyncio
import ssl
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential

from rollout.lab.errors import LabError
from rollout.lab.graph import world
from rollout.lab.graph.tokens import SCOPE

SATO = {
    "displayName": "佐藤 花子",
    "userPrincipalName": "sato@pref.example.jp",
    "mailNickname": "sato",
    "employeeId": "0417",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place: Path = tmp_path_factory.mktemp("tenant")
    yield place
    world.down(place)


@pytest.fixture(scope="module")
def tenant(folder: Path) -> world.TenantStatus:
    return world.up(folder, {"users": [SATO]}, ["User.ReadWrite.All"])


def trusting(tenant: world.TenantStatus) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tenant.ca_file)


def by_secret(tenant: world.TenantStatus, secret: str) -> ClientSecretCredential:
    return ClientSecretCredential(
        tenant.tenant_id,
        tenant.client_id,
        secret,
        authority=tenant.origin,
        connection_verify=str(tenant.ca_file),
        disable_instance_discovery=True,
    )


def by_certificate(tenant: world.TenantStatus) -> CertificateCredential:
    return CertificateCredential(
        tenant.tenant_id,
        tenant.client_id,
        certificate_path=str(tenant.certificate_file),
        authority=tenant.origin,
        connection_verify=str(tenant.ca_file),
        disable_instance_discovery=True,
    )


@pytest.mark.parametrize(
    "credential",
    [lambda tenant: by_secret(tenant, tenant.secret_file.read_text()), by_certificate],
    ids=["secret", "certificate"],
)
def test_the_vendors_credentials_get_a_token(
    tenant: world.TenantStatus, credential: Callable[[world.TenantStatus], Any]
) -> None:
    with credential(tenant) as found:
        assert found.get_token(SCOPE).token


def test_a_wrong_secret_is_refused_with_the_services_words(tenant: world.TenantStatus) -> None:
    refused = pytest.raises(ClientAuthenticationError, match="AADSTS7000215")
    with by_secret(tenant, "wrong") as credential, refused:
        credential.get_token(SCOPE)


def test_the_vendors_kit_reads_a_person(tenant: world.TenantStatus) -> None:
    import httpx
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph import GraphRequestAdapter, GraphServiceClient

    async def read() -> str | None:
        with by_secret(tenant, tenant.secret_file.read_text()) as credential:
            provider = AzureIdentityAuthenticationProvider(
                credential, scopes=[SCOPE], allowed_hosts=["localhost"]
            )
            async with httpx.AsyncClient(verify=trusting(tenant)) as http:
                adapter = GraphRequestAdapter(provider, client=http)
                adapter.base_url = tenant.graph_url
                user = (
                    await GraphServiceClient(request_adapter=adapter)
                    .users.by_user_id("sato@pref.example.jp")
                    .get()
                )
        return user.display_name if user else None

    assert asyncio.run(read()) == "佐藤 花子"


def test_a_request_without_a_token_is_refused(tenant: world.TenantStatus) -> None:
    import httpx

    with httpx.Client(verify=trusting(tenant)) as http:
        answer = http.get(f"{tenant.graph_url}/users")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert answer.headers["request-id"]


def test_the_control_endpoint_changes_and_shows_the_tenant(tenant: world.TenantStatus) -> None:
    import httpx

    with httpx.Client(verify=trusting(tenant), base_url=f"{tenant.origin}/control") as http:
        assert http.post("/behaviour", json={"latency_ms": 1}).status_code == 200
        assert "unknown behaviour" in http.post("/behaviour", json={"x": 1}).json()["error"]
        before = http.get("/dump").json()["now"]
        assert http.post("/advance", json={"seconds": 3600}).json()["now"] > before
        users = http.get("/dump").json()["users"].values()

    assert [user["employeeId"] for user in users] == ["0417"]


def test_one_tenant_a_folder(folder: Path, tenant: world.TenantStatus) -> None:
    with pytest.raises(LabError, match="already runs"):
        world.up(folder, {}, [])
    assert world.status(folder) == tenant


def test_secrets_are_their_owners_and_in_no_log(folder: Path, tenant: world.TenantStatus) -> None:
    secret = tenant.secret_file.read_text()

    for file in (tenant.secret_file, tenant.certificate_file, folder / "server.key"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    for file in folder.iterdir():
        if file != tenant.secret_file:
            assert secret not in file.read_text("utf-8", "replace")


def test_a_tenant_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no_such_key"):
        world.up(tmp_path, {"no_such_key": 1}, [])
    with pytest.raises(LabError, match="no tenant runs"):
        world.status(tmp_path)


def test_a_tenant_that_went_down_left_no_process(tmp_path: Path) -> None:
    world.up(tmp_path, {}, [])
    pid = int((tmp_path / "graph.pid").read_text())

    world.down(tmp_path)
    world.down(tmp_path)

    process = Path(f"/proc/{pid}/cmdline")
    assert not process.exists() or process.read_bytes() == b""  # ended, and ours to be buried
