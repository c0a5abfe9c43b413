"""ansible.windows.win_http_proxy: the WinHTTP proxy, used by services and Windows Update."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder

SPEC = Spec(
    {
        "bypass": Option("list/str"),
        "proxy": Option("raw"),
        "source": Option(choices=("ie",)),
    },
    exclusive=(("proxy", "source"), ("bypass", "source")),
    required_by={"bypass": ("proxy",)},
)
_PROTOCOLS = ("http", "https", "ftp", "socks")


def proxy_text(proxy: Any) -> str | None:
    """The proxy in Windows' own notation, None when there is none."""
    if isinstance(proxy, dict):
        wrong = sorted(set(proxy) - set(_PROTOCOLS))
        if wrong:
            raise ModuleFailure(
                f"Invalid keys found in proxy: {', '.join(wrong)}. "
                f"Valid keys are {', '.join(_PROTOCOLS)}."
            )
        return ";".join(f"{name}={proxy[name]}" for name in _PROTOCOLS if name in proxy) or None
    return str(proxy) if proxy else None


def run(pc: PcFolder, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set the proxy; no arguments mean direct access."""
    with pc.change() as state:
        if args["source"] == "ie":
            wanted = {"proxy": state["inet"]["proxy"], "bypass": state["inet"]["bypass"]}
        else:
            bypass = ";".join(args["bypass"]) if args["bypass"] else None
            wanted = {"proxy": proxy_text(args["proxy"]), "bypass": bypass}
        changed = wanted != state["winhttp"]
        if not check_mode:
            state["winhttp"] = wanted
    return {"changed": changed}
