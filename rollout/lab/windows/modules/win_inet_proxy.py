"""ansible.windows.win_inet_proxy: the WinINET proxy, PAC address and detection of a user."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.modules.win_http_proxy import proxy_text
from rollout.lab.windows.state import PcFolder

SPEC = Spec(
    {
        "auto_detect": Option("bool", default=True),
        "auto_config_url": Option(),
        "proxy": Option("raw"),
        "bypass": Option("list/str"),
        "connection": Option(simulated=False),
    },
    required_by={"bypass": ("proxy",)},
)


def run(pc: PcFolder, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Replace all four settings, as the real module does."""
    wanted = {
        "auto_detect": args["auto_detect"],
        "auto_config_url": args["auto_config_url"] or None,
        "proxy": proxy_text(args["proxy"]),
        "bypass": ";".join(args["bypass"]) if args["bypass"] else None,
    }
    with pc.change() as state:
        changed = wanted != state["inet"]
        if not check_mode:
            state["inet"] = wanted
    return {"changed": changed}
