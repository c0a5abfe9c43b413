"""disk-encryption: switch BitLocker on with an escrowed key, or say what it waits for."""

from __future__ import annotations

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.measure_controls import encryption


def run(call: Call) -> None:
    """The key is escrowed before the disk is encrypted, else nobody could open it."""
    call.changed = False
    with call.pc.change() as state:
        if not state["tpm_ready"]:
            raise ScriptError("Refused: no ready TPM, the disk cannot be encrypted silently.")
        bitlocker = state["bitlocker"]
        if bitlocker["protection"] != "on" or not bitlocker["key_escrowed"]:
            call.changed = True
            if not call.check_mode:
                bitlocker.update(protection="on", key_escrowed=True, protectors=["tpm", "recovery"])
        call.result = {"evidence": [encryption(state)]}
