"""What the three user-state scripts share: counting, digesting and the pointer to the good copy."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.state import PcFolder


class Inventory(NamedTuple):
    """A tree in three numbers; equal digests mean the same files with the same content."""

    files: int
    bytes: int
    digest: str


def take(roots: dict[str, Path], only: set[str] | None = None) -> Inventory:
    """Count and digest the files below the roots, each named `<root>/<relative path>`."""
    lines, total = [], 0
    for prefix, root in roots.items():
        for file in root.rglob("*"):
            name = f"{prefix}/{file.relative_to(root).as_posix()}"
            if file.is_file() and (only is None or name in only):
                content = file.read_bytes()
                total += len(content)
                lines.append(f"{name}|{len(content)}|{hashlib.sha256(content).hexdigest()}")
    lines.sort(key=lambda line: line.encode("utf-16-be"))
    text = "".join(f"{line}\n" for line in lines)
    return Inventory(len(lines), total, hashlib.sha256(text.encode()).hexdigest())


def roots(base: Path, paths: list[str]) -> dict[str, Path]:
    """Where each captured path lies inside a copy: `C:\\Users` in `C/Users`."""
    return {_inside(path): base / _inside(path) for path in paths}


def sources(pc: PcFolder, paths: list[str]) -> dict[str, Path]:
    """Where each captured path lies on the PC."""
    return {_inside(path): to_file(pc, path) for path in paths}


def _inside(path: str) -> str:
    return path.replace(":", "").replace("\\", "/").strip("/")


def copy_tree(source: Path, target: Path) -> int:
    """What robocopy /E does: copy what is missing or different, delete nothing."""
    copied = 0
    for file in sorted(source.rglob("*")):
        destination = target / file.relative_to(source)
        if file.is_dir():
            destination.mkdir(parents=True, exist_ok=True)
        elif not _same(file, destination):
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, destination)
            copied += 1
    return copied


def _same(file: Path, other: Path) -> bool:
    if not other.is_file():
        return False
    one, two = file.stat(), other.stat()
    return one.st_size == two.st_size and abs(one.st_mtime - two.st_mtime) < 2


def read_pointer(pc: PcFolder, root: str, serial: str) -> tuple[Path, dict[str, Any]]:
    """The verified copy that `current.json` names, refused when it is of another machine."""
    folder = to_file(pc, root)
    try:
        pointer = json.loads((folder / "current.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScriptError(
            f"Refused: there is no verified copy of this machine's user data in {root}. "
            "Run capture first."
        ) from None
    if pointer["serial"] != serial:
        raise ScriptError(
            f"Refused: the copy in {root} is of the machine with serial {pointer['serial']}, "
            f"not {serial}."
        )
    return folder / pointer["folder"], pointer
