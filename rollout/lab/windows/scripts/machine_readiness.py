"""machine-readiness: what must hold before anything destructive, with the reasons why not."""

from __future__ import annotations

from rollout.lab.windows import clock
from rollout.lab.windows.directory import asks_for_pin, key_escrowed, recovery_key
from rollout.lab.windows.modules.win_powershell import Call


def run(call: Call) -> None:
    """Read only; problems are returned together, the playbook refuses once with all of them."""
    state = call.pc.read()
    parameters = call.parameters
    problems = []
    if parameters["RequireAcPower"] and state["power_source"] != "ac":
        problems.append("runs on battery: plug it in")
    if state["disk_free_gb"] < parameters["MinimumFreeGb"]:
        problems.append(
            f"only {state['disk_free_gb']} GB free on C:, needs {parameters['MinimumFreeGb']}"
        )
    if parameters["RequireTpm"] and not state["tpm_ready"]:
        problems.append("TPM absent or not ready: enable it in the firmware")
    if state["pending_reboot"]:
        problems.append("a restart is pending: restart it first")
    if parameters["RefuseSignedInUser"] and state["signed_in_user"]:
        problems.append(f"{state['signed_in_user']} is signed in: ask to sign out")
    encrypted = clock.disk_encryption(state)[1] != "FullyDecrypted"
    key = recovery_key(state)
    if encrypted and key is None:
        problems.append("the disk is encrypted and has no recovery key: add one and escrow it")
    elif encrypted and parameters["AskDirectory"] and not key_escrowed(call.pc, state):
        problems.append(
            "the recovery key of the encrypted disk is not in the directory: escrow it first"
        )
    call.result = {
        "problems": problems,
        "power_source": state["power_source"],
        "disk_free_gb": state["disk_free_gb"],
        "tpm_ready": state["tpm_ready"],
        "pending_restart": state["pending_reboot"],
        "signed_in_user": state["signed_in_user"],
        "encrypted": encrypted,
        "asks_for_pin": asks_for_pin(state),
        "recovery_key_ids": [key] if key else [],
    }
    call.changed = False
