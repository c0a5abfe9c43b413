"""What an import of dates did, or would do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rollout.application.ledger.parsing import Fault
from rollout.application.ledger.report import EXAMPLES, Remark
from rollout.application.ledger.rows import LedgerRow, cell_text
from rollout.domain.text import ValueRefused


@dataclass
class DatesReport:
    """The result of one import: how many people and machines have other dates now.

    `applied` is False for a dry run: then nothing was written, and the rest says what would have
    been.
    """

    source: str
    columns: Mapping[str, str]
    dry_run: bool = False
    applied: bool = False
    rows: int = 0
    good: int = 0
    changed: int = 0
    cleared: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    remarks: dict[str, Remark] = field(default_factory=dict)

    @property
    def bad(self) -> int:
        """Rows that were not taken."""
        return self.rows - self.good

    def refuse(self, row: LedgerRow, name: str, refused: ValueRefused) -> None:
        """Note a bad cell of `row`."""
        self.faults.append(
            Fault(
                row.row,
                row.line,
                name,
                self.columns.get(name, name),
                cell_text(row.cells.get(name, "")),
                refused.reason,
                refused.remedy,
                refused.details,
            )
        )

    def remark(self, message: str, row: int) -> None:
        """Count one more row for the remark `message` (a msgid)."""
        remark = self.remarks.setdefault(message, Remark(message))
        remark.count += 1
        if len(remark.rows) < EXAMPLES:
            remark.rows.append(row)

    def count(self, *, before: object, after: object) -> bool:
        """Count a person or machine by what became of its dates; whether they change."""
        if before == after:
            self.unchanged += 1
            return False
        if after:
            self.changed += 1
        else:
            self.cleared += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys; texts in the language in force."""
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "applied": self.applied,
            "columns": dict(self.columns),
            "rows": {"read": self.rows, "good": self.good, "bad": self.bad},
            "changed": self.changed,
            "cleared": self.cleared,
            "unchanged": self.unchanged,
            "faults": [
                {
                    "row": fault.row,
                    "line": fault.line,
                    "field": fault.field,
                    "column": fault.column,
                    "value": fault.value,
                    "reason": fault.why(),
                    "remedy": fault.what_to_do(),
                }
                for fault in self.faults
            ],
            "remarks": [
                {"message": remark.text(), "count": remark.count, "rows": list(remark.rows)}
                for remark in self.remarks.values()
            ],
        }
