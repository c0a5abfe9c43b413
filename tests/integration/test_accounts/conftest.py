"""A prefecture's people, a tenant over HTTPS, and the product between them."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import databases
import httpx
import pytest

from rollout.adapters.clock import SystemClock
from rollout.bootstrap import Application
from rollout.lab.graph import world
from rollout.settings import load
from rollout.store.database import Database
from rollout.store.history import verify
from rollout.store.tables import Department, Person

Json = dict[str, Any]

ROLES = (
    "User.ReadWrite.All",
    "Group.ReadWrite.All",
    "LicenseAssignment.ReadWrite.All",
    "MailboxSettings.ReadWrite",
    "Organization.Read.All",
    "TeamMember.ReadWrite.All",
    "Application.Read.All",
    "AppRoleAssignment.ReadWrite.All",
    "Synchronization.ReadWrite.All",
)
"""Least privilege for everything that these tests switch on."""

CONFIGURATION = """
[programme]
start = 2022-11-01
cutover = 2023-05-01
[accounts]
identity = "{identity}"
secrets_file = "first-passwords.tsv"
{accounts}
[accounts.tenant]
tenant_id = "{tenant.tenant_id}"
client_id = "{tenant.client_id}"
credential = "secret"
secret_file = "{tenant.secret_file}"
login_url = "{tenant.origin}"
graph_url = "{tenant.graph_url}"
ca_file = "{tenant.ca_file}"
"""


class Prefecture:
    """People in a database of their own, and their tenant."""

    def __init__(
        self, root: Path, scenario: Json, accounts: str, identity: str, roles: Sequence[str]
    ) -> None:
        self.root = root
        self.tenant = world.up(root / "tenant", scenario, roles)
        self.configuration = root / "rollout.toml"
        text = CONFIGURATION.format(accounts=accounts, identity=identity, tenant=self.tenant)
        if databases.POSTGRESQL:
            text = f'database_url = "{databases.url(root / "rollout.db")}"\n{text}'
        self.configuration.write_text(text, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ROLLOUT_CONFIG", str(self.configuration))
            settings = load()
        self.app = Application(settings, Database(settings.database_url), SystemClock())
        databases.set_up(self.app.database)
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=self.tenant.ca_file),
            base_url=f"{self.tenant.origin}/control",
            timeout=60,
        )

    def employ(self, count: int, departments: int = 1) -> None:
        """So many people, dealt out to departments."""
        with self.app.database.write() as session:
            places = [
                Department(bureau=f"第{number}部", division="課", valid_from=date(2022, 4, 1))
                for number in range(1, departments + 1)
            ]
            session.add_all(places)
            session.flush()
            session.add_all(
                Person(
                    staff_number=f"{number:06d}",
                    name=f"職員 {number}",
                    department_id=places[number % departments].id,
                )
                for number in range(1, count + 1)
            )

    def control(self, path: str, values: Json) -> Json:
        """Tell the tenant something."""
        answer = self._http.post(path, json=values)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def dump(self) -> Json:
        """What the tenant holds."""
        return dict(self._http.get("/dump").json())

    def chain_holds(self) -> bool:
        """Whether the history verifies."""
        with self.app.database.read() as session:
            return verify(session).holds

    def close(self) -> None:
        """End the tenant."""
        self._http.close()
        with self.app.directory_closed():
            self.app.database.close()
        world.down(self.root / "tenant")


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Callable[..., Prefecture]]:
    """Makes prefectures; the tenant's scenario as keywords, `accounts` more of the settings."""
    made: list[Prefecture] = []

    def make(
        accounts: str = "",
        *,
        identity: str = "cloud",
        roles: Sequence[str] = ROLES,
        **scenario: Any,
    ) -> Prefecture:
        root = tmp_path / f"prefecture-{len(made)}"
        root.mkdir()
        made.append(Prefecture(root, scenario, accounts, identity, roles))
        return made[-1]

    yield make
    for prefecture in made:
        prefecture.close()
