"""Sending single requests with a token, to one host only."""

import base64
import gc
import json
import logging
import os
import ssl
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rollout.adapters.graph.permitted import must_be_permitted
from rollout.application.accounts.directory import DirectoryAway
from rollout.i18n import _
from rollout.i18n.system_errors import why
from rollout.settings.accounts import Tenant

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from kiota_abstractions.request_information import RequestInformation

SECRET_VARIABLE = "ROLLOUT_GRAPH_SECRET"  # noqa: S105 - its name
_SECONDS = 60.0
_FIRST_REDIRECTION, _FIRST_ERROR = 300, 400
# The kit's own logs name whole URLs and, when asked to, headers.
for _name in ("azure", "httpx", "httpcore", "msal"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# It warns of each sign-in that failed, which whoever asked is told in our words.
logging.getLogger("azure.identity").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `body` is parsed JSON or None."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def request_id(self) -> str | None:
        """What the vendor's support asks for."""
        return self.headers.get("request-id")


class NoReply(Exception):
    """The connection broke, nothing came in time, or what came is not from the service: whether it
    was done is not known."""


class Transport:
    """One tenant's Graph. Lives on one event loop."""

    def __init__(self, tenant: Tenant) -> None:
        import httpx
        from kiota_authentication_azure.azure_identity_authentication_provider import (
            AzureIdentityAuthenticationProvider,
        )
        from msgraph.graph_request_adapter import GraphRequestAdapter

        host = urlsplit(tenant.graph).hostname or ""
        self._base = tenant.graph
        self._scope = _scope(tenant)
        self._credential = credential(tenant)
        provider = AzureIdentityAuthenticationProvider(
            self._credential,
            scopes=[self._scope],
            # An empty list would send the token to any host that an answer names.
            allowed_hosts=[host],
        )
        # No middleware: it would repeat a POST after 503 and follow redirects elsewhere.
        self._http = httpx.AsyncClient(
            verify=_trust(tenant),
            timeout=_SECONDS,
            limits=httpx.Limits(max_connections=tenant.requests_at_once + 2),
        )
        self._adapter = GraphRequestAdapter(provider, client=self._http)
        self._adapter.base_url = self._base
        _leave_out_of_collections()

    async def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request; `path` begins after the version, or is a link that the service gave.

        Raises NoReply, DirectoryAway (no token), Forbidden before anything is sent.
        """
        import httpx
        from azure.core.exceptions import AzureError

        must_be_permitted(method, path, body)
        try:
            answer: Any = await self._adapter.send_primitive_async(
                _request(method, self._url(path), body, headers or {}), "bytes", None
            )
        except AzureError as error:
            raise _no_token(error) from None
        except httpx.ConnectError as error:
            raise _out_of_reach(error) from None
        except httpx.HTTPError as error:
            raise NoReply(f"{type(error).__name__}: {error}") from error
        return _reply(answer)

    async def roles(self) -> frozenset[str]:
        """The application's roles, as its token names them. Raises DirectoryAway."""
        from azure.core.exceptions import AzureError

        try:
            token = await self._credential.get_token(self._scope)
        except AzureError as error:
            raise _no_token(error) from None
        # Read, not verified: the directory verifies it with every request.
        payload = token.token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return frozenset(claims.get("roles", ()))

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()
        await self._credential.close()

    def _url(self, path: str) -> str:
        if path.startswith("/"):
            return self._base + path
        if not path.startswith(f"{self._base}/"):
            raise DirectoryAway(
                _("an answer of the directory leads elsewhere: {link}").format(link=path)
            )
        return path


@cache
def _leave_out_of_collections() -> None:
    """What is loaded by now stays, once and for all.

    The kit is 100,000s of objects, and each search for cycles would walk all of them again: a third
    of the time of a big `accounts apply`.
    """
    gc.collect()
    gc.freeze()


def _reply(answer: Any) -> Reply:
    """What the service answered. Raises NoReply.

    A proxy or a gate of the network answers in its place with a page of its own, or leads to one:
    the service redirects nobody, and all that it answers with success is JSON or empty.
    """
    status: int = answer.status_code
    try:
        parsed = answer.json() if answer.content else None
    except ValueError:
        parsed = None
        if status < _FIRST_ERROR:
            raise NoReply(f"HTTP {status} with something else than JSON") from None
    if _FIRST_REDIRECTION <= status < _FIRST_ERROR:
        raise NoReply(f"HTTP {status}, which leads elsewhere")
    return Reply(status, {k.lower(): v for k, v in answer.headers.items()}, parsed)


def _no_token(error: Exception) -> DirectoryAway:
    """Only the first line of what the vendor's kit says: below it is the answer, with its secrets.

    Raised for whatever goes wrong on the way to a token: it is asked for again later.
    """
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    if isinstance(error, ServiceRequestError | ServiceResponseError):
        return _out_of_reach(error)
    return DirectoryAway(
        _(
            "the directory gives no token: {why}. See [accounts.tenant], and whether "
            "the secret or certificate has run out"
        ).format(why=_first_line(error))
    )


def _out_of_reach(error: Exception) -> DirectoryAway:
    return DirectoryAway(_("the directory cannot be reached: {why}").format(why=_first_line(error)))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _request(method: str, url: str, body: Any, headers: dict[str, str]) -> "RequestInformation":
    from kiota_abstractions.method import Method
    from kiota_abstractions.native_response_handler import NativeResponseHandler
    from kiota_abstractions.request_information import RequestInformation
    from kiota_http.middleware.options import ResponseHandlerOption

    request = RequestInformation()
    request.http_method = Method[method]
    request.url = url
    request.headers.try_add("Accept", "application/json")
    for name, value in headers.items():
        request.headers.try_add(name, value)
    if body is not None:
        request.set_stream_content(json.dumps(body).encode(), "application/json")
    request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
    return request


def _scope(tenant: Tenant) -> str:
    parts = urlsplit(tenant.canonical_graph)
    return f"{parts.scheme}://{parts.netloc}/.default"


def _trust(tenant: Tenant) -> ssl.SSLContext:
    trust = ssl.create_default_context()
    if tenant.ca_file is not None:
        try:
            trust.load_verify_locations(tenant.ca_file)
        except OSError as error:  # also of TLS, when it is no certificate
            raise DirectoryAway(
                _("ca_file {file} cannot be used: {why}").format(
                    file=tenant.ca_file, why=why(error)
                )
            ) from None
    return trust


def credential(tenant: Tenant) -> "AsyncTokenCredential":
    """How the product signs in. Raises DirectoryAway when what it needs is not there."""
    from azure.identity.aio import (
        CertificateCredential,
        ClientSecretCredential,
        ManagedIdentityCredential,
    )

    if tenant.credential == "managed-identity":
        return ManagedIdentityCredential(client_id=tenant.client_id or None)
    common: dict[str, Any] = {"authority": tenant.login}
    if tenant.login_url:
        # Another authority is not among those that the vendor's discovery knows.
        common["disable_instance_discovery"] = True
    if tenant.ca_file is not None:
        common["connection_verify"] = str(tenant.ca_file)
    if tenant.credential == "certificate":
        file = tenant.certificate_file
        if file is None or not file.is_file():
            raise DirectoryAway(
                _("certificate_file {file} is not there: see [accounts.tenant]").format(file=file)
            )
        return CertificateCredential(
            tenant.tenant_id, tenant.client_id, certificate_path=str(file), **common
        )
    return ClientSecretCredential(tenant.tenant_id, tenant.client_id, _secret(tenant), **common)


def _secret(tenant: Tenant) -> str:
    given = os.environ.get(SECRET_VARIABLE)
    if given:
        return given
    file = tenant.secret_file
    if file is None:
        raise DirectoryAway(
            _("no client secret: name secret_file under [accounts.tenant], or set {name}").format(
                name=SECRET_VARIABLE
            )
        )
    try:
        if file.stat().st_mode & 0o077:
            raise DirectoryAway(
                _("{file} can be read by others: chmod 600 {file}").format(file=file)
            )
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DirectoryAway(
            _("secret_file {file} cannot be read: {why}").format(file=file, why=why(error))
        ) from None
