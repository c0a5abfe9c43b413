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


@dataclass(frozen=True, slots=True)
class Approval:
    """A take-out (`key` is the PC's asset tag) or a personal device (its number) of somebody."""

    staff_number: str
    key: str
    state: str


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
    takeouts: list[Approval] = field(default_factory=list)
    devices: list[Approval] = field(default_factory=list)
    people: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        kinds = ("stay", "go", "follow", "held", "under_way")
        mine = {
            name: [
                {"staff_number": one.staff_number, "key": one.key, "state": one.state}
                for one in found
            ]
            for name, found in (("takeouts", self.takeouts), ("devices", self.devices))
        }
        return (
            {"people": self.people}
            | mine
            | {kind: [one.as_json() for one in getattr(self, kind)] for kind in kinds}
        )
