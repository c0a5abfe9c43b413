"""ansible.windows.win_service: start mode and state of a service that the image has."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.clock import service_state
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder

SPEC = Spec(
    {
        "name": Option(required=True),
        "state": Option(choices=("started", "stopped", "restarted", "absent", "paused")),
        "start_mode": Option(choices=("auto", "manual", "disabled", "delayed")),
        "dependencies": Option("list/str", simulated=False),
        "dependency_action": Option(
            default="set", choices=("add", "remove", "set"), simulated=False
        ),
        "description": Option(simulated=False),
        "desktop_interact": Option("bool", default=False, simulated=False),
        "display_name": Option(simulated=False),
        "error_control": Option(
            choices=("critical", "ignore", "normal", "severe"), simulated=False
        ),
        "failure_actions": Option("list/dict", simulated=False),
        "failure_actions_on_non_crash_failure": Option("bool", simulated=False),
        "failure_command": Option(simulated=False),
        "failure_reboot_msg": Option(simulated=False),
        "failure_reset_period_sec": Option(
            "int", aliases=("failure_reset_period",), simulated=False
        ),
        "force_dependent_services": Option("bool", default=False, simulated=False),
        "load_order_group": Option(simulated=False),
        "password": Option(simulated=False),
        "path": Option(simulated=False),
        "pre_shutdown_timeout_ms": Option(
            "int", aliases=("pre_shutdown_timeout",), simulated=False
        ),
        "required_privileges": Option("list/str", simulated=False),
        "service_type": Option(simulated=False),
        "sid_info": Option(choices=("none", "restricted", "unrestricted"), simulated=False),
        "update_password": Option(choices=("always", "on_create"), simulated=False),
        "username": Option(simulated=False),
    },
    required_by={"password": ("username",)},
)


#: Display name and program of the services that the lab's images have.
_KNOWN = {
    "Sense": ("Windows Defender Advanced Threat Protection Service", "MsSense.exe"),
    "WinDefend": ("Microsoft Defender Antivirus Service", "MsMpEng.exe"),
    "W32Time": ("Windows Time", "svchost.exe"),
    "wuauserv": ("Windows Update", "svchost.exe"),
}


def run(pc: PcFolder, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set what was asked for and report the service as the real module does."""
    with pc.change() as state:
        found = next((n for n in state["services"] if n.lower() == args["name"].lower()), None)
        if found is None:
            raise ModuleFailure(
                f"Cannot find service '{args['name']}' on {state['computer_name']}: "
                "the image does not carry it"
            )
        service = dict(state["services"][found])
        if args["state"] in ("absent", "paused"):
            raise ModuleFailure(f"win_service: the lab has no meaning for state={args['state']}")
        if args["start_mode"]:
            service["start_mode"] = args["start_mode"]
        if args["state"] in ("started", "restarted"):
            if service["start_mode"] == "disabled":
                raise ModuleFailure(f"Service '{found}' cannot be started: it is disabled")
            service["state"] = "running"
            service.pop("up_after", None)
        elif args["state"] == "stopped":
            service["state"] = "stopped"
        changed = service != state["services"][found] or args["state"] == "restarted"
        if not check_mode:
            state["services"][found] = service
    title, program = _KNOWN[found]
    return {
        "changed": changed,
        "exists": True,
        "name": found,
        "display_name": title,
        "description": title,
        "path": f"C:\\Windows\\System32\\{program}",
        "username": "NT AUTHORITY\\SYSTEM",
        "dependencies": [],
        "depended_by": [],
        "desktop_interact": False,
        "can_pause_and_continue": False,
        "start_mode": service["start_mode"],
        "state": service_state(state, service).replace("_", " "),
    }
