"""Module arguments checked as the real modules check them: unknown refused, types, choices."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from rollout.lab.windows.errors import ModuleFailure

_TRUE = {"yes", "on", "1", "true", "y", "t", "1.0"}
_FALSE = {"no", "off", "0", "false", "n", "f", "0.0"}


class Option(NamedTuple):
    """One argument of a module. (Not a dataclass: that import costs 10 ms per task.)"""

    kind: str = "str"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    #: False where the lab would have to pretend: given, the module refuses instead.
    simulated: bool = True


class Spec(NamedTuple):
    """All arguments of a module and the rules between them."""

    options: dict[str, Option]
    one_of: tuple[tuple[str, ...], ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    required_by: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def check(module: str, spec: Spec, given: dict[str, Any]) -> dict[str, Any]:
    """The complete, typed arguments, or a ModuleFailure that names the first fault."""
    names = {alias: name for name, o in spec.options.items() for alias in (name, *o.aliases)}
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ModuleFailure(
            f"Unsupported parameters for ({module}) module: {', '.join(unknown)}. "
            f"Supported parameters include: {', '.join(sorted(spec.options))}"
        )
    values = {names[key]: value for key, value in given.items() if value is not None}
    missing = [n for n, o in spec.options.items() if o.required and n not in values]
    if missing:
        raise ModuleFailure(f"missing required arguments: {', '.join(missing)}")
    for name in values:
        if not spec.options[name].simulated:
            raise ModuleFailure(f"{module}: the lab has no meaning for the argument {name}")
    _check_between(spec, values)
    return {
        name: _typed(name, option, values[name]) if name in values else option.default
        for name, option in spec.options.items()
    }


def _check_between(spec: Spec, values: dict[str, Any]) -> None:
    for group in spec.one_of:
        if not any(name in values for name in group):
            raise ModuleFailure(f"one of the following is required: {', '.join(group)}")
    for group in spec.exclusive:
        if sum(name in values for name in group) > 1:
            raise ModuleFailure(f"parameters are mutually exclusive: {', '.join(group)}")
    for name, needed in spec.required_by.items():
        lacking = [other for other in needed if other not in values]
        if name in values and lacking:
            raise ModuleFailure(f"missing parameter(s) required by '{name}': {', '.join(lacking)}")


def _typed(name: str, option: Option, value: Any) -> Any:
    converted = _convert(name, option.kind, value)
    if option.choices and converted not in option.choices:
        raise ModuleFailure(
            f"value of {name} must be one of: {', '.join(option.choices)}. "
            f"Got no match for: {value}"
        )
    return converted


def _convert(name: str, kind: str, value: Any) -> Any:
    if kind == "raw":
        return value
    if kind == "bool":
        word = str(value).lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise ModuleFailure(f"argument for {name} is of type str and cannot be converted to bool")
    if kind == "int":
        try:
            return int(value)
        except (TypeError, ValueError):
            raise ModuleFailure(f"argument for {name} cannot be converted to int") from None
    if kind.startswith("list"):
        items = value if isinstance(value, list) else str(value).split(",")
        return [_convert(name, kind.partition("/")[2] or "raw", item) for item in items]
    if kind == "dict":
        if not isinstance(value, dict):
            raise ModuleFailure(
                f"argument for {name} is of type str and cannot be converted to dict"
            )
        return value
    if isinstance(value, (dict, list)):
        raise ModuleFailure(f"argument for {name} cannot be converted to str")
    return str(value)
