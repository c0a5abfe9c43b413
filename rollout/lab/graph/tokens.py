"""The token endpoint: client credentials with a secret or a certificate, for Graph only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from rollout.lab.graph.clock import TenantClock
from rollout.lab.graph.errors import GraphError
from rollout.lab.graph.requests import Caller

Json = dict[str, Any]

SCOPE = "https://graph.microsoft.com/.default"
AUDIENCE = "https://graph.microsoft.com"
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LEEWAY = 300
"""Seconds that a client's clock may be off."""


@dataclass(frozen=True)
class Application:
    """A registered application: what it may do and how it proves itself."""

    client_id: str
    roles: frozenset[str]
    secret_sha256: str | None = None
    certificate: bytes | None = None
    """PEM."""


@dataclass(frozen=True)
class TokenRefused(Exception):
    """OAuth's error with Entra's code inside."""

    error: str
    code: int
    message: str
    status: int = 401

    def body(self, date: str) -> Json:
        """As the endpoint writes it."""
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self.message}",
            "error_codes": [self.code],
            "timestamp": date,
        }


@dataclass
class TokenOffice:
    """Gives tokens and reads them again."""

    tenant_id: str
    authority: str
    """`https://host:port/tenant`."""
    clock: TenantClock
    applications: dict[str, Application] = field(default_factory=dict)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def configuration(self) -> Json:
        """OpenID discovery, as far as a client of this grant reads it."""
        return {
            "token_endpoint": f"{self.authority}/oauth2/v2.0/token",
            "authorization_endpoint": f"{self.authority}/oauth2/v2.0/authorize",
            "issuer": f"{self.authority}/v2.0",
            "jwks_uri": f"{self.authority}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def give(self, form: dict[str, str], token_seconds: int) -> Json:
        """An access token. Raises TokenRefused."""
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused(
                "unsupported_grant_type", 70003, "The app requested an unsupported grant type."
            )
        if form.get("scope") != SCOPE:
            raise TokenRefused(
                "invalid_scope",
                1002012,
                f"The provided value for scope {form.get('scope')} is not valid. Client "
                "credential flows must have a scope value with /.default suffixed.",
                400,
            )
        application = self.applications.get(form.get("client_id", ""))
        if application is None:
            raise TokenRefused(
                "unauthorized_client",
                700016,
                f"Application with identifier '{form.get('client_id')}' was not found in the "
                f"directory '{self.tenant_id}'.",
                400,
            )
        self._prove(application, form)
        now = int(self.clock.now().timestamp())
        claims = {
            "aud": AUDIENCE,
            "iss": f"{self.authority}/v2.0",
            "tid": self.tenant_id,
            "appid": application.client_id,
            "roles": sorted(application.roles),
            "iat": now,
            "exp": now + token_seconds,
        }
        return {
            "token_type": "Bearer",
            "expires_in": token_seconds,
            "ext_expires_in": token_seconds,
            "access_token": jwt.encode(claims, self._key, algorithm="HS256"),
        }

    def caller(self, authorization: str) -> Caller:
        """Who sends this token. Raises GraphError 401."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorised("Access token is empty.")
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as error:
            raise _unauthorised(f"CompactToken parsing failed: {error}.") from None
        if claims["exp"] <= self.clock.now().timestamp():
            raise _unauthorised("Lifetime validation failed, the token is expired.")
        # The application's roles of this moment: taking one away need not wait for the token.
        application = self.applications[claims["appid"]]
        return Caller(application.client_id, application.roles)

    def _prove(self, application: Application, form: dict[str, str]) -> None:
        secret, assertion = form.get("client_secret"), form.get("client_assertion")
        if secret is not None:
            found = hashlib.sha256(secret.encode()).hexdigest()
            known = application.secret_sha256
            if known is None or not hmac.compare_digest(found, known):
                raise TokenRefused(
                    "invalid_client",
                    7000215,
                    "Invalid client secret provided. Ensure the secret being sent in the request "
                    "is the client secret value, not the client secret ID.",
                )
        elif assertion is not None and form.get("client_assertion_type") == _JWT_BEARER:
            self._check_assertion(application, assertion)
        else:
            raise TokenRefused(
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or "
                "'client_secret'.",
            )

    def _check_assertion(self, application: Application, assertion: str) -> None:
        wrong = "Client assertion failed signature validation."
        if application.certificate is None:
            raise TokenRefused("invalid_client", 700027, wrong)
        certificate = x509.load_pem_x509_certificate(application.certificate)
        try:
            header = jwt.get_unverified_header(assertion)
            named = {
                "x5t": _thumbprint(certificate, hashes.SHA1()),  # noqa: S303 - names, not protects
                "x5t#S256": _thumbprint(certificate, hashes.SHA256()),
            }
            if not any(
                str(header.get(name, "")).rstrip("=") == value for name, value in named.items()
            ):
                raise TokenRefused("invalid_client", 700027, f"{wrong} [Key was not found]")
            public = certificate.public_key()
            claims = jwt.decode(
                assertion,
                public,  # type: ignore[arg-type]  # the lab makes RSA certificates only
                algorithms=["RS256", "PS256"],
                audience=f"{self.authority}/oauth2/v2.0/token",
                issuer=application.client_id,
                options={
                    "require": ["exp", "sub", "jti"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError:
            raise TokenRefused(
                "invalid_client", 700023, "Client assertion audience claim does not match."
            ) from None
        except jwt.InvalidTokenError as error:
            raise TokenRefused("invalid_client", 700027, f"{wrong} [{error}]") from None
        now = self.clock.now().timestamp()
        if claims["sub"] != application.client_id or claims["exp"] < now - _LEEWAY:
            raise TokenRefused(
                "invalid_client", 700024, "Client assertion is not within its valid time range."
            )


def _thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    digest = certificate.fingerprint(algorithm)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _unauthorised(message: str) -> GraphError:
    return GraphError(401, "InvalidAuthenticationToken", message)
