"""`rollout demo`: the main job on the embedded default, by the commands that a user would type."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rollout.cli import demo_accounts, demo_fast, demo_look, demo_takehome
from rollout.cli.demo_fast import MARK
from rollout.cli.output import say
from rollout.domain.errors import RolloutError
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.store.machines import Joined

STARTS = datetime.fromisoformat("2022-11-01T09:00:00+09:00")
"""The programme's clock at the beginning of the demo: the first working day."""

PLANNER, APPROVER = "sato", "suzuki"


class DemoFailed(RolloutError):
    """A command of the demo did not do what it has to do."""


def demo(
    out: Annotated[Path, typer.Option("--out", help=_("folder for workspace and exports"))] = Path(
        "out"
    ),
    fast: Annotated[
        bool, typer.Option("--fast", help=_("a whole programme in simulated time, without lab PCs"))
    ] = False,
    machines: Annotated[
        int, typer.Option("--machines", min=15, help=_("PCs of the simulated programme"))
    ] = 500,
    seed: Annotated[
        int, typer.Option("--seed", help=_("another seed, other failures (with --fast)"))
    ] = 2022,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="DAY",
            help=_("stop on the evening of this day, in the middle of the work (with --fast)"),
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help=_("write its days as a page of Markdown (with --fast)")),
    ] = None,
) -> None:
    """Everything once, with lab PCs."""
    if fast:
        day = None if until is None else _day(until)
        demo_fast.run(demo_fast.FastDemo(out.absolute(), machines, seed, report, day))
        return
    world = DemoWorld(out.absolute())
    try:
        _prepare(world)
        failing, falling_silent = _plan(world)
        demo_accounts.provide(world)
        _run_pilot(world, failing, falling_silent)
        leaving = demo_takehome.apply(world, _machines(world)[0])
        _mend(world, failing, falling_silent)
        demo_takehome.go_out(world, leaving)
        _expect(world, (leaving, "portable"))
    finally:
        world.lab_down()
    _report(world)


def _day(text: str) -> date:
    from rollout.settings.planning import period

    try:
        return period(text).last
    except ValueError as error:
        raise RolloutError(str(error)) from None


demo.__doc__ = _("Import, plan, migrate lab PCs over SSH, fail, retry and export: the whole job.")


class DemoWorld:
    """The folder in which the demo lives, and the commands that it types."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.folder = out / "demo"
        self.lab = self.folder / "lab"
        self._began = time.monotonic()

    def rollout(self, *arguments: str, actor: str = PLANNER, codes: Sequence[int] = (0,)) -> None:
        """Show and run one command. Raises DemoFailed when it ends otherwise."""
        shown = " ".join(_quoted(argument) for argument in arguments)
        say(f"\n$ rollout --actor {actor} {shown}")
        sys.stdout.flush()
        ended = subprocess.run(
            [sys.executable, "-m", "rollout.cli", "--actor", actor, *arguments],
            env=self.environment(),
            cwd=self.folder,
            check=False,
        )
        if ended.returncode not in codes:
            raise DemoFailed(
                _(
                    "`rollout {command}` ended with {code}: see above; the workspace is {folder}"
                ).format(command=shown, code=ended.returncode, folder=self.folder)
            )

    def now(self) -> datetime:
        """The programme's clock, which runs from its first day across all commands."""
        return STARTS + timedelta(seconds=time.monotonic() - self._began)

    def environment(self) -> Mapping[str, str]:
        """Of each command: the demo's workspace and clock."""
        return {
            **os.environ,
            "ROLLOUT_CONFIG": str(self.folder / "rollout.toml"),
            "ROLLOUT_NOW": self.now().isoformat(),
            "PYTHONUTF8": "1",
        }

    def heading(self, text: str) -> None:
        """What comes next."""
        say(f"\n── {text} " + "─" * max(3, 76 - len(text)))

    def lab_down(self) -> None:
        """Leave no process behind, however the demo ended."""
        from rollout.lab import world

        demo_accounts.tenant_down(self.folder)
        if (self.lab / "lab.json").exists():
            world.down(self.lab)


def _quoted(argument: str) -> str:
    return f"'{argument}'" if " " in argument else argument


def _prepare(world: DemoWorld) -> None:
    from rollout import settings
    from rollout.lab import world as lab_world

    if world.folder.exists():
        if not (world.folder / MARK).exists():
            raise RolloutError(
                _("{folder} is not of an earlier demo: move it away, or give another --out").format(
                    folder=world.folder
                )
            )
        world.lab_down()
        shutil.rmtree(world.folder)
    world.folder.mkdir(parents=True)
    (world.folder / MARK).touch()
    sample = settings.shipped("inventory") / "sample"
    configuration = (sample / "rollout.toml").read_text(encoding="utf-8")
    lab = LAB_CONFIGURATION.format(
        port=_free_port(),
        group_vars=(world.lab / "group_vars").as_posix(),
        collections=(Path(lab_world.__file__).parent / "collections").as_posix(),
        copies=(world.lab / "copies").as_posix(),
    )
    (world.folder / "rollout.toml").write_text(
        _without_tables(configuration, LAB_TABLES) + lab, encoding="utf-8"
    )
    shutil.copyfile(sample / "ledger.csv", world.folder / "ledger.csv")
    world.heading(_("A fresh workspace, and the prefecture's ledger with its faults"))
    world.rollout("init")
    world.rollout("import", "ledger", "ledger.csv")
    demo_accounts.bring_people(world, sample / "people.csv")


