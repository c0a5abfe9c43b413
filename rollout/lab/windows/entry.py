"""Where every shim module starts: find the PC, check the arguments, act, print the result."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from rollout.lab.windows.arguments import Spec, check
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder

Run = Callable[[PcFolder, dict[str, Any], bool], dict[str, Any]]


def main(arguments: dict[str, Any]) -> None:
    """Run the module that Ansible names in its own arguments, on the PC of the environment."""
    module = str(arguments["_ansible_module_name"])
    given = {k: v for k, v in arguments.items() if not k.startswith("_ansible_")}
    check_mode = bool(arguments.get("_ansible_check_mode"))
    shown = "hidden" if arguments.get("_ansible_no_log") else given
    try:
        result = act(PcFolder(Path(os.environ["ROLLOUT_LAB_PC"])), module, given, check_mode)
    except ModuleFailure as failure:
        result = {"failed": True, "msg": str(failure)}
    result.setdefault("changed", False)
    result["invocation"] = {"module_args": shown}
    sys.stdout.write(json.dumps(result))


def act(pc: PcFolder, module: str, given: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The result of one module on one PC. Raises ModuleFailure."""
    name = module.rpartition(".")[2]
    implementation = import_module(f"rollout.lab.windows.modules.{name}")
    spec: Spec = implementation.SPEC
    run: Run = implementation.run
    arguments = check(module, spec, given)
    _fail_on_purpose(pc, module, given)
    return run(pc, arguments, check_mode)


def _fail_on_purpose(pc: PcFolder, module: str, given: dict[str, Any]) -> None:
    """The fault `fails_at`: every work of that step fails, after the guard has let the step in."""
    fails_at = pc.faults().get("fails_at")
    if not fails_at or "# rollout-script: machine-guard" in str(given.get("script", "")):
        return
    if pc.read().get("step") == fails_at:
        raise ModuleFailure(
            f"{pc.name}: {module} failed at step {fails_at} because the lab's scenario says so "
            "(clear the fault and retry)"
        )
