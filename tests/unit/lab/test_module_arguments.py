"""The stand-ins take exactly the arguments of the real modules, and say which they refuse."""

import ast
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout.lab.ansible_access import COLLECTIONS
from rollout.lab.windows.arguments import Option, Spec, check
from rollout.lab.windows.entry import act
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder

LAB = COLLECTIONS / "ansible_collections" / "ansible" / "windows" / "plugins"
#: `lab_restart` is the other half of the win_reboot action plugin, not a module for playbooks.
MODULES = sorted({path.stem for path in (LAB / "modules").glob("*.lab")} - {"lab_restart"})
REAL = Path(yaml.__file__).parents[1] / "ansible_collections" / "ansible" / "windows" / "plugins"


def _documentation(path: Path) -> dict[str, Any]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            loaded: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return loaded
    raise AssertionError(f"{path} documents nothing")


def _fragment(name: str) -> dict[str, Any]:
    tree = ast.parse((REAL / "doc_fragments" / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            loaded: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))["options"]
            return loaded
    raise AssertionError(name)


def _real_options(module: str) -> dict[str, Any]:
    documented = _documentation(REAL / "modules" / f"{module}.py")
    options: dict[str, Any] = dict(documented["options"])
    for fragment in documented.get("extends_documentation_fragment", []):
        for name, option in _fragment(fragment.rpartition(".")[2]).items():
            options[name] = {**option, **(options.get(name) or {})}
    return options


@pytest.mark.parametrize("module", MODULES)
def test_a_stand_in_has_the_same_arguments_choices_and_aliases_as_the_real_module(
    module: str,
) -> None:
    spec: Spec = import_module(f"rollout.lab.windows.modules.{module}").SPEC
    real = _real_options(module)
    assert set(spec.options) == set(real)
    for name, option in spec.options.items():
        assert set(option.aliases) == set(real[name].get("aliases", [])), name
        assert option.required == bool(real[name].get("required", False)), name
        if option.simulated:
            assert set(option.choices) == set(real[name].get("choices", [])), name


@pytest.mark.parametrize("module", MODULES)
def test_defaults_are_the_real_ones(module: str) -> None:
    spec: Spec = import_module(f"rollout.lab.windows.modules.{module}").SPEC
    real = _real_options(module)
    for name, option in spec.options.items():
        if option.simulated and "default" in real[name]:
            assert option.default == real[name]["default"], name


def _documented_return(module: str) -> dict[str, Any]:
    path = REAL / "modules" / f"{module}.py"
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RETURN":
            loaded: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value)) or {}
            return loaded
    raise AssertionError(f"{path} documents no return values")


@pytest.fixture
def address() -> Iterator[str]:
    """A web server that answers with JSON."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("module", MODULES)
def test_a_stand_in_returns_what_the_real_module_documents_and_nothing_else(
    pc: PcFolder, address: str, module: str, check_mode: bool
) -> None:
    asked: dict[str, dict[str, Any]] = {
        "win_http_proxy": {},
        "win_powershell": {"script": "# rollout-script: machine-stamp\n# SupportsShouldProcess\n"
                           "param ()\n"},
        "win_regedit": {"path": "HKLM:\\X", "name": "y", "data": 1, "type": "dword"},
        "win_service": {"name": "w32time", "start_mode": "auto"},
        "win_uri": {"url": address, "return_content": True, "use_proxy": False},
    }  # fmt: skip
    result = act(pc, f"ansible.windows.{module}", asked[module], check_mode)
    # The real win_uri adds the headers of the answer, the real ones of all modules these two.
    undocumented = {"changed", "failed", *(("content_type",) if module == "win_uri" else ())}
    assert set(result) - undocumented == set(_documented_return(module))


def test_every_module_file_is_the_same_text() -> None:
    texts = {path.read_text(encoding="utf-8") for path in (LAB / "modules").glob("*.lab")}
    assert len(texts) == 1


def test_the_restart_takes_the_real_arguments() -> None:
    text = (LAB / "action" / "win_reboot.py").read_text(encoding="utf-8")
    theirs = (REAL / "action" / "win_reboot.py").read_text(encoding="utf-8")
    (valid,) = re.findall(r"_VALID_ARGS = frozenset\(\((.*?)\)\)", theirs, re.DOTALL)
    names = set(re.findall(r"'(\w+)'", valid))
    numbers = {name for name in names if f"{name}_sec" in names}
    ours = ast.parse(text).body
    tables = {
        node.targets[0].id: ast.literal_eval(node.value)  # type: ignore[attr-defined]
        for node in ours
        if isinstance(node, ast.Assign) and node.targets[0].id in ("_NUMBERS", "_TEXTS")  # type: ignore[attr-defined]
    }
    assert set(tables["_NUMBERS"]) == numbers
    assert set(tables["_TEXTS"]) == {n for n in names - numbers if not n.endswith("_sec")}
    real = _real_options("win_reboot")
    for name, default in tables["_NUMBERS"].items():
        if name in real:
            assert default == real[name]["default"], name


SPEC = Spec(
    {
        "name": Option(required=True, aliases=("entry",)),
        "size": Option("int"),
        "force": Option("bool", default=False),
        "tags": Option("list/str"),
        "extra": Option("dict"),
        "never": Option(simulated=False),
    }
)


def test_values_are_converted_as_ansible_converts_them() -> None:
    given = {"entry": 417, "size": "3", "force": "yes", "tags": "a,b", "extra": {"x": 1}}
    assert check("m", SPEC, given) == {
        "name": "417",
        "size": 3,
        "force": True,
        "tags": ["a", "b"],
        "extra": {"x": 1},
        "never": None,
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "missing required arguments: name"),
        ({"name": "x", "nmae": 1}, "Unsupported parameters for .m. module: nmae"),
        ({"name": "x", "size": "big"}, "size cannot be converted to int"),
        ({"name": "x", "force": "perhaps"}, "cannot be converted to bool"),
        ({"name": ["x"]}, "cannot be converted to str"),
        ({"name": "x", "extra": "y"}, "cannot be converted to dict"),
        ({"name": "x", "never": "y"}, "no meaning for the argument never"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ModuleFailure, match=message):
        check("m", SPEC, given)
