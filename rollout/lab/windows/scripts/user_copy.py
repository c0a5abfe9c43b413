"""What the three user-state scripts share: counting, digesting and the pointer to the good copy."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from rollout.lab.windows import clock
from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.state import PcFolder, write_atomically


class Inventory(NamedTuple):
    """A tree in three numbers; equal digests mean the same files with the same content."""

    files: int
    bytes: int
    digest: str


def take(
    roots: dict[str, Path],
    sample: int = 0,
    only: set[str] | None = None,
    without: Collection[str] = (),
) -> Inventory:
    """Count and digest the files below the roots, each named `<root>/<relative path>`.

    Every file counts with its size; with `sample` the content of about so many is read. Folders
    whose name is in `without` are left out.
    """
    found: dict[str, Path] = {}
    for prefix, root in roots.items():
        for file in _below(root, without):
            name = f"{prefix}/{file.relative_to(root).as_posix()}"
            if file.is_file() and (only is None or name in only):
                found[name] = file
    stride = max(1, -(-len(found) // sample)) if sample else 1
    text, total = [], 0
    for number, name in enumerate(sorted(found, key=lambda name: name.encode("utf-16-be"))):
        size = found[name].stat().st_size
        read = number % stride == 0
        content = hashlib.sha256(found[name].read_bytes()).hexdigest() if read else "-"
        text.append(f"{name}|{size}|{content}\n")
        total += size
    return Inventory(len(found), total, hashlib.sha256("".join(text).encode()).hexdigest())


def roots(base: Path, paths: list[str]) -> dict[str, Path]:
    """Where each captured path lies inside a copy: `C:\\Users` in `C/Users`."""
    return {_inside(path): base / _inside(path) for path in paths}


def sources(pc: PcFolder, paths: list[str]) -> dict[str, Path]:
    """Where each captured path lies on the PC."""
    return {_inside(path): to_file(pc, path) for path in paths}


def _inside(path: str) -> str:
    return path.replace(":", "").replace("\\", "/").strip("/")


def _below(root: Path, without: Collection[str]) -> list[Path]:
    """Folders and files, but no folder of the given names with what is in it."""
    left_out = {name.lower() for name in without}
    found = []
    for entry in sorted(root.rglob("*")):
        inside = entry.relative_to(root)
        folders = inside.parts if entry.is_dir() else inside.parts[:-1]
        if not left_out.intersection(part.lower() for part in folders):
            found.append(entry)
    return found


def copy_tree(pc: PcFolder, source: Path, target: Path, without: Collection[str] = ()) -> int:
    """What robocopy /E /XD does: copy what is missing or different, delete nothing.

    Raises ScriptError when the lab's scenario makes it end with a code of 8 or more.
    """
    copied = 0
    for file in _below(source, without):
        destination = target / file.relative_to(source)
        if file.is_dir():
            destination.mkdir(parents=True, exist_ok=True)
        elif not _same(file, destination):
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, destination)
            copied += 1
    code = int(pc.faults().get("robocopy_code", 0))
    if code >= 8:
        raise ScriptError(f"robocopy of {source} ended with {code}: the lab's scenario says so")
    return copied


def _same(file: Path, other: Path) -> bool:
    if not other.is_file():
        return False
    one, two = file.stat(), other.stat()
    return one.st_size == two.st_size and abs(one.st_mtime - two.st_mtime) < 2


def write_pointer(folder: Path, call: Call, method: str, facts: Inventory, serial: str) -> None:
    """Name the copy of this order as the good one."""
    from datetime import timedelta

    pointer = {
        "method": method,
        "folder": order_name(call),
        "serial": serial,
        "sample": int(call.parameters["SampleFiles"]),
        **facts._asdict(),
        "keep_until": str(clock.today() + timedelta(days=int(call.parameters["KeepDays"]))),
        "restored": False,
        "restored_stamp": 0,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "current.json", json.dumps(pointer, indent=1))


def order_name(call: Call) -> str:
    """The folder of this order below the copy root."""
    return f"e{int(call.parameters['Epoch'])}"


def refuse_new_image(call: Call, machine: dict[str, Any]) -> None:
    """What is on the new image is not the user's."""
    if machine["image_id"] == call.parameters["NewImageId"]:
        raise ScriptError(
            f"Refused: this machine already runs the new image {machine['image_id']}; capturing "
            "it would put an empty copy in the place of the user's."
        )


def note_restored(pc: PcFolder, root: str, pointer: dict[str, Any], stamp: int) -> None:
    """Remember that the copy is back on the system that order `stamp` installed."""
    if not pointer["restored"] or pointer["restored_stamp"] != stamp:
        pointer |= {"restored": True, "restored_stamp": stamp}
        write_atomically(to_file(pc, root) / "current.json", json.dumps(pointer, indent=1))


def pointer_of(folder: Path) -> dict[str, Any] | None:
    """The record of the good copy, None while there is none."""
    try:
        pointer: dict[str, Any] = json.loads((folder / "current.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return pointer


def read_pointer(pc: PcFolder, root: str, serial: str) -> tuple[Path, dict[str, Any]]:
    """The verified copy that `current.json` names, refused when it is of another machine."""
    folder = to_file(pc, root)
    pointer = pointer_of(folder)
    if pointer is None:
        raise ScriptError(
            f"Refused: there is no verified copy of this machine's user data in {root}. "
            "Run capture first."
        )
    if pointer["serial"] != serial:
        raise ScriptError(
            f"Refused: the copy in {root} is of the machine with serial {pointer['serial']}, "
            f"not {serial}."
        )
    return folder / pointer["folder"], pointer
