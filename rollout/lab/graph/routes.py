"""Which call is answered by which function, and with which application roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rollout.lab.graph.requests import GraphRequest, GraphResponse

if TYPE_CHECKING:
    from rollout.lab.graph.tenant import Tenant

Handler = Callable[["Tenant", GraphRequest, dict[str, str]], GraphResponse]

#: Application roles of which one suffices; tuples in the order of least privilege.
USERS_READ = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All")
USERS_WRITE = ("User.ReadWrite.All", "Directory.ReadWrite.All")
USERS_CREATE = ("User.Create", *USERS_WRITE)


@dataclass(frozen=True)
class Route:
    """A call: how it is counted against the quotas, and what it costs there."""

    method: str
    template: str
    pattern: re.Pattern[str]
    roles: tuple[str, ...]
    quota: str
    units: float
    answer: Handler

    @property
    def writes(self) -> bool:
        """Whether a lost answer leaves doubt."""
        return self.method != "GET"


class RouteTable:
    """The calls of one module."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def add(
        self,
        method: str,
        template: str,
        *,
        roles: tuple[str, ...],
        quota: str = "",
        units: float = 1,
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function for `METHOD /template/{name}`."""
        kind = quota or ("directory-read" if method == "GET" else "directory-write")
        pattern = re.compile(
            "".join(
                f"(?P<{part[1:-1]}>[^/']+)" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{\w+\})", template)
            )
            + r"\Z"
        )

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(method, template, pattern, roles, kind, units, handler))
            return handler

        return register


def find(
    tables: Iterable[RouteTable], method: str, path: str
) -> tuple[Route | None, dict[str, str], bool]:
    """The route with its path values, and whether the path is known with another method."""
    other = False
    for table in tables:
        for route in table.routes:
            match = route.pattern.match(path)
            if match is None:
                continue
            if route.method == method:
                values = {name: unquote(text) for name, text in match.groupdict().items()}
                return route, values, True
            other = True
    return None, {}, other
