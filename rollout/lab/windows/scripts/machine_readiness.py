"""machine-readiness: what must hold before anything destructive, with the reasons why not."""

from __future__ import annotations

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
    call.result = {
        "problems": problems,
        "power_source": state["power_source"],
        "disk_free_gb": state["disk_free_gb"],
        "tpm_ready": state["tpm_ready"],
        "signed_in_user": state["signed_in_user"],
    }
    call.changed = False
