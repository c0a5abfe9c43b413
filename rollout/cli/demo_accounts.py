"""The part of the demo in which people get their accounts, in a tenant of the lab."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.cli.demo import DemoWorld

SEATS = 40
FOLDER = "tenant"
"""Of the tenant's files, in the demo's folder."""

# As the real service, only faster: what is new is not found at once, mailboxes and teams come
# later, and some answers are lost after the deed or refused for haste.
BEHAVIOUR = {
    "replication_seconds": 1,
    "mailbox_seconds": 3,
    "team_seconds": 2,
    "team_building_seconds": 2,
    "lost_answer_share": 0.05,
    "throttled_share": 0.05,
    "retry_after_seconds": 1,
}

CONFIGURATION = """
[accounts]
identity = "cloud"
secrets_file = "state/first-passwords.txt"

[accounts.tenant]
tenant_id = "{tenant_id}"
client_id = "{client_id}"
credential = "certificate"
certificate_file = "{certificate_file}"
login_url = "{origin}"
graph_url = "{graph_url}"
ca_file = "{ca_file}"
"""


def bring_people(world: "DemoWorld", people: Path) -> None:
    """The list of people, and a tenant for them."""
    from rollout.lab.graph import world as tenants

    shutil.copyfile(people, world.folder / "people.csv")
    world.rollout("import", "people", "people.csv")
    scenario = world.folder / "tenant-scenario.json"
    scenario.write_text(json.dumps({"behaviour": BEHAVIOUR}), encoding="utf-8")
    world.rollout(
        "lab", "tenant", "up", "--seats", str(SEATS),
        "--scenario", scenario.name, "--folder", FOLDER,
    )  # fmt: skip
    reached = tenants.status(world.folder / FOLDER)
    with (world.folder / "rollout.toml").open("a", encoding="utf-8") as configuration:
        configuration.write(
            CONFIGURATION.format(
                tenant_id=reached.tenant_id,
                client_id=reached.client_id,
                certificate_file=reached.certificate_file.as_posix(),
                origin=reached.origin,
                graph_url=reached.graph_url,
                ca_file=reached.ca_file.as_posix(),
            )
        )


def provide(world: "DemoWorld") -> None:
    """What the people of the pilot get before their PCs are touched."""
    world.heading(_("Mail, groupware and chat for the people of the pilot"))
    world.rollout("accounts", "plan", "--wave", "1")
    world.rollout("accounts", "apply", "--yes")
    world.rollout("accounts", "status")


def tenant_down(folder: Path) -> None:
    """Leave no tenant behind, however the demo ended."""
    from rollout.lab.graph import world as tenants

    if (folder / FOLDER).exists():
        tenants.down(folder / FOLDER)
