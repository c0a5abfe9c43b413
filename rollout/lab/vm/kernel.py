"""The kernel of the virtual PCs, from the Debian archive, and the system in memory around it."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rollout.i18n import _
from rollout.lab.errors import LabError
from rollout.lab.vm.programs import path_of, run

BOOT_FILES = Path(__file__).parent / "boot"
_META_PACKAGE = "linux-image-cloud-amd64"
_MODULES = ("virtio_pci", "virtio_blk", "virtio_net")


@dataclass(frozen=True)
class Kernel:
    """A kernel and its modules in the order in which they have to be loaded."""

    file: Path
    modules: tuple[Path, ...]


def fetch(folder: Path) -> Kernel:
    """The kernel, downloaded once into `folder`. Raises LabError."""
    package = _package()
    unpacked = folder / package
    if not unpacked.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            run("apt-get", "download", package, cwd=Path(scratch))
            (archive,) = Path(scratch).glob("*.deb")
            run("dpkg", "-x", archive, Path(scratch) / "tree")
            (Path(scratch) / "tree").rename(unpacked)
    release = package.removeprefix("linux-image-")
    run("depmod", "-b", unpacked, release)
    order: list[Path] = []
    for module in _MODULES:
        listed = run("modprobe", "-d", unpacked, "-S", release, "--show-depends", module)
        for line in listed.splitlines():
            kind, _blank, path = line.strip().partition(" ")
            if kind == "insmod" and Path(path) not in order:
                order.append(Path(path))
    return Kernel(unpacked / "boot" / f"vmlinuz-{release}", tuple(order))


def _package() -> str:
    """The package that stands behind the name of the newest cloud kernel."""
    for line in run("apt-cache", "depends", _META_PACKAGE).splitlines():
        kind, _colon, name = line.strip().partition(": ")
        if kind == "Depends" and name.startswith("linux-image-"):
            return name
    raise LabError(_("{package} names no kernel").format(package=_META_PACKAGE))


def initramfs(kernel: Kernel, target: Path) -> None:
    """Write the installer: busybox, the modules, and `boot/init`."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "bin").mkdir()
        (root / "modules").mkdir()
        shutil.copy(path_of("busybox"), root / "bin" / "busybox")
        for module in kernel.modules:
            shutil.copy(module, root / "modules" / module.name)
        names = "".join(f"{module.name}\n" for module in kernel.modules)
        (root / "modules" / "order").write_text(names, encoding="ascii")
        shutil.copy(BOOT_FILES / "init", root / "init")
        (root / "init").chmod(0o755)
        files = "".join(f"{path.relative_to(root)}\n" for path in sorted(root.rglob("*")))
        archive = root.parent / f"{root.name}.cpio"
        try:
            run("cpio", "-o", "-H", "newc", "-O", archive, cwd=root, stdin=files.encode())
            target.write_bytes(gzip.compress(archive.read_bytes(), 6))
        finally:
            archive.unlink(missing_ok=True)
