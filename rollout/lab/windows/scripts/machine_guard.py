"""machine-guard: the serial must be the ledger's and the epoch not older than the stored one."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import registry
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.machine_stamp import stamp
from rollout.lab.windows.state import PcFolder, State


def run(call: Call) -> None:
    """Compare and set under one lock; a refusal leaves the PC untouched."""
    serial, epoch = str(call.parameters["Serial"]), int(call.parameters["Epoch"])
    step = str(call.parameters["Step"])
    with call.pc.change() as state:
        before = stamp(call.pc, state)
        if before["serial"] != serial:
            raise ScriptError(
                f"Refused: this machine is {state['computer_name']} with serial "
                f"{before['serial']}, the ledger says {serial}. Nothing was changed. Correct the "
                "ledger or find the right machine."
            )
        _check_model(state, call.parameters)
        if before["stored_epoch"] > epoch:
            raise ScriptError(
                f"Refused: this order has epoch {epoch}, the machine has already followed epoch "
                f"{before['stored_epoch']}. Nothing was changed. A newer order is in charge."
            )
        call.changed = before["stored_epoch"] != epoch
        call.result = {**before, "stored_epoch": epoch}
        if not call.check_mode:
            registry.write(state, registry.ROLLOUT, "Epoch", epoch, "qword")
            state["step"] = step
    _be_slow(call.pc, step)


def _check_model(state: State, parameters: dict[str, Any]) -> None:
    models = parameters["Models"]
    if models:
        from fnmatch import fnmatch

        if not any(fnmatch(state["model"].lower(), model.lower()) for model in models):
            raise ScriptError(
                f"Refused: this machine is a {state['model']}, generation "
                f"{parameters['Generation']} has {', '.join(models)}. Nothing was changed. "
                "Correct the generation in the ledger or machine_guard_models."
            )


def _be_slow(pc: PcFolder, step: str) -> None:
    """The fault `slow`: after the guard the step takes that many seconds longer."""
    seconds = float(pc.faults().get("slow", 0))
    if seconds:
        from time import sleep

        pc.log("slow", step=step, seconds=seconds)
        sleep(seconds)
