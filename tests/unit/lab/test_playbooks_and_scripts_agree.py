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
#: Playbooks that people start by hand, with an inventory of their own.
BESIDE_THE_PASSAGE = ("release", "retire")
#: Read only, and never in batches.
MEASURES_ONLY = ("probe", "recheck")
#: A run fills these in; by hand all machines go at once, each at its own speed.
PACE = {
    "strategy": "{{ 'linear' if rollout_max_fail_percentage is defined else 'free' }}",
    "serial": "{{ rollout_batch_sizes | default('100%') }}",
    "max_fail_percentage": "{{ rollout_max_fail_percentage | default(omit) }}",
    "throttle": "{{ rollout_throttle | default(0) }}",
}
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


def _declared(script: Path) -> set[str]:
    block = re.search(r"^param \((?:\)|\n(.*?)^\))", script.read_text("utf-8"), re.M | re.S)
    assert block is not None, script
    return set(re.findall(r"\[[\w.\[\]]+\]\s*\$(\w+)", block.group(1) or ""))


def test_scripts_are_called_with_exactly_the_parameters_that_they_declare() -> None:
    checked = set()
    for path, task in _tasks():
        call = task.get("ansible.windows.win_powershell")
        if call:
            script = path.parents[1] / "files" / call["path"]
            assert set(call.get("parameters", {})) == _declared(script), script
            checked.add(script.stem)
        given = task.get("vars", {}).get("system_task_parameters")
        if isinstance(given, dict):
            (name,) = re.findall(r"'([\w-]+)\.ps1'", task["vars"]["system_task_script"])
            assert set(given) == _declared(SCRIPTS[name]), name
            checked.add(name)
    # Those of the user_state methods are put together in vars; the lab refuses what does not fit.
    methods = yaml.safe_load((ROLES / "user_state/vars/main.yml").read_text("utf-8"))
    chosen = {n for m in methods["_user_state_scripts"].values() for n in m.values()}
    assert checked | {name.removesuffix(".ps1") for name in chosen} == set(SCRIPTS)


def test_every_windows_module_in_use_has_a_stand_in_and_none_is_left_over() -> None:
    modules = {
        key.rpartition(".")[2]
        for _, task in _tasks()
        for key in task
        if key.startswith(("ansible.windows.", "community.windows."))
    }
    assert "win_reboot" in modules
    assert modules - {"win_reboot"} == {path.stem for path in MODULES.glob("*.lab")} - {
        "lab_restart"
    }


def test_defaults_are_those_that_the_argument_specs_document() -> None:
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        specs = yaml.safe_load(path.read_text("utf-8"))["argument_specs"]
        documented: dict[str, Any] = {}
        for spec in specs.values():
            for name, option in spec["options"].items():
                assert ("default" in option) != option.get("required", False), (path, name)
                if "default" in option:
                    documented[name] = option["default"]
        defaults = yaml.safe_load((path.parents[1] / "defaults" / "main.yml").read_text("utf-8"))
        assert documented == defaults, path


def test_the_guard_is_first_and_the_report_last_in_every_playbook_but_probe() -> None:
    playbooks = {
        path.stem: yaml.safe_load(path.read_text("utf-8")) for path in PLAYBOOKS.glob("*.yml")
    }
    assert set(playbooks) == {
        *("preflight", "capture", "reimage", "connect", "restore", "verify", "enable"),
        *MEASURES_ONLY,
        *BESIDE_THE_PASSAGE,
    }
    for name, (play,) in playbooks.items():
        assert (play["hosts"], play["gather_facts"]) == ("all", False)
        if name not in MEASURES_ONLY:
            assert {key: play[key] for key in PACE} == PACE, name
        first, last = play["tasks"][0], play["tasks"][-1]
        if name != "probe":
            guard = first["ansible.builtin.import_role"]
            assert guard["name"] == "machine_guard", name
            assert set(guard) <= {"name", "rolespec_validate"}, name
            assert "when" not in first, name
        assert list(last["ansible.builtin.set_fact"]) == ["rollout_report"], name


def test_no_value_of_the_ledger_becomes_part_of_a_command_line() -> None:
    for path, task in _tasks():
        for module in ("win_shell", "win_command", "shell", "command", "raw"):
            assert not any(key.rpartition(".")[2] == module for key in task), path
        call = task.get("ansible.windows.win_powershell", {})
        assert "script" not in call, path
