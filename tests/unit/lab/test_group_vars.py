"""The shipped group_vars, commented lines too: YAML, of variables that exist."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "inventory" / "group_vars"
FILES = sorted(FOLDER.glob("*.yml"))
_OFFERED = re.compile(r"^# (?=[a-z_]+:( |$)|  )(.*)$", re.MULTILINE)


def variables(file: Path) -> list[tuple[str, Any]]:
    """What the file sets, and what it offers behind a comment sign."""
    text = file.read_text(encoding="utf-8")
    offered = "\n".join(match[2] for match in _OFFERED.finditer(text))
    written = [yaml.safe_load(part) or {} for part in (text, offered)]
    return [line for part in written for line in part.items()]


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Variables of the roles, and those of the connection plugins that are written about."""
    names = {"ansible_connection", "ansible_shell_type"}
    for specs in ROOT.glob("playbooks/roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(specs.read_text("utf-8"))["argument_specs"].values():
            names |= set(entry["options"])
    for plugin in ("ansible.builtin.psrp", "ansible.builtin.winrm", "ansible.builtin.ssh"):
        run = subprocess.run(
            [Path(sys.executable).parent / "ansible-doc", "-j", "-t", "connection", plugin],
            env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LANG": "C.UTF-8"},
            capture_output=True,
            check=True,
            timeout=120,
        )
        (documented,) = json.loads(run.stdout).values()
        for option in documented["doc"]["options"].values():
            names |= {variable["name"] for variable in option.get("vars", [])}
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_every_variable_that_is_set_or_offered_exists(file: Path, known: set[str]) -> None:
    found = variables(file)
    assert found
    assert {name for name, _ in found} - known == set()


def test_each_way_to_connect_is_there_and_no_check_is_switched_off() -> None:
    offered: dict[str, set[Any]] = {}
    for file in FILES:
        for name, value in variables(file):
            offered.setdefault(name, set()).add(str(value))
    assert offered["ansible_connection"] == {"psrp", "winrm", "ssh"}
    assert offered["ansible_psrp_auth"] == {"kerberos", "certificate"}
    assert offered["ansible_psrp_cert_validation"] == {"validate"}
    assert {file.stem.partition("_")[0] for file in FILES} == {"all", "generation", "site"}


def test_no_secret_stands_in_them() -> None:
    for file in FILES:
        for name, value in variables(file):
            if "password" in name or "secret" in name:
                assert "lookup(" in str(value) or str(value).startswith("/etc/"), (file, name)
