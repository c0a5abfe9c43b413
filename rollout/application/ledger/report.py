"""What an import did, or would do: prepared for a screen, a file and a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rollout.application.ledger.parsing import Fault
from rollout.application.ledger.rows import SkippedRows
from rollout.i18n import _

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one machine or person that the ledger has otherwise."""

    key: str
    before: str | None
    after: str | None


@dataclass
class FieldChanges:
    """All changes of one field: how many, and the first few."""

    count: int = 0
    examples: list[Change] = field(default_factory=list)

    def add(self, change: Change) -> None:
        """Count `change` and keep it while there are few."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(change)


@dataclass
class Remark:
    """Something that does not keep rows out but deserves a look; `message` is a msgid."""

    message: str
    count: int = 0
    rows: list[int] = field(default_factory=list)

    def text(self) -> str:
        """The message in the language in force."""
        return _(self.message)


@dataclass
class Tally:
    """What became of the rows of one noun."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass
class ImportReport:
    """The result of one import.

    `applied` is False for a dry run and for a strict import with bad rows: then nothing was
    written, and the rest says what would have been. `gone` are machines that an earlier ledger
    had and this one has not; they stay.
    """

    source: str
    dry_run: bool
    strict: bool
    applied: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    unused_columns: tuple[str, ...] = ()
    rows: int = 0
    good: int = 0
    bad: int = 0
    skipped: SkippedRows = field(default_factory=SkippedRows)
    machines: Tally = field(default_factory=Tally)
    people: Tally = field(default_factory=Tally)
    sites: Tally = field(default_factory=Tally)
    departments: Tally = field(default_factory=Tally)
    changes: dict[str, FieldChanges] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    remarks: dict[str, Remark] = field(default_factory=dict)

    def remark(self, message: str, row: int) -> None:
        """Count one more row for the remark `message` (a msgid)."""
        remark = self.remarks.setdefault(message, Remark(message))
        remark.count += 1
        if len(remark.rows) < EXAMPLES:
            remark.rows.append(row)

    def changed(self, noun: str, name: str, change: Change) -> None:
        """Count a changed field under `noun.name`."""
        self.changes.setdefault(f"{noun}.{name}", FieldChanges()).add(change)

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys; texts in the language in force."""
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "strict": self.strict,
            "applied": self.applied,
            "columns": dict(self.columns),
            "unused_columns": list(self.unused_columns),
            "rows": {
                "read": self.rows,
                "good": self.good,
                "bad": self.bad,
                "skipped": {
                    "blank": self.skipped.blank,
                    "subtotal": self.skipped.subtotal,
                    "repeated_header": self.skipped.repeated_header,
                    "other": list(self.skipped.other),
                },
            },
            **{
                noun: {
                    "created": tally.created,
                    "updated": tally.updated,
                    "unchanged": tally.unchanged,
                }
                for noun, tally in (
                    ("machines", self.machines),
                    ("people", self.people),
                    ("sites", self.sites),
                    ("departments", self.departments),
                )
            },
            "changes": {
                name: {
                    "count": changes.count,
                    "examples": [
                        {"key": change.key, "before": change.before, "after": change.after}
                        for change in changes.examples
                    ],
                }
                for name, changes in sorted(self.changes.items())
            },
            "gone": list(self.gone),
            "back": list(self.back),
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
