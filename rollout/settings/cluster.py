"""The part of the configuration for several computers: who runs Ansible, and TLS to the server."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import Field

from rollout.settings.planning import Section


class Cluster(Section):
    """`[cluster]`: Ansible on other computers than the daemon's; needs PostgreSQL and the extra
    `cluster`."""

    engine: Literal["local", "procrastinate"] = "local"
    """`local`: the daemon runs Ansible itself. `procrastinate`: workers (`rollout worker`) do, on
    any computer; each site has a queue."""
    worker_seconds: Annotated[float, Field(ge=3)] = 60
    """A worker whose sign of life has not moved for so long is taken for lost and its runs are
    settled. What it runs ends by itself after half of that without a sign."""
    wait_seconds: Annotated[float, Field(gt=0)] = 60
    """A run that no worker has taken for so long is stood down; its machines wait anew."""
    tls_mode: Literal["prefer", "require", "verify-ca", "verify-full"] | None = None
    """How the connection to PostgreSQL is protected; `verify-full` proves that it is the right
    server. Without it what `database_url` says holds."""
    tls_ca: Path | None = None
    """PEM file of the authority that signed the server's certificate."""
    tls_certificate: Path | None = None
    """PEM file of this computer's own certificate, where the server asks for one."""
    tls_key: Path | None = None
    """PEM file of its key, owner-only."""

    def protected(self, url: str) -> str:
        """The address with what the TLS settings say of the connection."""
        wanted = {
            "sslmode": self.tls_mode,
            "sslrootcert": self.tls_ca,
            "sslcert": self.tls_certificate,
            "sslkey": self.tls_key,
        }
        given = {name: str(value) for name, value in wanted.items() if value is not None}
        if not given:
            return url
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True)) | given
        return urlunsplit(parts._replace(query=urlencode(query)))
