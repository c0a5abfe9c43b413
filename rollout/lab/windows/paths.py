"""From the paths that playbooks use to the lab's files."""

from __future__ import annotations

from pathlib import Path

from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder


def to_file(pc: PcFolder, path: str) -> Path:
    """Where `C:\\Users\\x` of this PC, or a share that the lab keeps as a folder, really is.

    `C:` is the PC's own disk and cannot be left by `..`; an absolute POSIX path stands for a file
    server's share, which every PC sees under the same name.
    """
    parts = path.replace("\\", "/")
    if parts[1:2] == ":":
        if parts[0].upper() != "C":
            raise ModuleFailure(f"{path}: a lab PC has no drive {parts[0]}:, only C:")
        target = (pc.disk / parts[2:].lstrip("/")).resolve()
        if not target.is_relative_to(pc.disk.resolve()):
            raise ModuleFailure(f"{path}: leads out of the drive")
        return target
    if parts.startswith("//"):
        raise ModuleFailure(f"{path}: the lab has no file server; set the copy root to a folder")
    if not parts.startswith("/") or ".." in parts.split("/"):
        raise ModuleFailure(f"{path}: not an absolute path")
    return Path(parts)
