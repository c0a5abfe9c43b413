"""What goes wrong on purpose, per PC, settable while the lab runs."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from rollout.i18n import _
from rollout.lab.errors import LabError
from rollout.lab.pcs import find
from rollout.lab.windows.state import PcFolder, write_atomically

#: Every fault with the kinds of value it takes and what it does.
FAULTS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "fails_at": (str, "the work of this step fails after the guard has let it in"),
    "silent_after_reimage": (bool, "installs, then neither reports nor answers until cleared"),
    "slow": ((int, float), "every step takes this many seconds longer"),
    "wrong_serial": ((bool, str), "the firmware reports another serial than the ledger has"),
    "powered_off": (bool, "the PC is off: no port, no boot"),
    "robocopy_code": (int, "copying user files ends with this code of robocopy"),
    "file_in_use": (bool, "a program goes on writing to a user's file while it is copied"),
    "usmt_code": (int, "keeping or loading the user state ends with this code of USMT"),
    "drops_session": (str, "the connection breaks in the middle of this long work, once"),
    "no_boot": (bool, "the order to restart is reported as done, and nothing happens"),
}


def set_fault(folder: Path, computer_name: str, **faults: Any) -> None:
    """Add or replace faults of a PC. Raises LabError for a fault that the lab does not know."""
    check(faults)
    pc = find(folder, computer_name)
    _write(pc, {**pc.faults(), **faults})


def clear_fault(folder: Path, computer_name: str, *names: str) -> None:
    """Take the named faults away, or all of them when none is named."""
    pc = find(folder, computer_name)
    kept = {k: v for k, v in pc.faults().items() if names and k not in names}
    _write(pc, kept)


def load_scenario(path: Path) -> dict[str, dict[str, Any]]:
    """Faults per computer name or asset tag, from a TOML or JSON file."""
    try:
        text = path.read_text(encoding="utf-8")
        scenario = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise LabError(f"{path}: {error}") from None
    for name, faults in scenario.items():
        if not isinstance(faults, dict):
            raise LabError(
                _("{path}: {name}: expected a table of faults").format(path=path, name=name)
            )
        try:
            check(faults)
        except LabError as error:
            raise LabError(f"{path}: {name}: {error}") from None
    return dict(scenario)


def apply_scenario(folder: Path, scenario: dict[str, dict[str, Any]]) -> None:
    """Set a scenario's faults; a name in it that is no PC of the lab is a LabError."""
    by_name: dict[str, str] = {}
    for path in (folder / "pcs").iterdir():
        state = PcFolder(path).read()
        by_name |= {state["computer_name"]: path.name, state["asset_tag"]: path.name}
    unknown = sorted(set(scenario) - set(by_name))
    if unknown:
        raise LabError(_("no such PC in the lab: {names}").format(names=", ".join(unknown)))
    for name, faults in scenario.items():
        set_fault(folder, by_name[name], **faults)


def check(faults: dict[str, Any]) -> None:
    """Raise LabError for unknown faults and values of the wrong kind."""
    for name, value in faults.items():
        if name not in FAULTS:
            raise LabError(
                _("unknown fault {name}; there are {known}").format(
                    name=name, known=", ".join(sorted(FAULTS))
                )
            )
        if not _fits(FAULTS[name][0], value):
            message = _("fault {name}: {value!r} is not of the right kind")
            raise LabError(message.format(name=name, value=value))


def _fits(kinds: type | tuple[type, ...], value: Any) -> bool:
    # True is an int for Python, but not a number of seconds.
    return isinstance(value, kinds) and not (isinstance(value, bool) and bool not in _all(kinds))


def _all(kinds: type | tuple[type, ...]) -> tuple[type, ...]:
    return kinds if isinstance(kinds, tuple) else (kinds,)


def _write(pc: PcFolder, faults: dict[str, Any]) -> None:
    write_atomically(pc.faults_file, json.dumps(faults, ensure_ascii=False))
    write_atomically(pc.requests / f"{pc.name}.faults", "")
