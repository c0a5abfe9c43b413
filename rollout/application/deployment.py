"""What the deployment server hands to PCs that boot from the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ServedFile:
    """A file and what it has to be: `sha256` in lower-case hex, `size` in bytes."""

    path: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class Deployment:
    """The installer (a kernel with its start-up system) and the images that it may write.

    `arguments` go to the kernel. With `local_kernel` the same kernel starts the local disk, for
    disks that have no boot loader; otherwise the firmware goes on to its next boot device.
    """

    kernel: ServedFile
    initrd: ServedFile
    images: Mapping[str, ServedFile] = field(default_factory=dict)
    arguments: str = ""
    local_kernel: bool = False


def boot_script(deployment: Deployment, *, install: bool, service_url: str) -> str:
    """The iPXE script that a PC's firmware gets. It bears no secret: anybody may ask for it."""
    if not install and not deployment.local_kernel:
        return "#!ipxe\nexit\n"
    words = [
        "initrd=initrd",
        f"rollout.mode={'install' if install else 'local'}",
        f"rollout.service={service_url}",
        *deployment.arguments.split(),
    ]
    return (
        "#!ipxe\n"
        f"kernel {service_url}/v1/deployment/kernel {' '.join(words)}\n"
        f"initrd --name initrd {service_url}/v1/deployment/initrd\n"
        "boot\n"
    )
