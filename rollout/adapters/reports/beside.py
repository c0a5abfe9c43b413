"""A file is written beside its place and then put there.

Whoever reads it sees the old export or the new one, never half of one: a full disk, an interrupt or
a file that another program keeps open leaves what was there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rollout.domain.errors import RolloutError


class ExportFailed(RolloutError):
    """The file could not be written; an older one is still whole."""


@contextmanager
def beside(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends, and vanishes when it raises."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                part.replace(path)
            except BaseException:
                part.unlink()
                raise
    except OSError as error:
        raise ExportFailed(
            f"cannot write {path}: {error.strerror or error}; an older export is unchanged"
        ) from None
