"""Playbooks, PowerShell scripts and the lab's equivalents name the same things."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout.lab.ansible_access import COLLECTIONS

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
ROLES = PLAYBOOKS / "roles"
SCRIPTS = {path.stem: path for path in ROLES.glob("*/files/*.ps1")}
MODULES = COLLECTIONS / "ansible_collections/ansible/windows/plugins/modules"


def _tasks() -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for path in sorted(ROLES.glob("*/tasks/*.yml")):
        found += [(path, task) for task in yaml.safe_load(path.read_text("utf-8"))]
    return found


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_names_itself_and_has_its_equivalent_in_the_lab(name: str) -> None:
    text = SCRIPTS[name].read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"# rollout-script: {name}"
    assert "[CmdletBinding(SupportsShouldProcess)]" in text
    assert "$ErrorActionPreference = 'Stop'" in text
    module = import_module(f"rollout.lab.windows.scripts.{name.replace('-', '_')}")
    assert callable(module.run)


def test_scripts_are_ascii_because_windows_powershell_reads_them_in_the_local_code_page() -> None:
    for path in SCRIPTS.values():
        assert path.read_bytes().isascii(), path


def test_every_script_is_used_with_exactly_the_parameters_that_it_declares() -> None:
    used = {}
    for path, task in _tasks():
        call = task.get("ansible.windows.win_powershell")
        if call:
            script = path.parents[1] / "files" / call["path"]
            text = script.read_text("utf-8")
            block = re.search(r"^param \((?:\)|\n(.*?)^\))", text, re.MULTILINE | re.DOTALL)
            assert block is not None, script
            declared = re.findall(r"\[[\w.\[\]]+\]\s*\$(\w+)", block.group(1) or "")
            assert set(call.get("parameters", {})) == set(declared), script
            used[script.stem] = script
    assert used == SCRIPTS


def test_every_windows_module_in_use_has_a_stand_in_and_none_is_left_over() -> None:
    modules = {
        key.rpartition(".")[2]
        for _, task in _tasks()
        for key in task
        if key.startswith(("ansible.windows.", "community.windows."))
    }
    assert modules == {path.stem for path in MODULES.glob("*.lab")}


def test_defaults_are_those_that_the_argument_specs_document() -> None:
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        specs = yaml.safe_load(path.read_text("utf-8"))["argument_specs"]
        documented: dict[str, Any] = {}
        for spec in specs.values():
            documented |= {name: option["default"] for name, option in spec["options"].items()}
        defaults = yaml.safe_load((path.parents[1] / "defaults" / "main.yml").read_text("utf-8"))
        assert documented == defaults, path


def test_the_guard_is_first_and_the_report_last_in_every_playbook_but_probe() -> None:
    playbooks = {
        path.stem: yaml.safe_load(path.read_text("utf-8")) for path in PLAYBOOKS.glob("*.yml")
    }
    assert set(playbooks) == {
        *("preflight", "capture", "reimage", "connect", "restore", "verify", "enable", "probe")
    }
    for name, (play,) in playbooks.items():
        assert (play["hosts"], play["gather_facts"]) == ("all", False)
        assert play["strategy"] == "ansible.builtin.free"
        first, last = play["tasks"][0], play["tasks"][-1]
        if name != "probe":
            assert first["ansible.builtin.import_role"] == {"name": "machine_guard"}, name
        assert list(last["ansible.builtin.set_fact"]) == ["rollout_report"], name


def test_no_value_of_the_ledger_becomes_part_of_a_command_line() -> None:
    for path, task in _tasks():
        for module in ("win_shell", "win_command", "shell", "command", "raw"):
            assert not any(key.rpartition(".")[2] == module for key in task), path
        call = task.get("ansible.windows.win_powershell", {})
        assert "script" not in call, path
