"""The part of the configuration that keeps the service in order: nights, copies, watching."""

from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from rollout.settings.planning import Section


def _time(value: Any) -> Any:
    """Refuse what is no time of day; kept as it was written."""
    if isinstance(value, str):
        try:
            time.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no time of day: write one such as 02:30") from None
    return value


def _network(value: Any) -> Any:
    if isinstance(value, str):
        try:
            ip_network(value)
        except ValueError as error:
            raise ValueError(f"{error}: write an address or 10.1.2.0/24") from None
    return value


class Nightly(Section):
    """`[nightly]`: what the daemon does once a day: backup, removal of old run folders, the
    forecast, the export."""

    at: Annotated[str, BeforeValidator(_time)] = "02:30"
    """When, in the programme's time zone; made up for when no daemon ran at that time."""

    @property
    def time_of_day(self) -> time:
        """The same as a time."""
        return time.fromisoformat(self.at)


class Backup(Section):
    """`[backup]`: the nightly copies of the database."""

    folder: Path = Path("state/backups")
    """Where they go, owner-only. Another disk, or a folder that is itself copied elsewhere, also
    helps when this disk is lost."""
    keep: Annotated[int, Field(ge=1)] = 14
    """So many nightly copies are kept; those made by hand are never removed."""
    warn_hours: Annotated[float, Field(gt=0)] = 26
    """`doctor` warns when the last good one is older."""


class PersonalData(Section):
    """`[personal_data]`"""

    keep_days: Annotated[int, Field(ge=0)] = 365
    """Days after which somebody who left, or whose machines all went back, may be forgotten."""


class Monitoring(Section):
    """`[monitoring]`: `/healthz`, `/readyz` and `/metrics` for Prometheus and its like."""

    host: str = "127.0.0.1"
    """Address of the port below."""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """A port of their own; none named: they are answered on the port of `[service]`."""
    allow: tuple[Annotated[str, BeforeValidator(_network)], ...] = ("127.0.0.0/8", "::1")
    """Addresses and networks that are answered; everybody else gets 403. Behind a proxy on this
    computer every PC comes from a loopback address: name a port of their own there."""
