"""A file is written beside its place and then put there.

Whoever reads it sees the old export or the new one, never half of one: a full disk, an interrupt or
a file that another program keeps open leaves what was there. A stamp is written before either of
both is put in its place, so that a disk that is full to the last byte leaves the old pair.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rollout.application.exports import stamp
from rollout.application.exports.failed import CannotWrite
from rollout.application.exports.failed import ExportFailed as ExportFailed
from rollout.i18n import _
from rollout.i18n.system_errors import why

Seal = Callable[[BinaryIO], bytes]
"""Given the finished file, may put something into it; what it returns is the stamp beside it."""


@contextmanager
def beside(path: Path, seal: Seal | None = None, *, of: Path | None = None) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends, and vanishes when it raises.

    `of` is the export that it belongs to, which whoever asked for it knows.
    """
    parts = [(_part(path), path)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # Its place would be taken: whoever may write in /dev would lose the device.
            raise CannotWrite(of or path, _("there is something else than a file"))
        with parts[0][0].open("w+b") as file:
            try:
                yield file
                if seal is not None:
                    place = stamp.beside(path)
                    parts.append((_part(place), place))
                    with parts[1][0].open("wb") as other:
                        other.write(seal(file))
                        _on_disk(other)
                _on_disk(file)
                for part, place in parts:
                    part.replace(place)
            except BaseException:
                for part, _place in parts:
                    # The one that took its place already is not there any more.
                    with suppress(FileNotFoundError):
                        part.unlink()
                raise
    except OSError as error:
        raise CannotWrite(of or path, why(error)) from None


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _on_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
