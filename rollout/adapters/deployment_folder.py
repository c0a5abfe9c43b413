"""The folder that `[deployment]` names: `manifest.json` and the files beside it."""

import hashlib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rollout.application.deployment import Deployment, ServedFile
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.system_errors import why

MANIFEST = "manifest.json"


class DeploymentError(RolloutError):
    """The deployment folder cannot be used; the message says what is wrong and where."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(gt=0)]


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kernel: _Entry
    initrd: _Entry
    images: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")], _Entry]
    # Words of a kernel's command line: a line break would begin a new command of the script.
    arguments: Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")] = ""
    local_kernel: bool = False


def read(folder: Path) -> Deployment:
    """What the folder offers. Raises DeploymentError.

    The installer's own files are compared with their digests here, because firmware cannot; an
    image is compared by the installer, on the PC, before it touches the disk.
    """
    place = folder / MANIFEST
    try:
        manifest = _Manifest.model_validate_json(place.read_bytes())
    except OSError as error:
        raise DeploymentError(
            _("{place} cannot be read: {reason}").format(place=place, reason=why(error))
        ) from None
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or '-'}: {item['msg']}"
            for item in error.errors()
        )
        raise DeploymentError(f"{place}: {faults}") from None
    for entry in (manifest.kernel, manifest.initrd):
        if _digest(folder / entry.file) != entry.sha256:
            raise DeploymentError(
                _("{file} does not have the digest of {place}: copy it again").format(
                    file=folder / entry.file, place=place
                )
            )
    return Deployment(
        kernel=_served(folder, manifest.kernel),
        initrd=_served(folder, manifest.initrd),
        images={name: _served(folder, entry) for name, entry in manifest.images.items()},
        arguments=manifest.arguments,
        local_kernel=manifest.local_kernel,
    )


def _served(folder: Path, entry: _Entry) -> ServedFile:
    path = folder / entry.file
    found = path.stat().st_size if path.is_file() else None
    if found != entry.size:
        raise DeploymentError(
            _("{file} has {found} bytes, the manifest says {size}: copy it again").format(
                file=path, found=found if found is not None else 0, size=entry.size
            )
        )
    return ServedFile(path, entry.sha256, entry.size)


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None
