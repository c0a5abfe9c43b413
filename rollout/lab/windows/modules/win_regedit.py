"""ansible.windows.win_regedit: keys and values of the simulated registry."""

from __future__ import annotations

from typing import Any

from rollout.lab.windows import registry
from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder, State

_TYPES = ("none", "binary", "dword", "expandstring", "multistring", "string", "qword")

SPEC = Spec(
    {
        "path": Option(required=True, aliases=("key",)),
        "name": Option(aliases=("entry", "value")),
        "data": Option("raw"),
        "type": Option(default="string", choices=_TYPES, aliases=("datatype",)),
        "state": Option(default="present", choices=("present", "absent")),
        "delete_key": Option("bool", default=True),
        "hive": Option("path", simulated=False),
    }
)


def run(pc: PcFolder, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Write or remove a key or value; in check mode only say what would change."""
    result: dict[str, Any] = {"data_changed": False, "data_type_changed": False}
    with pc.change() as state:
        draft: State = {"registry": {k: dict(v) for k, v in state["registry"].items()}}
        if args["state"] == "present":
            _present(draft, args, result)
        else:
            _absent(draft, args)
        result["changed"] = draft["registry"] != state["registry"]
        if not check_mode:
            state["registry"] = draft["registry"]
    return result


def _present(draft: State, args: dict[str, Any], result: dict[str, Any]) -> None:
    key = draft["registry"].setdefault(registry.key_of(args["path"]), {})
    if args["name"] is None and args["data"] is None:
        return
    name = args["name"] or ""
    data = _data(args["type"], args["data"])
    old = key.get(name.lower())
    if old is None or old["data"] != data or old["type"] != args["type"]:
        result["data_changed"] = old is not None and old["data"] != data
        result["data_type_changed"] = old is not None and old["type"] != args["type"]
        key[name.lower()] = {"name": name, "type": args["type"], "data": data}


def _absent(draft: State, args: dict[str, Any]) -> None:
    if args["name"] is None and args["delete_key"]:
        registry.delete_key(draft, args["path"])
    else:
        draft["registry"].get(registry.key_of(args["path"]), {}).pop(
            (args["name"] or "").lower(), None
        )


def _data(kind: str, data: Any) -> Any:
    if kind in ("dword", "qword"):
        try:
            return int(data or 0)
        except (TypeError, ValueError):
            raise ModuleFailure(f"data: {data!r} is not a number, as type {kind} needs") from None
    if kind == "multistring":
        return [str(item) for item in (data if isinstance(data, list) else [data])]
    return "" if data is None else str(data)