LAB_TABLES = ("service", "ansible", "steps", "pilot")
LAB_CONFIGURATION = """
# What differs from the sample so that lab PCs are used.
[pilot]
size = 8
soak_working_days = 0

[steps.reimage]
minutes = 1

[service]
port = {port}

[ansible]
group_vars = "{group_vars}"
collections = ["{collections}"]
copy_root = "{copies}"
artifacts = "runs"
"""


def _without_tables(configuration: str, names: Sequence[str]) -> str:
    kept, keep = [], True
    for line in configuration.splitlines(keepends=True):
        if line.startswith("["):
            keep = line.strip("[] \n").split(".")[0] not in names
        if keep:
            kept.append(line)
    return "".join(kept)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _plan(world: DemoWorld) -> tuple["Joined", "Joined"]:
    world.heading(_("Waves"))
    world.rollout("plan", "solve")
    world.rollout("plan", "commit")
    world.rollout("wave", "list")
    pilots = _machines(world)
    world.rollout("lab", "up", "--machines", str(len(pilots)), "--folder", str(world.lab))
    failing, falling_silent = pilots[1], pilots[2]
    world.heading(_("One PC will fail at capture, one will fall silent after reimage, on purpose"))
    for joined, fault in ((failing, "fails_at=capture"), (falling_silent, "silent_after_reimage")):
        name = joined.machine.computer_name or ""
        world.rollout("lab", "fault", name, fault, "--folder", str(world.lab))
    return failing, falling_silent


def _machines(world: DemoWorld) -> list["Joined"]:
    """The machines of the pilot wave."""
    from rollout.application import waves
    from rollout.store.database import Database

    database = Database(f"sqlite:///{world.folder / 'state' / 'rollout.db'}")
    try:
        return waves.show(database, 1)[1]
    finally:
        database.close()


def _run_pilot(world: DemoWorld, failing: "Joined", falling_silent: "Joined") -> None:
    world.heading(_("Nobody approves a wave that he submitted himself"))
    world.rollout("wave", "submit", "1")
    world.rollout("wave", "approve", "1", codes=(3,))
    world.rollout("wave", "approve", "1", actor=APPROVER)
    world.heading(_("The pilot: Ansible over SSH, step by step"))
    world.rollout("wave", "start", "1", "--foreground")
    world.rollout("run", "list")
    world.rollout("machine", "list", "--wave", "1")
    _expect(world, (failing, "failed"), (falling_silent, "silent"))
    world.rollout(
        "export", "status", "--format", "csv", "--out", str(world.out / "status-before-retry.csv")
    )


def _mend(world: DemoWorld, failing: "Joined", falling_silent: "Joined") -> None:
    world.heading(
        _("Both PCs are mended and tried again; the silent one is asked before anything starts")
    )
    for joined in (failing, falling_silent):
        name = joined.machine.computer_name or ""
        world.rollout("lab", "mend", name, "--folder", str(world.lab))
        reason = "mended on site"
        world.rollout("machine", "retry", joined.machine.asset_tag, "--reason", reason)
    world.rollout("serve", "--until-idle")
    world.rollout("machine", "show", falling_silent.machine.asset_tag)
    world.rollout("lab", "status", "--folder", str(world.lab))
    world.rollout("readiness", "--wave", "1")
    _expect(world, (failing, "migrated"), (falling_silent, "migrated"))


def _report(world: DemoWorld) -> None:
    world.heading(_("The history holds, and the exports"))
    world.rollout("audit", "verify")
    for noun in ("status", "machines"):
        for form in ("csv", "json"):
            path = str(world.out / f"{noun}.{form}")
            world.rollout("export", noun, "--format", form, "--out", path)
    say("")
    say(_("The exports are in {folder}.").format(folder=world.out))
    demo_look.leave(world.folder, world.now(), PLANNER)


def _expect(world: DemoWorld, *wanted: tuple["Joined", str]) -> None:
    """The demo shows what happened; it must not pass by when something else did."""
    states = {joined.machine.asset_tag: joined.machine.state for joined in _machines(world)}
    for joined, state in wanted:
        tag = joined.machine.asset_tag
        if states[tag] != state:
            raise DemoFailed(
                _("{tag} is {found}, not {wanted}: see {folder}").format(
                    tag=tag, found=states[tag], wanted=state, folder=world.folder
                )
            )


COMMANDS = (demo,)
