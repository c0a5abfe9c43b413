"""A handful of virtual PCs, and how Ansible reaches them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import yaml

from rollout.lab import ansible_access
from rollout.lab.pcs import LabPc
from rollout.lab.vm.images import Built
from rollout.lab.vm.machine import VirtualPc
from rollout.lab.world_files import WorldFiles

#: This computer, as QEMU's network shows it to the PCs.
HOST = "10.0.2.2"
#: Where the PCs see the file share that outlives their disks.
SHARE = "/srv/share"


class VirtualWorld:
    """The PCs of one folder; `down` pulls every plug."""

    def __init__(
        self,
        folder: Path,
        pcs: Sequence[LabPc],
        built: Built,
        *,
        service_port: int,
        ports: Sequence[int],
    ) -> None:
        self.folder = folder
        self._built = built
        self._service = f"http://{HOST}:{service_port}"
        tftp = folder / "tftp"
        self.pcs = {
            pc.asset_tag: VirtualPc(folder / "pcs" / pc.computer_name, pc, port, tftp)
            for pc, port in zip(pcs, ports, strict=True)
        }
        tftp.mkdir(parents=True, exist_ok=True)
        # All that a network card is told by DHCP; everything else comes from the product.
        (tftp / "boot.ipxe").write_text(
            f"#!ipxe\nchain {self._service}/v1/boot.ipxe?mac=${{net0/mac}}"
            "&serial=${serial:uristring} || reboot\n",
            encoding="ascii",
        )
        self._write_access()

    def assemble(self) -> None:
        """Give every PC the old system of its generation."""
        for pc in self.pcs.values():
            old = f"office-{pc.pc.generation.lower()}-2019"
            pc.assemble(self._built.system(old))

    def down(self) -> None:
        """Switch all off."""
        for pc in self.pcs.values():
            pc.power_cut()

    @property
    def group_vars(self) -> Path:
        """For `[ansible] group_vars`."""
        return self.folder / "group_vars"

    def _write_access(self) -> None:
        config = self.folder / "ssh_config"
        blocks = [
            f"Host {pc.pc.computer_name}\n  HostName 127.0.0.1\n  Port {pc.port}\n"
            f"  HostKeyAlias {pc.pc.computer_name}\n"
            for pc in self.pcs.values()
        ]
        blocks.append(
            "Host *\n"
            f'  User root\n  IdentityFile "{self._built.key}"\n  IdentitiesOnly yes\n'
            "  IdentityAgent none\n  PreferredAuthentications publickey\n"
            "  GlobalKnownHostsFile /dev/null\n  ConnectTimeout 20\n  BatchMode yes\n"
            "  LogLevel ERROR\n"
        )
        config.write_text("\n".join(blocks), encoding="utf-8")
        # A PC that resets leaves its session hanging behind QEMU's network, and a shared one
        # would hang every later task: each has its own, and a dead one is noticed.
        options = [
            *("-F", str(config), "-o", "ControlMaster=no"),
            *("-o", "ServerAliveInterval=3", "-o", "ServerAliveCountMax=10"),
        ]
        files = WorldFiles(self.folder)
        files.onboarding.write_text("rem the lab's stand-in for an EDR onboarding script\n")
        variables = ansible_access.group_vars(files) | {
            "ansible_python_interpreter": "/usr/bin/lab-python",
            "ansible_ssh_args": shlex.join(options),
            "ansible_timeout": 30,
            "ansible_ssh_retries": 3,
            "retire_method": "network",
            # The PCs know the deployment server by another address than the controller does.
            "direct_internet_probe_urls": [f"{self._service}/v1/health"],
        }
        self.group_vars.mkdir(exist_ok=True)
        text = yaml.safe_dump(variables, sort_keys=True)
        (self.group_vars / "all.yml").write_text(
            "# Written by the lab: how Ansible reaches its virtual PCs.\n" + text, encoding="utf-8"
        )
