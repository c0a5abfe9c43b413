"""The working folders of runs that have ended: how large they are, and removing old ones."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rollout.adapters.ansible.folder import IDENT, RECORD, RunFolder
from rollout.adapters.ansible.processes import find
from rollout.settings import AnsibleSettings


@dataclass(frozen=True)
class KeptRun:
    """A folder: when its run began (by the clock of this computer) and its size in bytes."""

    ident: str
    began: float
    size: int


class RunArchive:
    """Fulfils the port `Archive` for folders of this computer."""

    def __init__(self, settings: AnsibleSettings) -> None:
        self._settings = settings

    def size(self) -> tuple[int, int]:
        """How many runs are kept, and their bytes."""
        kept = list(self._kept())
        return len(kept), sum(run.size for run in kept)

    def prune(
        self, *, before: datetime, largest: int, needed: Callable[[], frozenset[str]]
    ) -> tuple[int, int]:
        """Remove runs that began `before`, then the oldest until all are within `largest` bytes.

        Runs that are `needed`, and those of which a process is alive, stay. Returns how many
        were removed, and their bytes.
        """
        kept = sorted(self._kept(), key=lambda run: run.began)
        total = sum(run.size for run in kept)
        staying = needed()
        removed = freed = 0
        for run in kept:
            if run.began >= before.timestamp() and total - freed <= largest:
                break
            if run.ident in staying or not self.remove(run.ident):
                continue
            removed += 1
            freed += run.size
        return removed, freed

    def remove(self, ident: str) -> bool:
        """Remove one folder; False while a process of its run is alive."""
        folder = RunFolder(self._settings, ident)
        if find([folder.marker]):
            return False
        folder.remove()
        return True

    def untidy(self) -> list[str]:
        """The idents of runs of which something is left that nobody needs after them."""
        return [p.name for p in self._folders() if RunFolder(self._settings, p.name).is_open]

    def _folders(self) -> Iterator[Path]:
        root = Path(os.path.realpath(self._settings.artifacts))
        if root.is_dir():
            yield from (path for path in root.iterdir() if IDENT.fullmatch(path.name))

    def _kept(self) -> Iterator[KeptRun]:
        for path in self._folders():
            record = path / RECORD
            if record.is_file():
                yield KeptRun(path.name, record.stat().st_mtime, _size(path))


def _size(folder: Path) -> int:
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118
            except FileNotFoundError:
                continue  # a run that ends at this moment tidies its folder
    return total
