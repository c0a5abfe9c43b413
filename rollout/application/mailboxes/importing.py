"""The import of a report of mailbox moves: the newest report counts, the history keeps the rest.

Exchange removes its reports after some 60 to 90 days; what was brought here stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application.ledger.rows import Ledger
from rollout.application.mailboxes.holding import keep_in_step
from rollout.application.mailboxes.reading import Entry, MailboxReport, Reader
from rollout.application.operators import Operator
from rollout.application.own_dates.cells import Cells
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact, canonical
from rollout.domain.mailbox_batch import BatchStatus, status_from
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import OperatorRole, Settings
from rollout.store import history
from rollout.store import mailbox_moves as store
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import MailboxBatch, MailboxMove

Progress = Callable[[int, int], None]


class MailboxesRefused(RolloutError):
    """The report cannot be taken in; the message says what to do."""


class _Undo(Exception):
    """Ends the transaction without a trace."""


@dataclass(frozen=True)
class Order:
    """How a report is to be taken in: what the file does not name, and the moment it is of."""

    batch: str | None = None
    batch_status: BatchStatus | None = None
    reported_at: datetime | None = None
    dry_run: bool = False


def import_mailboxes(
    database: Database,
    settings: Settings,
    rows: Ledger,
    *,
    operator: Operator,
    now: datetime,
    order: Order,
    progress: Progress = lambda done, total: None,
) -> MailboxReport:
    """Take in every good row in one transaction; the same report again changes nothing.

    Raises MailboxesRefused, NotPermitted, and LedgerUnreadable when the file breaks off inside.
    """
    operator.must_be(OperatorRole.VIEWER if order.dry_run else OperatorRole.OPERATOR)
    if order.batch is None and "batch" not in rows.columns:
        raise MailboxesRefused(
            _("{source} has no column for the batch: name the batch with --batch").format(
                source=rows.source
            )
        )
    if order.reported_at is not None and order.reported_at > now:
        raise MailboxesRefused(_("a report of the future cannot be taken in: see --as-of"))
    report = MailboxReport(rows.source, rows.columns, order.dry_run)
    with database.read() as session:
        reader = Reader(session, settings, report, order.batch)
    for row in rows:
        reader.read(Cells(row, report))
        progress(report.rows, max(rows.expected_rows, report.rows))
    try:
        with database.write() as session:
            writing = _Writing(session, report, operator.name, now, order)
            writing.take(reader)
            if order.dry_run:
                raise _Undo
            keep_in_step(session, actor=operator.name, at=now)
    except _Undo:
        return report
    report.applied = True
    return report


_OLDER = msgid("a newer report is known of this mailbox: the row was passed over")


@dataclass
class _Writing:
    session: Session
    report: MailboxReport
    actor: str
    now: datetime
    order: Order

    def __post_init__(self) -> None:
        self.at = self.order.reported_at or self.now
        self.facts: list[Fact] = []

    def take(self, reader: Reader) -> None:
        """Write batches and moves, and what changed into the history."""
        batches = self._batches(reader)
        known = store.moves(self.session)
        new: list[dict[str, Any]] = []
        changes: dict[int, dict[str, Any]] = {}
        for person, entry in reader.entries.items():
            before = known.get(person)
            if before is not None and before.reported_at > self.at:
                self.report.older += 1
                self.report.remark(_OLDER, entry.row)
                continue
            word = entry.grade.value if entry.grade else "-"
            self.report.grades[word] = self.report.grades.get(word, 0) + 1
            values = self._values(entry, batches[entry.batch], before)
            if before is None:
                self.report.created += 1
                new.append({"person_id": person, "approved_by": None, "approved_at": None,
                            "approved_why": "", **values})  # fmt: skip
            elif not self._differs(before, values):
                changes[person] = {"reported_at": self.at}
                continue
            else:
                changes[person] = values
            self._remember(person, reader.numbers[person], entry, before)
        store.add(self.session, new)
        store.change(self.session, changes)
        history.append(self.session, self.facts)

    def _values(self, entry: Entry, batch: int, before: MailboxMove | None) -> dict[str, Any]:
        grade = entry.grade.value if entry.grade else None
        values: dict[str, Any] = {
            "batch_id": batch,
            "status": entry.status.value,
            "grade": grade,
            "synced_at": entry.synced_at,
            "items_synced": entry.items[0],
            "items_skipped": entry.items[1],
            "error": entry.error,
            "reported_at": self.at,
        }
        if before is None or before.grade != grade:
            # Another grade: what was approved was not this.
            values |= {"graded_by": self.actor}
            values |= {"approved_by": None, "approved_at": None, "approved_why": ""}
        return values

    def _differs(self, before: MailboxMove, values: Mapping[str, Any]) -> bool:
        """Whether the report says anything else than the one before, and the count of it."""
        said = {name: value for name, value in values.items() if name != "reported_at"}
        return self.report.count(before={name: getattr(before, name) for name in said}, after=said)

    def _batches(self, reader: Reader) -> dict[str, int]:
        known = store.batches(self.session)
        found: dict[str, int] = {}
        for name, kinds in reader.kinds.items():
            status = reader.statuses.get(name) or self.order.batch_status or status_from(kinds)
            batch = known.get(name)
            if batch is None:
                batch = MailboxBatch(
                    name=name, status=status.value, first_seen_at=self.at, reported_at=self.at
                )
            elif batch.reported_at > self.at:
                found[name] = batch.id or 0
                continue
            before = batch.status if batch.id else None
            batch.status, batch.reported_at = status.value, self.at
            batch.touched_at = reader.touched.get(name, batch.touched_at)
            found[name] = store.save_batch(self.session, batch)
            self.report.batches[name] = status.value
            if before != status.value:
                self._fact("mailbox_batch", found[name], name, [before, status.value], None)
        return found

    def _remember(self, person: int, number: str, entry: Entry, before: MailboxMove | None) -> None:
        grade = entry.grade.value if entry.grade else None
        detail = {
            "status": [before.status if before else None, entry.status.value],
            "grade": [before.grade if before else None, grade],
            "batch": entry.batch,
            "synced_at": instant_text(entry.synced_at) if entry.synced_at else None,
            "items_skipped": entry.items[1],
        }
        if before is not None and before.approved_by is not None and before.grade != grade:
            detail["approval_of"] = before.approved_by
        self._fact("mailbox", person, number, None, detail)

    def _fact(
        self, noun: str, id_: int, key: str, status: list[str | None] | None, detail: Any
    ) -> None:
        more = {"reported_at": instant_text(self.at)}
        said = {**(detail or {"status": status}), **more}
        self.facts.append(
            Fact(instant_text(self.now), self.actor, noun, id_, key, "report", None, None,
                 detail=canonical(said))
        )  # fmt: skip
