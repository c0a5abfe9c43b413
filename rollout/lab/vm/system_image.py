"""The image of a virtual PC: busybox, dropbear, this Python, and the lab's stand-ins."""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from rollout.lab.supervisor.servers import LIBRARY
from rollout.lab.vm import kernel
from rollout.lab.vm.kernel import BOOT_FILES
from rollout.lab.vm.programs import path_of, run

#: Megabytes of the image, which is also the size of a PC's disk.
SIZE_MB = 128
#: Parts of the standard library that no stand-in needs; they are two thirds of it.
_LEFT_OUT = (
    *("test", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "distutils", "unittest"),
    *("site-packages", "pydoc_data", "asyncio", "multiprocessing", "sqlite3", "dbm", "curses"),
    *("wsgiref", "venv", "xmlrpc", "__pycache__"),
)
#: Compiled modules that the stand-ins reach; others would drag in OpenSSL and more.
_COMPILED = (
    *("_bisect", "_blake2", "_datetime", "_heapq", "_json", "_posixsubprocess", "_random"),
    *("_sha1", "_sha256", "_sha3", "_sha512", "_md5", "_socket", "_struct", "_uuid", "array"),
    *("binascii", "fcntl", "grp", "math", "select", "unicodedata", "zlib", "_opcode", "_queue"),
)
#: What of our own package runs inside the PC.
_OURS = ("__init__.py", "lab/__init__.py", "lab/user_files.py", "lab/wipes.py", "lab/windows",
         "lab/vm/__init__.py", "lab/vm/guest.py")  # fmt: skip
_EMPTY = ("dev", "proc", "sys", "tmp", "run", "srv/share", "root/.ssh", "var/log", "rollout/pcs")


def build(target: Path, image_id: str, authorised_key: str) -> None:
    """Write the file system of a PC with this image into `target`."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        for folder in ("bin", "sbin", "usr/bin", "usr/sbin", "etc/rollout", "opt/rollout", *_EMPTY):
            (root / folder).mkdir(parents=True, exist_ok=True)
        _busybox(root)
        _python(root)
        for program, place in (("dropbear", "usr/sbin"), ("dropbearkey", "usr/bin")):
            _program(root, path_of(program), place)
        _our_package(root / "opt" / "rollout" / "rollout")
        _settings(root, image_id, authorised_key)
        target.unlink(missing_ok=True)
        size = f"{SIZE_MB}M"
        run("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", "-d", root, target, size)


def sources() -> list[Path]:
    """Every file of ours that goes into an image or the installer."""
    ours = [LIBRARY / "rollout" / name for name in _OURS]
    found = [file for path in ours for file in ([path] if path.is_file() else path.rglob("*.py"))]
    return sorted([*found, *BOOT_FILES.iterdir(), Path(__file__), Path(kernel.__file__)])


def _busybox(root: Path) -> None:
    busybox = path_of("busybox")
    shutil.copy(busybox, root / "bin" / "busybox")
    listed = subprocess.run([busybox, "--list-full"], capture_output=True, text=True, check=True)
    for line in listed.stdout.split():
        link = root / line
        if link.name != "busybox" and link.parent.is_dir() and not link.is_symlink():
            link.symlink_to("/bin/busybox")


def _python(root: Path) -> None:
    # The one that runs now: its standard library is at hand, and the controller's version fits.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = Path(sys.base_prefix) / "bin" / version
    _program(root, interpreter, "usr/bin")
    (root / "usr" / "bin" / "python3").symlink_to(version)
    origin = Path(sys.base_prefix) / "lib" / version
    library = root / "usr" / "lib" / version
    ignored = shutil.ignore_patterns(*_LEFT_OUT, "config-*", "lib-dynload")
    shutil.copytree(origin, library, ignore=ignored)
    compiled = library / "lib-dynload"
    compiled.mkdir()
    suffix = str(sysconfig.get_config_var("EXT_SUFFIX"))
    for name in _COMPILED:
        module = origin / "lib-dynload" / f"{name}{suffix}"
        # A module may also be part of the interpreter itself.
        if module.exists():
            shutil.copy(module, compiled)
            _libraries(root, module)
    compileall.compile_dir(library, stripdir=str(root), quiet=2)


def _program(root: Path, program: Path, place: str) -> None:
    shutil.copy(program, root / place / program.name)
    _libraries(root, program)


def _libraries(root: Path, program: Path) -> None:
    """Copy the shared libraries that a program is linked with, to the places the loader knows."""
    for line in run("ldd", program).splitlines():
        words = line.split()
        found = next((Path(word) for word in words if word.startswith("/")), None)
        if found is None:
            continue
        place = root / ("lib64" if found.name.startswith("ld-linux") else "lib/x86_64-linux-gnu")
        place.mkdir(parents=True, exist_ok=True)
        if not (place / found.name).exists():
            shutil.copy(found, place / found.name)


def _our_package(target: Path) -> None:
    for name in _OURS:
        origin, copy = LIBRARY / "rollout" / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if origin.is_dir():
            shutil.copytree(origin, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, copy)
    compileall.compile_dir(target, stripdir=str(target.parents[2]), quiet=2)


def _settings(root: Path, image_id: str, authorised_key: str) -> None:
    texts = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/group": "root:x:0:\n",
        "etc/shells": "/bin/sh\n",
        "etc/image-id": f"{image_id}\n",
        "root/.ssh/authorized_keys": f"{authorised_key.strip()}\n",
    }
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    for name, place, mode in (
        ("inittab", "etc", 0o644),
        ("rcS", "etc/rollout", 0o755),
        ("watch-restart", "etc/rollout", 0o755),
        ("lab-python", "usr/bin", 0o755),
    ):
        shutil.copy(BOOT_FILES / name, root / place / name)
        (root / place / name).chmod(mode)
    (root / "root").chmod(0o700)
    (root / "root" / ".ssh").chmod(0o700)
