"""One virtual PC: its disks, its power switch, and what can be seen of it from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rollout.lab.pcs import LabPc
from rollout.lab.vm.programs import path_of, run

#: Enough for busybox, one Python and the compressed image in memory.
MEMORY_MB = 160
_SHARE_MB = 32
_JOURNAL_BYTES = 64 * 1024
_RECORD = 512


@dataclass(frozen=True)
class DiskRecord:
    """A line of the journal disk: `begun` before the first byte of a rewrite, `written` after;
    `erasing` and `erased` likewise.

    With the token an installer that comes too late to finish can still say so.
    """

    event: str
    epoch: int
    image: str
    serial: str
    token: str


class VirtualPc:
    """A PC under QEMU. Start it from a thread that lives as long as it shall run."""

    def __init__(self, folder: Path, pc: LabPc, port: int, tftp: Path) -> None:
        self.pc = pc
        self.port = port
        self.folder = folder
        self.disk = folder / "disk.img"
        self._share = folder / "share.img"
        self._journal = folder / "journal.img"
        self._console = folder / "console.log"
        self._tftp = tftp
        self._process: subprocess.Popen[bytes] | None = None

    def assemble(self, system: Path) -> None:
        """New disks: the old system, an empty file share, an empty journal."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(system, self.disk)
        self._share.unlink(missing_ok=True)
        size = f"{_SHARE_MB}M"
        run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", self._share, size)
        self._journal.write_bytes(b"\0" * _JOURNAL_BYTES)
        self._console.unlink(missing_ok=True)

    def power_on(self) -> None:
        """Press the button; the firmware asks the network first, as it always does here."""
        log = self.folder / "qemu.log"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                # Dies with the thread that started it, however that ends.
                [path_of("setpriv"), "--pdeathsig", "KILL", *self._command()],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def _command(self) -> list[str]:
        pc = self.pc
        disks = [
            word
            for number, file in enumerate((self.disk, self._share, self._journal))
            for word in (
                *("-drive", f"id=d{number},file={file},format=raw,if=none,cache=writeback"),
                *("-device", f"virtio-blk-pci,drive=d{number},serial={pc.serial}-{number}"),
            )
        ]
        network = (
            f"user,id=lan,tftp={self._tftp},bootfile=/boot.ipxe,"
            f"hostfwd=tcp:127.0.0.1:{self.port}-:22"
        )
        firmware = f"type=1,serial={pc.serial},sku={pc.computer_name},family={pc.generation}"
        return [
            str(path_of("qemu-system-x86_64")),
            # Never KVM: /dev/kvm may open and still fail.
            *("-accel", "tcg,tb-size=32", "-cpu", "qemu64,+rdrand"),
            *("-m", str(MEMORY_MB), "-smp", "1", "-nodefaults", "-no-user-config"),
            *("-display", "none", "-serial", f"file:{self._console}"),
            *("-smbios", firmware),
            *("-smbios", f"type=3,asset={pc.asset_tag}"),
            *("-netdev", network),
            *("-device", f"virtio-net-pci,netdev=lan,mac={pc.mac},bootindex=1"),
            *disks,
        ]

    def power_cut(self) -> None:
        """Pull the plug: nothing on the PC gets to finish."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def console(self) -> str:
        """Everything that the PC has said on its serial line since it was switched on."""
        try:
            return self._console.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    @property
    def journal(self) -> list[DiskRecord]:
        """What installers did to the disk, oldest first, from the disk that no image covers."""
        content = self._journal.read_bytes()
        lines = [content[at : at + _RECORD] for at in range(0, len(content), _RECORD)]
        return [DiskRecord(**json.loads(line)) for line in lines if line.strip(b"\0 \n")]

    @property
    def image_id(self) -> str:
        """The image that is on the disk, read from outside."""
        # What a power cut left in the file system's journal has to be put in its place first.
        seen = self.folder / "seen.img"
        shutil.copyfile(self.disk, seen)
        run("e2fsck", "-fy", seen, well=(0, 1))
        text = run("debugfs", "-R", "cat /etc/image-id", seen)
        return text.strip().splitlines()[-1]

    @property
    def empty(self) -> bool:
        """Whether every byte of the disk is zero, read from outside."""
        with self.disk.open("rb") as stream:
            return not any(piece.strip(b"\0") for piece in iter(lambda: stream.read(1 << 20), b""))

    @property
    def memory_mb(self) -> float:
        """What QEMU holds of this computer's memory now."""
        if not self.running or self._process is None:
            return 0.0
        fields = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
