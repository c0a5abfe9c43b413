"""What this computer needs for virtual PCs, and the reason when something is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from rollout.i18n import _
from rollout.lab.errors import LabError

#: Debian packages, and a program or file by which each is known.
PACKAGES = {
    "qemu-system-x86": "qemu-system-x86_64",
    "ipxe-qemu": "/usr/lib/ipxe/qemu/pxe-virtio.rom",
    "busybox-static": "busybox",
    "dropbear-bin": "dropbear",
    "e2fsprogs": "mke2fs",
    "cpio": "cpio",
    "kmod": "depmod",
    "openssh-client": "ssh-keygen",
}
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> str | None:
    """Why virtual PCs cannot run here, with the remedy; None when they can."""
    absent = [package for package, mark in PACKAGES.items() if not _there(mark)]
    if absent:
        return _("virtual PCs need: apt-get install {packages}").format(packages=" ".join(absent))
    for program in ("apt-get", "apt-cache", "dpkg"):
        if shutil.which(program, path=_SYSTEM) is None:
            return _("virtual PCs take their kernel from a Debian archive: {program} is missing")
    return None


def _there(mark: str) -> bool:
    if mark.startswith("/"):
        return Path(mark).exists()
    return shutil.which(mark, path=_SYSTEM) is not None


def path_of(name: str) -> Path:
    """Where a program is. Raises LabError."""
    found = shutil.which(name, path=_SYSTEM)
    if found is None:
        raise LabError(_("{program} is not installed").format(program=name))
    return Path(found)


def run(
    *command: str | Path,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    well: tuple[int, ...] = (0,),
) -> str:
    """The output of a program that ends `well`. Raises LabError with what it said otherwise."""
    program, *arguments = (str(part) for part in command)
    ended = subprocess.run(
        [str(path_of(program)), *arguments],
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        check=False,
    )
    if ended.returncode not in well:
        said = (ended.stderr or ended.stdout).decode("utf-8", "replace").strip()
        raise LabError(f"{program} {' '.join(arguments[:3])}: {said.splitlines()[-1:]}")
    return ended.stdout.decode("utf-8", "replace")
