"""The stamp of an export: what the file says of itself, so that it can be checked later.

It lies beside the file as `FILE.stamp.json`, since nothing can be put into a CSV that a spreadsheet
would not show as a row; other forms carry it in themselves as well (`carried`). It holds the digest
of every byte, the counts that were made while the rows were written, and how far the history and
the evidence of the database went. `export verify` needs nothing else.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from rollout import __version__
from rollout.domain.errors import RolloutError
from rollout.domain.reach import Reach
from rollout.i18n import _

VERSION = 1
"""Of the stamp's own form."""
ENDING = ".stamp.json"
_CHUNK = 1 << 20


class Kind(StrEnum):
    """What is exported."""

    STATUS = "status"
    EXCEPTIONS = "exceptions"
    MACHINES = "machines"
    EVIDENCE = "evidence"
    AUDIT = "audit"


class NoStamp(RolloutError):
    """The file cannot be checked; the message says why and what to do."""


@dataclass(frozen=True)
class Stamp:
    """What is known of an export.

    `as_of` is ISO-8601 with offset. `past`: of a moment before the export was made, so only what
    the history keeps is in it. `counts` are flat, such as `machines` and `state.migrated`;
    `filter` holds what the rows were restricted to, `{}` for everything.
    """

    kind: Kind
    form: str
    programme: str
    as_of: str
    past: bool
    rows: int
    counts: Mapping[str, int]
    reach: Reach
    language: str
    encoding: str | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    size: int = 0
    stamp: int = VERSION
    rollout: str = __version__

    @property
    def moment(self) -> datetime:
        """`as_of` as a moment."""
        return datetime.fromisoformat(self.as_of)

    def text(self) -> str:
        """The file beside the export."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    def line(self) -> str:
        """The same in one line of ASCII, for the export itself."""
        return json.dumps(asdict(self), separators=(",", ":"))


def beside(path: Path) -> Path:
    """Where the stamp of a file lies."""
    return path.with_name(path.name + ENDING)


def digest(path: Path) -> tuple[str, int]:
    """SHA-256 of a file in hex, and its bytes."""
    found, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
            size += len(chunk)
    return found.hexdigest(), size


def read(path: Path) -> Stamp:
    """The stamp of the export at `path`. Raises NoStamp."""
    place = beside(path)
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NoStamp(
            _("{path} has no stamp: {stamp} has to lie beside it").format(
                path=path, stamp=place.name
            )
        ) from None
    except ValueError as error:
        raise _unreadable(place, error) from None
    return parsed(text, place)


def parsed(text: str, place: Path) -> Stamp:
    """The stamp that `text` is, of the file `place`. Raises NoStamp."""
    try:
        tree = json.loads(text)
        if tree["stamp"] != VERSION:
            raise NoStamp(
                _("{path} is a stamp of form {form}, which this version does not know").format(
                    path=place, form=tree["stamp"]
                )
            )
        known = {**tree, "kind": Kind(tree["kind"]), "reach": Reach(**tree["reach"])}
        made = Stamp(**known)
        datetime.fromisoformat(made.as_of)
    except (ValueError, LookupError, TypeError) as error:
        raise _unreadable(place, error) from None
    return made


def _unreadable(place: Path, error: Exception) -> NoStamp:
    return NoStamp(_("{path} cannot be read as a stamp: {why}").format(path=place, why=error))
