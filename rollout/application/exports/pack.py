"""The cutover pack: final status, exceptions, evidence, machines and history in one folder.

All files are written into a folder beside, which gets its name when it is complete: a pack is whole
or not there. `manifest.json` names each file with its digest and size; `export verify FOLDER` asks
whether exactly these files are there, and then each file for itself.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from rollout import __version__
from rollout.application.exports import audit, evidence, machines, stamp
from rollout.application.exports.extract import Extract
from rollout.application.exports.failed import CannotWrite
from rollout.application.exports.forms import iso
from rollout.application.exports.stamp import Kind
from rollout.application.exports.verifying import (
    Answer,
    Progress,
    Question,
    silent,
    verify,
    walk,
)
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.i18n.system_errors import why
from rollout.settings import Settings
from rollout.store.database import Database
from rollout.store.machines import Filter
from rollout.store.readers import Readers, read_together

MANIFEST = "manifest.json"
VERSION = 1

WriteRows = Callable[[Path, Extract, str, Callable[[int, int], None]], object]
"""Write an extract in a form, with its stamp; told (rows written, all rows) meanwhile."""
PackProgress = Callable[[str, int, int], None]
"""Told the file that is written, how many of its rows are, and how many it has; may raise."""
WriteStatus = Callable[[Path, datetime | None], Sequence[Path]]
"""Write the status report into a folder, of a moment or of now, with the stamps."""

ROWS: Mapping[Kind, Sequence[str]] = {
    Kind.EXCEPTIONS: ("xlsx", "csv"),
    Kind.MACHINES: ("xlsx", "csv"),
    Kind.EVIDENCE: ("pdf", "xlsx", "csv"),
    Kind.AUDIT: ("csv", "jsonl"),
}
"""In which forms each part is written: one to read, one to work with."""


class PackRefused(RolloutError):
    """The folder cannot be written, or is no pack; the message says why."""


@dataclass(frozen=True)
class Packed:
    """A pack that is whole; `digest` is that of its manifest and stands for all of it."""

    folder: Path
    files: Sequence[str]
    digest: str


def unheard(name: str, done: int, total: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True)
class Packer:
    """What a pack is made with."""

    database: Database
    settings: Settings
    write_rows: WriteRows
    write_status: WriteStatus

    def make(
        self,
        folder: Path,
        *,
        now: datetime,
        as_of: datetime | None = None,
        kinds: Sequence[Kind] = tuple(Kind),
        progress: PackProgress = unheard,
    ) -> Packed:
        """Write the pack to the new folder. Raises PackRefused and ExportFailed."""
        if folder.exists():
            raise PackRefused(_("{path} exists: name another folder").format(path=folder))
        part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
        try:
            part.mkdir(parents=True)
            try:
                self._write(part, now, as_of, kinds, progress)
                digest = self._seal(part, now, as_of)
                part.rename(folder)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
        except CannotWrite as error:
            # Nobody but us knows the folder beside.
            raise _refused(folder / error.path.name, error.why) from None
        except OSError as error:
            raise _refused(folder, why(error)) from None
        return Packed(folder, sorted(path.name for path in folder.iterdir()), digest)

    def _write(
        self,
        folder: Path,
        now: datetime,
        as_of: datetime | None,
        kinds: Sequence[Kind],
        progress: PackProgress,
    ) -> None:
        if Kind.STATUS in kinds:
            self.write_status(folder, as_of)
        for kind in kinds:
            for form in ROWS.get(kind, ()):
                name = f"{kind}.{form}"
                # A transaction for each file: one for all of them would keep old rows for hours.
                with read_together(self.database) as readers:
                    extract = _extract(kind, readers, self.settings, now, as_of)
                    self.write_rows(folder / name, extract, form, partial(progress, name))

    def _seal(self, folder: Path, now: datetime, as_of: datetime | None) -> str:
        zone = self.settings.programme.zone
        files = {}
        for path in sorted(folder.iterdir()):
            sha256, size = stamp.digest(path)
            files[path.name] = {"sha256": sha256, "size": size}
        tree = {
            "manifest": VERSION,
            "rollout": __version__,
            "programme": self.settings.programme.name,
            "as_of": iso(as_of or now, zone),
            "files": files,
        }
        place = folder / MANIFEST
        place.write_text(json.dumps(tree, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return stamp.digest(place)[0]


def _refused(path: Path, why: object) -> PackRefused:
    return PackRefused(_("{path} cannot be written: {why}").format(path=path, why=why))


def _extract(
    kind: Kind, readers: Readers, settings: Settings, now: datetime, as_of: datetime | None
) -> Extract:
    match kind:
        case Kind.EVIDENCE:
            return evidence.extract(readers.first, settings, now=now, as_of=as_of)
        case Kind.AUDIT:
            return audit.extract(readers.first, settings, now=now, as_of=as_of)
        case Kind.EXCEPTIONS:
            waiting = Filter(needs_a_person=True)
            found = machines.extract(readers, settings, now=now, wanted=waiting, as_of=as_of)
            found.title = _("Exceptions")
            return found
        case _:
            return machines.extract(readers, settings, now=now, as_of=as_of)


def verify_pack(
    database: Database, settings: Settings, folder: Path, progress: Progress = silent
) -> list[tuple[str, list[Answer]]]:
    """Check a pack: its files beside the manifest, then each export. Raises PackRefused."""
    named = _manifest(folder)
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    faults = [_("{name} is missing").format(name=name) for name in sorted(set(named) - there)]
    faults += [
        _("{name} is not of the pack").format(name=name) for name in sorted(there - {*named})
    ]
    for name in sorted(there & set(named)):
        if stamp.digest(folder / name)[0] != named[name]:
            faults.append(_("{name} was changed").format(name=name))
    manifest = stamp.digest(folder / MANIFEST)[0]
    said = "; ".join(faults) or _(
        "{count} {count:file|files}, SHA-256 of the manifest {digest}"
    ).format(count=len(named), digest=manifest)
    found = [(MANIFEST, [Answer(Question.CONTENTS, not faults, said)])]
    chain = walk(database, progress)
    for name in sorted(there):
        path = folder / name
        if stamp.beside(path).is_file():
            found.append((name, verify(database, settings, path, chain)))
    return found


def _manifest(folder: Path) -> Mapping[str, str]:
    place = folder / MANIFEST
    try:
        tree = json.loads(place.read_text(encoding="utf-8"))
        return {str(name): str(entry["sha256"]) for name, entry in tree["files"].items()}
    except FileNotFoundError:
        raise PackRefused(_("{path} is no pack: it has no {name}").format(
            path=folder, name=MANIFEST)) from None  # fmt: skip
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise PackRefused(_("{path} cannot be read: {why}").format(path=place, why=error)) from None
