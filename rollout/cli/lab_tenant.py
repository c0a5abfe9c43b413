"""`rollout lab tenant`"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rollout.cli.output import say
from rollout.i18n import _
from rollout.i18n.system_errors import why

if TYPE_CHECKING:
    from rollout.lab.graph.world import TenantStatus

app = typer.Typer(
    name="tenant",
    help=_("A Microsoft 365 tenant of the lab, to rehearse accounts on."),
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Option("--folder", help=_("where the tenant keeps its files"))]
FOLDER = Path("state/tenant")

ROLES = (
    "AppRoleAssignment.ReadWrite.All",
    "Application.Read.All",
    "AuditLog.Read.All",
    "Device.Read.All",
    "DeviceManagementApps.ReadWrite.All",
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementServiceConfig.Read.All",
    "Group.ReadWrite.All",
    "LicenseAssignment.ReadWrite.All",
    "Mail.Read",
    "Mail.Send",
    "MailboxSettings.ReadWrite",
    "Organization.Read.All",
    "Synchronization.ReadWrite.All",
    "TeamMember.ReadWrite.All",
    "User.ReadWrite.All",
)


@app.command(help=_("Start it, and print what rollout.toml needs to reach it."))
def up(
    seats: Annotated[int, typer.Option(min=0, help=_("licences that were bought"))] = 100,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", help=_("JSON file: people, products, groups, behaviour")),
    ] = None,
    folder: Folder = FOLDER,
) -> None:
    import json

    from rollout.lab.errors import LabError
    from rollout.lab.graph import seed, world

    planted: dict[str, Any] = {"skus": [seed.OFFICE | {"enabled": seats}]}
    if scenario is not None:
        try:
            planted |= json.loads(scenario.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            said = why(error) if isinstance(error, OSError) else error
            raise LabError(
                _("scenario {file} cannot be read: {why}").format(file=scenario, why=said)
            ) from None
    _show(world.up(folder.absolute(), planted, ROLES))


@app.command(help=_("How it is reached."))
def status(folder: Folder = FOLDER) -> None:
    from rollout.lab.graph import world

    _show(world.status(folder.absolute()))


@app.command(help=_("Stop it; everything in it is forgotten."))
def down(folder: Folder = FOLDER) -> None:
    from rollout.lab.graph import world

    world.down(folder.absolute())
    say(_("the tenant is down"))


def _show(found: "TenantStatus") -> None:
    say(_("the tenant answers; rollout.toml reaches it with:"))
    say("")
    for name, value in (
        ("tenant_id", found.tenant_id),
        ("client_id", found.client_id),
        ("credential", "certificate"),
        ("certificate_file", found.certificate_file),
        ("login_url", found.origin),
        ("graph_url", found.graph_url),
        ("ca_file", found.ca_file),
    ):
        if name == "tenant_id":
            say("[accounts.tenant]")
        say(f'{name} = "{value}"')
