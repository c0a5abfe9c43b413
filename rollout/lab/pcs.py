"""Making the lab's PCs on disk."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rollout.i18n import _
from rollout.lab.errors import LabError
from rollout.lab.user_files import write_user_files
from rollout.lab.windows.image import Hardware, carry_usmt, office_pc
from rollout.lab.windows.state import PcFolder, write_atomically

_COMPUTER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


@dataclass(frozen=True)
class LabPc:
    """One PC to be simulated. `files` are put on C: in place of the usual user files."""

    computer_name: str
    asset_tag: str
    serial: str
    mac: str
    generation: str
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The name becomes a folder and a line of ssh_config: nothing but a host name may pass.
        if not _COMPUTER_NAME.fullmatch(self.computer_name):
            raise LabError(
                _(
                    "{tag}: {name!r} is no computer name that the lab can use; "
                    "letters, digits and hyphens only"
                ).format(tag=self.asset_tag, name=self.computer_name)
            )


def create(pcs: Path, machine: LabPc) -> None:
    """Make the PC with its old office image; one that exists keeps its state."""
    pc = PcFolder(pcs / machine.computer_name)
    if pc.state_file.exists():
        return
    hardware = Hardware(
        machine.computer_name, machine.asset_tag, machine.serial, machine.mac, machine.generation
    )
    user = f"u{machine.asset_tag.rpartition('-')[2]}"
    (pc.path / "home").mkdir(parents=True, exist_ok=True)
    for folder in ("Windows/System32", "ProgramData", "Users/Public"):
        (pc.disk / folder).mkdir(parents=True, exist_ok=True)
    carry_usmt(pc.disk)
    version = pc.disk / "Windows" / "System32" / "version.txt"
    version.write_text("office image\n", encoding="utf-8")
    for name, content in machine.files.items():
        target = pc.disk / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if not machine.files:
        write_user_files(pc.disk, user, machine.asset_tag)
    # Last: a PC without this file is not there yet and is made again.
    state = office_pc(hardware, [user])
    write_atomically(pc.state_file, json.dumps(state, ensure_ascii=False, indent=1))


def find(folder: Path, name: str) -> PcFolder:
    """The lab's PC with this asset tag or computer name. Raises LabError when there is none."""
    pcs = folder / "pcs"
    if not pcs.is_dir():
        raise LabError(
            _("there is no lab in {folder}; `rollout lab up` makes one").format(folder=folder)
        )
    for path in sorted(pcs.iterdir()):
        state = PcFolder(path).read()
        if name.upper() in (state["asset_tag"].upper(), state["computer_name"].upper()):
            return PcFolder(path)
    raise LabError(_("no such PC in the lab: {names}").format(names=name))
