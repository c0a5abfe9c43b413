"""What a PC's SSH server is, however it is made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Protocol

from rollout.lab.windows.state import PcFolder

#: The folder above the package: shim modules find `rollout.lab.windows` there.
LIBRARY = Path(__file__).resolve().parents[3]


class SshServer(Protocol):
    """The SSH server of one PC on its fixed port."""

    async def open(self) -> None:
        """Listen with the PC's present host key."""

    async def cut(self) -> None:
        """Close the port and cut every connection with what runs in it."""


def environment(pc: PcFolder) -> dict[str, str]:
    """What a session on the PC finds in its environment, and nothing else."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(pc.path / "home"),
        "LANG": "C.UTF-8",
        "ROLLOUT_LAB_PC": str(pc.path),
        "ROLLOUT_LAB_LIB": str(LIBRARY),
        # So that `lab down` finds what a killed supervisor left behind.
        "ROLLOUT_LAB_SESSION_OF": str(pc.path.parent.parent),
    }


def make_key(path: Path) -> None:
    """An ed25519 key pair without passphrase, unless there is one."""
    if not path.exists():
        path.with_name(f"{path.name}.pub").unlink(missing_ok=True)
        subprocess.run(
            [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                path.parent.name,
                "-f",
                str(path),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )


def public_key(path: Path) -> str:
    """The public half as one line without comment, empty while there is no key."""
    try:
        text = path.with_name(f"{path.name}.pub").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    return " ".join(text.split()[:2])
