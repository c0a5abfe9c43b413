"""A tenant of the lab, started by the command and written into rollout.toml as that says."""

import json
import ssl
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from rollout.lab.graph import world
from tests.acceptance.conftest import Terminal


class Tenant:
    """The tenant's own side: its people, and what phones do there."""

    def __init__(self, printed: str) -> None:
        reached = tomllib.loads(printed)["accounts"]["tenant"]
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=reached["ca_file"]),
            base_url=f"{reached['login_url']}/control",
        )

    def dump(self) -> dict[str, Any]:
        return dict(self._http.get("/dump").json())

    def tell(self, path: str, values: object) -> None:
        assert self._http.post(path, json=values).status_code == 200

    def close(self) -> None:
        self._http.close()


@contextmanager
def tenant_of(terminal: Terminal, scenario: Mapping[str, Any], settings: str) -> Iterator[Tenant]:
    """The same, with `settings` switched on as well."""
    (terminal.folder / "people.json").write_text(json.dumps(scenario), encoding="utf-8")
    said = terminal.rollout("lab", "tenant", "up", "--scenario", "people.json")
    assert said.code == 0, said.err
    printed = said.out.partition("\n\n")[2]
    with (terminal.folder / "rollout.toml").open("a", encoding="utf-8") as file:
        file.write(printed + settings)
    opened = Tenant(printed)
    try:
        yield opened
    finally:
        opened.close()
        world.down(terminal.folder / "state" / "tenant")
