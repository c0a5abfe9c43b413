"""What can be said of the roles without running them: syntax, arguments, documentation."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOKS = ROOT / "playbooks"
ROLES = sorted(path.parents[1] for path in PLAYBOOKS.glob("roles/*/meta/argument_specs.yml"))
BIN = Path(sys.executable).parent
_KEYWORDS = {
    *("name", "when", "register", "vars", "loop", "no_log", "delegate_to", "changed_when"),
    *("failed_when", "until", "retries", "delay", "block", "rescue", "always", "tags", "notify"),
    "check_mode",
}
#: Action plugins that a role brings, with the arguments that they demand.
_OWN = ("deployment_arm", "deployment_order", "intune_wipe")


def _tasks() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    for path in sorted(
        p for name in ("tasks", "handlers") for p in PLAYBOOKS.glob(f"roles/*/{name}/*.yml")
    ):
        for task in yaml.safe_load(path.read_text("utf-8")):
            yield path, *_module(task)
    for path in sorted(PLAYBOOKS.glob("*.yml")):
        for play in yaml.safe_load(path.read_text("utf-8")):
            for task in play.get("pre_tasks", []) + play["tasks"]:
                yield path, *_module(task)


def _module(task: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    (name,) = set(task) - _KEYWORDS
    arguments = task[name]
    return name, arguments if isinstance(arguments, dict) else {"_raw": arguments}


@pytest.fixture(scope="module")
def documented() -> dict[str, Any]:
    """`ansible-doc -j` of every module in use, of the installed collections, not the lab's."""
    names = sorted({name for _, name, _ in _tasks() if name not in _OWN})
    run = subprocess.run(
        [BIN / "ansible-doc", "-j", "-t", "module", *names],
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: dict[str, Any] = json.loads(run.stdout)
    assert set(found) == set(names)
    return found


def test_every_module_argument_is_one_that_the_real_module_documents(
    documented: dict[str, Any],
) -> None:
    for path, name, arguments in _tasks():
        if name in _OWN or "_raw" in arguments or name.endswith(".set_fact"):
            continue
        options = documented[name]["doc"]["options"]
        known = set(options) | {a for o in options.values() for a in o.get("aliases", [])}
        assert set(arguments) <= known, (path, name)
        for option, entry in options.items():
            given = {option, *entry.get("aliases", [])} & set(arguments)
            assert given or not entry.get("required"), (path, name, option)
            value = arguments.get(option)
            if entry.get("choices") and isinstance(value, str) and "{{" not in value:
                assert value in entry["choices"], (path, name, option)


def test_own_action_plugins_get_exactly_what_they_demand() -> None:
    for path, name, arguments in _tasks():
        if name in _OWN:
            plugin = path.parents[1] / "action_plugins" / f"{name}.py"
            block = re.search(r"_ARGUMENTS = frozenset\((.*?)^\)|_ARGUMENTS = frozenset\((.*?)\)$",
                              plugin.read_text("utf-8"), re.M | re.S)  # fmt: skip
            assert block is not None
            demanded = set(re.findall(r'"(\w+)"', block.group(0)))
            assert set(arguments) == demanded, (path, name)


def test_every_script_parses_as_powershell() -> None:
    parser = pytest.importorskip("tree_sitter_pwsh", reason="needs tree-sitter-pwsh (dev group)")
    from tree_sitter import Language, Parser

    parse = Parser(Language(parser.language())).parse
    assert parse(b"if ($x { 1 }").root_node.has_error
    texts = {path: path.read_text("utf-8") for path in PLAYBOOKS.rglob("*.ps1")}
    for path, text in list(texts.items()):
        # A script inside a script runs as one of its own.
        for number, inner in enumerate(re.findall(r"@'\n(.*?)\n'@", text, re.DOTALL)):
            texts[path.with_suffix(f".{number}")] = inner
    assert len(texts) > 20
    broken = [path for path, text in texts.items() if parse(text.encode()).root_node.has_error]
    assert broken == []


def test_no_script_assigns_an_automatic_variable() -> None:
    for path in PLAYBOOKS.rglob("*.ps1"):
        text = path.read_text("utf-8")
        for name in ("home", "profile", "host", "input", "args", "matches", "error", "pid"):
            pattern = rf"^\s*\${name}\s*=|foreach \(\${name} in"
            assert not re.search(pattern, text, re.M | re.I), (path, name)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: str(role.name))
def test_the_readme_is_the_one_that_the_specs_give(role: Path) -> None:
    maker = importlib.util.spec_from_file_location("readmes", ROOT / "docs/make_role_readmes.py")
    assert maker is not None
    assert maker.loader is not None
    module = importlib.util.module_from_spec(maker)
    maker.loader.exec_module(module)
    stale = "stale: run python docs/make_role_readmes.py"
    assert (role / "README.md").read_text("utf-8") == module.readme(role), stale


def test_every_variable_of_a_role_begins_with_its_name() -> None:
    for role in ROLES:
        for folder, prefix in (("defaults", role.name), ("vars", f"_{role.name}")):
            file = role / folder / "main.yml"
            names = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
            assert all(name.startswith(f"{prefix}_") for name in names or {}), file


def test_ansible_lint_finds_nothing_in_its_strictest_profile(tmp_path: Path) -> None:
    program = BIN / "ansible-lint"
    if not program.exists():
        pytest.skip("ansible-lint is not installed (dev group)")
    run = subprocess.run(
        [program, "--config-file", ROOT / ".ansible-lint.yml", "--offline", "-q", "--nocolor", "."],
        cwd=PLAYBOOKS,
        env={
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "ANSIBLE_ROLES_PATH": str(PLAYBOOKS / "roles"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
