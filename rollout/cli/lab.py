"""`rollout lab`"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli import lab_tenant
from rollout.cli.invocation import AsJson, invocation
from rollout.cli.output import print_json, print_table, say
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.lab.world import LabStatus

app = typer.Typer(
    name="lab", help=_("Simulated PCs over real SSH, to rehearse on."), no_args_is_help=True
)

app.add_typer(lab_tenant.app)

Folder = Annotated[Path, typer.Option("--folder", help=_("where the lab keeps its PCs"))]
FOLDER = Path("state/lab")


@app.command(help=_("Start lab PCs for machines of the ledger."))
def up(
    context: typer.Context,
    machines: Annotated[
        int, typer.Option("--machines", min=1, help=_("how many, in order of wave and tag"))
    ] = 20,
    sshd: Annotated[
        bool, typer.Option("--sshd", help=_("one OpenSSH server per PC, not one process for all"))
    ] = False,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", help=_("file of faults, by computer name or tag"))
    ] = None,
    folder: Folder = FOLDER,
) -> None:
    from rollout.application import machines as fleet
    from rollout.domain.errors import RolloutError
    from rollout.lab import faults, world
    from rollout.lab.pcs import LabPc

    application = invocation(context).application()
    known = fleet.addressable(application.database, machines)
    if not known:
        raise RolloutError(_("no machine in the database: `rollout import ledger FILE` first"))
    status = world.up(
        folder.absolute(),
        [
            LabPc(
                computer_name=machine.computer_name or "",
                asset_tag=machine.asset_tag,
                serial=machine.serial or "",
                mac=machine.mac or "",
                generation=machine.generation,
            )
            for machine in known
        ],
        service_url=application.settings.service.address,
        mode="sshd" if sshd else "asyncssh",
    )
    if scenario is not None:
        faults.apply_scenario(folder.absolute(), faults.load_scenario(scenario))
    say(_("{count} lab {count:PC answers|PCs answer} over SSH").format(count=len(status.pcs)))
    if application.settings.ansible.group_vars != folder.absolute() / "group_vars":
        say(
            _(
                "to use them, set in rollout.toml: [ansible] group_vars = {group_vars!r}, "
                "collections = [{collections!r}]"
            ).format(
                group_vars=str(folder.absolute() / "group_vars"),
                collections=str(Path(world.__file__).parent / "collections"),
            )
        )


@app.command(help=_("Let something go wrong on a lab PC: NAME=VALUE, such as fails_at=capture."))
def fault(
    computer: Annotated[str, typer.Argument(metavar="COMPUTER")],
    what: Annotated[list[str], typer.Argument(metavar="NAME[=VALUE]...")],
    folder: Folder = FOLDER,
) -> None:
    from rollout.lab import faults

    values = dict(_fault_value(item) for item in what)
    faults.set_fault(folder.absolute(), computer, **values)
    say(f"{computer}: {', '.join(what)}")


def _fault_value(text: str) -> tuple[str, bool | float | str]:
    name, equals, value = text.partition("=")
    if not equals:
        return name, True
    if value.isdigit():
        return name, int(value)
    return name, float(value) if value.replace(".", "", 1).isdigit() else value


@app.command(help=_("Mend a lab PC: everything on it works again."))
def mend(
    computer: Annotated[str, typer.Argument(metavar="COMPUTER")], folder: Folder = FOLDER
) -> None:
    from rollout.lab import faults

    faults.clear_fault(folder.absolute(), computer)
    say(_("{computer}: mended").format(computer=computer))


@app.command(help=_("Stop the lab PCs; their disks stay."))
def down(folder: Folder = FOLDER) -> None:
    from rollout.lab import world

    world.down(folder.absolute())
    say(_("the lab is down"))


@app.command(help=_("The lab PCs as they stand."))
def status(folder: Folder = FOLDER, as_json: AsJson = False) -> None:
    from rollout.lab import world

    found = world.status(folder.absolute())
    if as_json:
        print_json(_as_json(found))
        return
    say(_("running, process {pid}").format(pid=found.pid) if found.running else _("down"))
    print_table(
        [
            _("computer"),
            _("asset tag"),
            _("port"),
            _("on"),
            _("image"),
            _("rewritten"),
            _("faults"),
        ],
        [
            [
                pc.name,
                pc.asset_tag,
                pc.port,
                _("yes") if pc.powered else _("no"),
                pc.image_id,
                pc.wipes,
                ", ".join(f"{name}={value}" for name, value in pc.faults.items()),
            ]
            for pc in found.pcs
        ],
    )


@app.command(help=_("One lab PC: what it is, what it carries, what happened to it."))
def show(
    name: Annotated[str, typer.Argument(metavar="TAG", help=_("asset tag or computer name"))],
    folder: Folder = FOLDER,
    as_json: AsJson = False,
) -> None:
    from dataclasses import asdict

    from rollout.lab.portrait import portrait

    found = portrait(folder.absolute(), name)
    if as_json:
        print_json(asdict(found))
        return
    from rich.console import Console

    from rollout.cli.lab_picture import picture

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 100
    console.print(picture(found, console.width))


class Act(StrEnum):
    """What a user does at a PC."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    CHOOSE_PIN = "choose-pin"
    TYPE_PIN = "type-pin"


@app.command(help=_("Do at a lab PC what only its user can do."))
def user(
    computer: Annotated[str, typer.Argument(metavar="COMPUTER")],
    act: Annotated[Act, typer.Argument()],
    folder: Folder = FOLDER,
) -> None:
    from rollout.lab import user_acts

    done = {
        Act.SIGN_IN: user_acts.sign_in,
        Act.SIGN_OUT: user_acts.sign_out,
        Act.CHOOSE_PIN: user_acts.choose_pin,
        Act.TYPE_PIN: user_acts.type_pin,
    }
    done[act](folder.absolute(), computer)
    say(f"{computer}: {act}")


def _as_json(found: "LabStatus") -> dict[str, object]:
    return {
        "running": found.running,
        "pid": found.pid,
        "mode": found.mode,
        "service_url": found.service_url,
        "pcs": [
            {
                "computer_name": pc.name,
                "asset_tag": pc.asset_tag,
                "port": pc.port,
                "powered": pc.powered,
                "image_id": pc.image_id,
                "boot_id": pc.boot_id,
                "faults": pc.faults,
                "wipes": pc.wipes,
            }
            for pc in found.pcs
        ],
    }
