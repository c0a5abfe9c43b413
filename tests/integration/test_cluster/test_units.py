"""What `docs/cluster` shows for systemd and containers is what this program understands."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from rollout.cli.commands import app

SHOWN = Path(__file__).resolve().parents[3] / "docs" / "cluster"
UNITS = sorted(SHOWN.glob("*.service"))
PROGRAM = "/opt/rollout/bin/rollout"


def started(unit: Path) -> str:
    lines = unit.read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("ExecStart="))
    return line.removeprefix("ExecStart=").replace("%I", "津")


def of_containers() -> list[str]:
    composed = yaml.safe_load((SHOWN / "compose.yml").read_text(encoding="utf-8"))
    commands = [service["command"] for service in composed["services"].values()
                if "command" in service]  # fmt: skip
    inner = [command.removeprefix('sh -c "').removesuffix('"') for command in commands]
    return [one for command in inner for one in command.split(" && ")]


@pytest.mark.parametrize("line", [*map(started, UNITS), *of_containers()])
def test_the_program_understands_the_command(line: str) -> None:
    program, *words = shlex.split(line)
    assert program in (PROGRAM, "rollout")
    told = CliRunner().invoke(app, [*words, "--help"])
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_what_lies_beside_the_configuration_can_be_written(unit: Path) -> None:
    """Paths in it are relative to its folder, and the unit makes others read-only."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    (configuration,) = (line.rpartition("=")[2] for line in lines if "ROLLOUT_CONFIG=" in line)
    (writable,) = (line.rpartition("=")[2] for line in lines if line.startswith("ReadWrite"))
    assert Path(configuration).is_relative_to(writable)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    here = str(Path(sys.executable).with_name("rollout"))
    copies = []
    for unit in UNITS:
        copies.append(tmp_path / unit.name)
        text = unit.read_text(encoding="utf-8")
        copies[-1].write_text(text.replace(PROGRAM, here), encoding="utf-8")
    seen = subprocess.run(
        ["systemd-analyze", "verify", *map(str, copies)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    about_ours = [line for line in seen.stderr.splitlines() if "rollout" in line]
    assert (seen.returncode, about_ours) == (0, [])
