"""direct-access: the proxies of policy and users go, DNS, firewall, updates, time, EDR come."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import clock, registry
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.state import State

RING = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate"
_DIRECT = {"auto_detect": False, "auto_config_url": None, "proxy": None, "bypass": None}


def run(call: Call) -> None:
    """Works on a draft; in check mode the draft is dropped."""
    with call.pc.change() as state:
        draft: State = {**state, "registry": {k: dict(v) for k, v in state["registry"].items()}}
        done = _change(draft, call.parameters)
        if not call.check_mode:
            state.update(draft)
    call.changed = bool(done)
    call.result = {"changed": done}


def _change(draft: State, parameters: dict[str, Any]) -> list[str]:
    done = []
    if registry.exists(draft, registry.PROXY_POLICY):
        registry.delete_key(draft, registry.PROXY_POLICY)
        done.append("policy proxy")
    if draft["inet"] != _DIRECT:
        draft["inet"] = dict(_DIRECT)
        done.append("proxy of users")
    for name, wanted, called in (
        ("dns", "DnsServers", "name servers"),
        ("time_servers", "TimeServers", "time servers"),
    ):
        if parameters[wanted] and draft[name] != parameters[wanted]:
            draft[name] = list(parameters[wanted])
            done.append(called)
    off = [name for name, on in draft["firewall"].items() if not on]
    if off:
        draft["firewall"] = dict.fromkeys(draft["firewall"], True)
        done += [f"firewall {name}" for name in off]
    done += _ring(draft, parameters)
    missing = [text for text in parameters["Certificates"] if text not in draft["certificates"]]
    if missing:
        draft["certificates"] = [*draft["certificates"], *missing]
        done += ["certificate"] * len(missing)
    if parameters["EdrOnboarding"] and draft["edr"]["onboarded_at"] is None:
        draft["edr"] = {"onboarded_at": clock.now()}
        done.append("EDR onboarding")
    return done


def _ring(draft: State, parameters: dict[str, Any]) -> list[str]:
    wanted = {
        "DeferQualityUpdates": 1,
        "DeferQualityUpdatesPeriodInDays": int(parameters["QualityDays"]),
        "DeferFeatureUpdates": 1,
        "DeferFeatureUpdatesPeriodInDays": int(parameters["FeatureDays"]),
    }
    changed = [name for name, v in wanted.items() if registry.value(draft, RING, name) != v]
    for name in changed:
        registry.write(draft, RING, name, wanted[name], "dword")
    return changed
