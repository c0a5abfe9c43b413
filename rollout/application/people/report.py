"""What an import of people did, or would do."""

from dataclasses import dataclass, field
from typing import Any

from rollout.application.own_dates.report import DatesReport
from rollout.application.transfers.effects import Effects
from rollout.application.transfers.relocations import Relocation


@dataclass
class PeopleReport(DatesReport):
    """The result of one import; `missing` people are in the tables and not in the list.

    `relocations` is who goes where; `effects` what that does to machines, now or on the day of the
    list; `mails_again` are mails that did not reach people whose address is another now.
    """

    created: int = 0
    moved: int = 0
    leaving: int = 0
    missing: list[str] = field(default_factory=list)
    ended: int = 0
    mails_again: int = 0
    new_departments: list[str] = field(default_factory=list)
    new_sites: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    relocations: list[Relocation] = field(default_factory=list)
    effects: Effects = field(default_factory=Effects)

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys; texts in the language in force."""
        found = super().as_json()
        del found["cleared"]
        return {
            **found,
            "created": self.created,
            "moved": self.moved,
            "leaving": self.leaving,
            "missing": {"count": len(self.missing), "staff_numbers": self.missing},
            "ended": self.ended,
            "mails_again": self.mails_again,
            "new_departments": self.new_departments,
            "new_sites": self.new_sites,
            "relocations": [one.as_json() for one in self.relocations],
            "effects": self.effects.as_json(),
        }
