"""ansible.windows.win_powershell: runs the lab's equivalent of the roles' own named scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.errors import ModuleFailure, ScriptError
from rollout.lab.windows.state import PcFolder

SPEC = Spec(
    {
        "script": Option(),
        "path": Option(),
        "parameters": Option("dict"),
        "error_action": Option(
            default="continue", choices=("silently_continue", "continue", "stop")
        ),
        "depth": Option("int", default=2),
        "remote_src": Option("bool", default=False),
        "sensitive_parameters": Option("list/dict", simulated=False),
        "arguments": Option("list/str", simulated=False),
        "chdir": Option(simulated=False),
        "creates": Option(simulated=False),
        "removes": Option(simulated=False),
        "executable": Option(simulated=False),
    },
    one_of=(("path", "script"),),
    exclusive=(("path", "script"),),
)

_MARKER = re.compile(r"\A\ufeff?# rollout-script: ([a-z][a-z0-9-]*)\s*$", re.MULTILINE)
_PARAM_BLOCK = re.compile(r"^param \((?:\)|\n(.*?)^\))", re.MULTILINE | re.DOTALL)
_MANDATORY = re.compile(r"\[Parameter\(Mandatory\)\][^$]*\$(\w+)")
_PARAMETER = re.compile(r"\[[\w.\[\]]+\]\s*\$(\w+)")


class Call:
    """One run of a script: what it was given, and `$Ansible` as it leaves it."""

    def __init__(self, pc: PcFolder, parameters: dict[str, Any], check_mode: bool) -> None:
        self.pc = pc
        self.parameters = parameters
        self.check_mode = check_mode
        self.result: dict[str, Any] = {}
        self.changed = True


def run(pc: PcFolder, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Find the script by its marker, refuse unknown parameters, run its equivalent."""
    text = args["script"] or ""
    call = Call(pc, dict(args["parameters"] or {}), check_mode)
    streams = ("output", "error", "warning", "verbose", "debug", "information")
    empty: dict[str, Any] = {stream: [] for stream in streams}
    outcome = {**empty, "result": {}, "host_out": "", "host_err": "", "failed": False}
    if check_mode and "SupportsShouldProcess" not in text:
        return {**outcome, "changed": True, "msg": "skipped, running in check mode"}
    try:
        play(text, call)
    except ScriptError as error:
        outcome["failed"] = True
        outcome["error"] = [_error_record(str(error))]
    return {**outcome, "changed": call.changed, "result": call.result}


def play(text: str, call: Call) -> None:
    """Run the equivalent of this script's text. Raises ScriptError, ModuleFailure."""
    marker = _MARKER.match(text)
    if marker is None:
        raise ModuleFailure(
            "the lab has no meaning for this PowerShell: it runs only the roles' scripts, whose "
            "first line is '# rollout-script: NAME'"
        )
    name = marker.group(1)
    try:
        script = import_module(f"rollout.lab.windows.scripts.{name.replace('-', '_')}")
    except ModuleNotFoundError:
        raise ModuleFailure(f"the lab has no meaning for the script {name}") from None
    body: Callable[[Call], None] = script.run
    _bind(name, text, call.parameters)
    body(call)


def _bind(name: str, text: str, parameters: dict[str, Any]) -> None:
    """Refuse what the script's own param() block does not declare, as PowerShell does."""
    block = _PARAM_BLOCK.search(text)
    inside = block.group(1) or "" if block else ""
    declared = {found.lower() for found in _PARAMETER.findall(inside)}
    _refuse_missing(name, inside, parameters)
    unknown = [key for key in parameters if key.lower() not in declared]
    if unknown:
        raise ModuleFailure(
            f"{name}: A parameter cannot be found that matches parameter name '{unknown[0]}'."
        )


def _refuse_missing(name: str, inside: str, parameters: dict[str, Any]) -> None:
    given = {key.lower() for key in parameters}
    missing = [p for p in _MANDATORY.findall(inside) if p.lower() not in given]
    if missing:
        raise ModuleFailure(
            f"{name}: Cannot process command because of one or more missing mandatory "
            f"parameters: {' '.join(missing)}."
        )


def _error_record(message: str) -> dict[str, Any]:
    return {
        "output": message + "\n",
        "exception": {
            "message": message,
            "type": "System.Management.Automation.RuntimeException",
            "help_link": None,
            "source": None,
            "hresult": -2146233087,
            "inner_exception": None,
        },
        "error_details": None,
        "target_object": message,
        "category_info": {
            "category": "OperationStopped",
            "category_id": 14,
            "activity": "",
            "reason": "RuntimeException",
            "target_name": message,
            "target_type": "String",
        },
        "fully_qualified_error_id": message,
        "script_stack_trace": "",
        "pipeline_iteration_info": [],
    }
