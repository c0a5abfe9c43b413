"""disk-encryption: switch BitLocker on with an escrowed key; the PIN is the user's own step."""

from __future__ import annotations

from uuid import uuid4

from rollout.lab.windows import clock, directory, registry
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts.controls import encryption
from rollout.lab.windows.scripts.controls import pin as measured_pin

_WANTED = {"UseAdvancedStartup": 1, "EnableBDEWithNoTPM": 0, "UseTPM": 2, "UseTPMPIN": 2}


def run(call: Call) -> None:
    """The key is escrowed before the disk is encrypted, else nobody could open it."""
    call.changed = False
    pin = bool(call.parameters["RequirePin"])
    with call.pc.change() as state:
        if not state["tpm_ready"]:
            raise ScriptError("Refused: no ready TPM, the disk cannot be encrypted silently.")
        bitlocker = state["bitlocker"]
        if clock.disk_encryption(state)[1] == "FullyDecrypted" or not directory.key_escrowed(
            call.pc, state
        ):
            call.changed = True
            if not call.check_mode:
                if directory.recovery_key(state) is None:
                    key = f"{{{uuid4()}}}".upper()
                    bitlocker["protectors"].append({"type": "RecoveryPassword", "id": key})
                directory.escrow(call.pc, str(directory.recovery_key(state)))
                if not any(p["type"].startswith("Tpm") for p in bitlocker["protectors"]):
                    bitlocker["protectors"].append({"type": "Tpm", "id": "{LAB-TPM}"})
                if bitlocker["status"] == "FullyDecrypted":
                    bitlocker |= {"status": "EncryptionInProgress", "encrypting_since": clock.now()}
        policy = registry.ENCRYPTION_POLICY
        missing = [n for n, v in _WANTED.items() if registry.value(state, policy, n) != v]
        if pin and missing:
            call.changed = True
            for name in missing if not call.check_mode else ():
                registry.write(state, policy, name, _WANTED[name], "dword")
        lines = [encryption(call.pc, state)]
        if pin:
            lines.append(measured_pin(state))
    call.result = {"evidence": lines}
