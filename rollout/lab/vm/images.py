"""What virtual PCs are made of, built once per state of the source and kept in a cache folder."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rollout.lab.supervisor.servers import make_key, public_key
from rollout.lab.vm import kernel, system_image
from rollout.lab.windows.state import write_atomically

#: Quiet and quick under emulation: nothing here is worth guarding against Spectre.
ARGUMENTS = "console=ttyS0 quiet mitigations=off random.trust_cpu=on no_timer_check"
#: Seconds that an unused build is kept; each takes 350 MB.
_KEPT = 24 * 3600.0


@dataclass(frozen=True)
class Built:
    """Files of one build. `key` opens every PC."""

    folder: Path
    kernel: Path
    initrd: Path
    key: Path

    def system(self, image_id: str) -> Path:
        """The file system with this image id; made when it is asked for the first time."""
        file = self.folder / f"{image_id}.img"
        if not file.exists():
            scratch = file.with_suffix(".new")
            system_image.build(scratch, image_id, public_key(self.key))
            scratch.rename(file)
        return file

    def compressed(self, image_id: str) -> Path:
        """The same, as the deployment server hands it out."""
        file = self.folder / f"{image_id}.img.gz"
        if not file.exists():
            scratch = file.with_suffix(".new")
            with self.system(image_id).open("rb") as plain, gzip.open(scratch, "wb", 6) as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)
            scratch.rename(file)
        return file


def cache() -> Path:
    """Where builds are kept: `ROLLOUT_VM_CACHE`, else below the user's cache folder."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("ROLLOUT_VM_CACHE") or base / "rollout-lab-vm")


def build(folder: Path) -> Built:
    """Kernel, installer and key in `folder`; images follow on demand. Raises LabError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fetched = kernel.fetch(folder / "kernels")
        key = folder / "id_ed25519"
        make_key(key)
        place = folder / _state_of_the_source(fetched.file)
        initrd = place / "initrd.gz"
        if not initrd.exists():
            place.mkdir(exist_ok=True)
            kernel.initramfs(fetched, place / "initrd.new")
            (place / "initrd.new").rename(initrd)
        _clear_away(folder, place)
    return Built(place, fetched.file, initrd, key)


def _clear_away(folder: Path, used: Path) -> None:
    """Remove builds of other states of the source that nobody has asked for since yesterday."""
    os.utime(used)
    for initrd in folder.glob("*/initrd.gz"):
        place = initrd.parent
        if place != used and place.stat().st_mtime < time.time() - _KEPT:
            shutil.rmtree(place)


def _state_of_the_source(kernel_file: Path) -> str:
    """Changes with everything that goes into an image or the installer."""
    digest = hashlib.sha256(f"{kernel_file.name} {sys.version} {sys.base_prefix}".encode())
    for file in system_image.sources():
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def write_deployment(folder: Path, built: Built, image_ids: Mapping[str, str | None]) -> None:
    """Fill the folder that the product serves: image id -> digest, None for the true one."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "kernel": _offered(folder, built.kernel, None),
        "initrd": _offered(folder, built.initrd, None),
        "images": {
            name: _offered(folder, built.compressed(name), digest)
            for name, digest in image_ids.items()
        },
        "arguments": ARGUMENTS,
        # The disks have no boot loader: their kernel comes over the network too.
        "local_kernel": True,
    }
    write_atomically(folder / "manifest.json", json.dumps(manifest, indent=1))


def _offered(folder: Path, file: Path, digest: str | None) -> dict[str, str | int]:
    target = folder / file.name
    target.unlink(missing_ok=True)
    try:
        os.link(file, target)
    except OSError:  # another file system
        shutil.copy(file, target)
    with target.open("rb") as stream:
        true = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"file": file.name, "sha256": digest or true, "size": target.stat().st_size}
