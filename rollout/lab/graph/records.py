"""Objects of the directory with their replication: a write is true at once and seen later."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


@dataclass
class Record:
    """The truth of one object, and what replicas may still believe."""

    truth: Json | None
    """None once it is deleted."""
    before: list[tuple[datetime, Json | None]] = field(default_factory=list)
    """Earlier values, each with the moment at which the last replica forgets it."""

    def write(self, value: Json | None, forgotten_at: datetime) -> None:
        """Make `value` the truth; the one before is believed by some until `forgotten_at`."""
        self.before.append((forgotten_at, copy.deepcopy(self.truth)))
        self.truth = value

    def believed(self, now: datetime) -> Json | None:
        """What the slowest replica holds."""
        self.before = [old for old in self.before if old[0] > now]
        return self.before[0][1] if self.before else self.truth


class Collection:
    """Objects of one kind by id, in the order in which they were made."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def write(self, key: str, value: Json | None, forgotten_at: datetime) -> None:
        """Create, change or (with None) delete."""
        self._records.setdefault(key, Record(None)).write(value, forgotten_at)

    def truth(self, key: str) -> Json | None:
        """The object as it is."""
        record = self._records.get(key)
        return record.truth if record else None

    def believed(self, key: str, now: datetime) -> Json | None:
        """The object as the slowest replica has it."""
        record = self._records.get(key)
        return record.believed(now) if record else None

    def truths(self) -> Iterator[tuple[str, Json]]:
        """Everything that is."""
        for key, record in self._records.items():
            if record.truth is not None:
                yield key, record.truth

    def all_believed(self, now: datetime) -> Iterator[tuple[str, Json]]:
        """Everything that the slowest replica has."""
        for key, record in self._records.items():
            value = record.believed(now)
            if value is not None:
                yield key, value

    def __len__(self) -> int:
        return sum(1 for _ in self.truths())
