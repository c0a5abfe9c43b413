"""What transfers do to machines: prepared for a screen, a file and a test."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rollout.i18n.told import Told


@dataclass(frozen=True, slots=True)
class Effect:
    """One PC, and what becomes of it and why; `planned_day` is that of its slot."""

    asset_tag: str
    state: str
    planned_day: date | None
    why: Told

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        day = self.planned_day.isoformat() if self.planned_day else None
        return {"asset_tag": self.asset_tag, "state": self.state, "planned_day": day,
                "why": str(self.why)}  # fmt: skip


@dataclass
class Effects:
    """PCs by what becomes of them.

    `stay` without a user for now, `go` with their user, `follow` the new name of their department,
    are `held`, or are `under_way`: in the middle of their passage, and changed after it.
    """

    stay: list[Effect] = field(default_factory=list)
    go: list[Effect] = field(default_factory=list)
    follow: list[Effect] = field(default_factory=list)
    held: list[Effect] = field(default_factory=list)
    under_way: list[Effect] = field(default_factory=list)
    people: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        kinds = ("stay", "go", "follow", "held", "under_way")
        return {"people": self.people} | {
            kind: [one.as_json() for one in getattr(self, kind)] for kind in kinds
        }
