"""stage-setup-media: the right media are on the PC, whole, before anything is armed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.scripts.user_copy import copy_tree


def run(call: Call) -> None:
    """Other media than those of the digest are refused."""
    source, wanted = call.parameters["Source"], call.parameters["Digest"]
    if not re.fullmatch(r"[0-9a-f]{64}", wanted):
        raise ScriptError("Refused: reimage_media_sha256 is no SHA-256. Set it in group_vars.")
    folder = to_file(call.pc, call.parameters["Folder"])
    image = folder / "sources" / "install.wim"
    call.result = {"digest": wanted}
    call.changed = not (image.is_file() and _digest(image) == wanted)
    if not call.changed:
        _refuse_without_setup(folder, source)
    if not call.changed or call.check_mode:
        return
    copy_tree(call.pc, to_file(call.pc, source), folder)
    if _digest(image) != wanted:
        raise ScriptError(
            f"Refused: the media in {source} have digest {_digest(image)}, expected {wanted}. "
            "Nothing was armed."
        )
    _refuse_without_setup(folder, source)


def _refuse_without_setup(folder: Path, source: str) -> None:
    if not (folder / "setup.exe").is_file():
        raise ScriptError(f"Refused: the media in {source} have no setup.exe. Nothing was armed.")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
