"""ansible.windows.win_service: start mode and state of a service that the image has."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder

_NO = {"simulated": False}
SPEC = Spec(
    {
        "name": Option(required=True),
        "state": Option(choices=("started", "stopped", "restarted", "absent", "paused")),
        "start_mode": Option(choices=("auto", "manual", "disabled", "delayed")),
        "dependencies": Option("list/str", **_NO),
        "dependency_action": Option(default="set", choices=("add", "remove", "set"), **_NO),
        "description": Option(**_NO),
        "desktop_interact": Option("bool", default=False, **_NO),
        "display_name": Option(**_NO),
        "error_control": Option(choices=("critical", "ignore", "normal", "severe"), **_NO),
        "failure_actions": Option("list/dict", **_NO),
        "failure_actions_on_non_crash_failure": Option("bool", **_NO),
        "failure_command": Option(**_NO),
        "failure_reboot_msg": Option(**_NO),
        "failure_reset_period_sec": Option("int", aliases=("failure_reset_period",), **_NO),
        "force_dependent_services": Option("bool", default=False, **_NO),
        "load_order_group": Option(**_NO),
        "password": Option(**_NO),
        "path": Option(**_NO),
        "pre_shutdown_timeout_ms": Option("int", aliases=("pre_shutdown_timeout",), **_NO),
        "required_privileges": Option("list/str", **_NO),
        "service_type": Option(**_NO),
        "sid_info": Option(choices=("none", "restricted", "unrestricted"), **_NO),
        "update_password": Option(choices=("always", "on_create"), **_NO),
        "username": Option(**_NO),
    },
    required_by={"password": ("username",)},
)


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
        elif args["state"] == "stopped":
            service["state"] = "stopped"
        changed = service != state["services"][found] or args["state"] == "restarted"
        if not check_mode:
            state["services"][found] = service
    return {
        "changed": changed,
        "exists": True,
        "name": found,
        "start_mode": service["start_mode"],
        "state": service["state"],
    }
