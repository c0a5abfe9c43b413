"""A tenant with a mailbox, over HTTPS."""

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graph_contract import Contract, description_file

from rollout.adapters.graph.mail import GraphMailer
from rollout.lab.graph import world
from rollout.settings.accounts import Tenant

SENDER, OWNER = "dx@pref.example.jp", "000001@pref.example.jp"
PEOPLE = [
    {"userPrincipalName": name, "displayName": name, "usageLocation": "JP", "licences": ["SPE_E3"]}
    for name in (SENDER, OWNER)
]


class Post:
    """A tenant with a mailbox, and ours to it."""

    def __init__(self, folder: Path, roles: tuple[str, ...], sender: str = SENDER) -> None:
        self.folder = folder
        self.tenant = world.up(folder, {"users": PEOPLE}, roles)
        self.mailer = GraphMailer(
            Tenant(
                tenant_id=self.tenant.tenant_id,
                client_id=self.tenant.client_id,
                credential="secret",
                secret_file=self.tenant.secret_file,
                login_url=self.tenant.origin,
                graph_url=self.tenant.graph_url,
                ca_file=self.tenant.ca_file,
            ),
            sender,
            per_minute=None,
        )
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=self.tenant.ca_file),
            base_url=f"{self.tenant.origin}/control",
        )

    def control(self, path: str, **values: Any) -> None:
        self._http.post(path, json=values).raise_for_status()

    def sent(self) -> list[str]:
        rows = self._http.get("/dump").json()["sentMail"]
        return [row["message"]["subject"] for row in rows]

    def close(self) -> None:
        self.mailer.close()
        self._http.close()
        world.down(self.folder)
        file = description_file()
        if file is not None:
            lines = self.tenant.requests.read_text(encoding="utf-8").splitlines()
            assert Contract(file).findings(map(json.loads, lines)) == []


@pytest.fixture
def post_with(tmp_path: Path) -> Iterator[Callable[..., Post]]:
    made: list[Post] = []

    def make(*roles: str, sender: str = SENDER) -> Post:
        folder = tmp_path / f"tenant-{len(made)}"
        made.append(Post(folder, roles or ("Mail.Send", "Mail.Read"), sender))
        return made[-1]

    yield make
    for one in made:
        one.close()
