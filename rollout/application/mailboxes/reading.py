"""Rows of a report of mailbox moves become entries; what is wrong goes into the report."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from rollout.application.accounts.naming import upn_of
from rollout.application.mailboxes.words import (
    batch_status_of,
    grade_of,
    items_of,
    moment_of,
    move_status_of,
)
from rollout.application.own_dates.cells import Cells
from rollout.application.own_dates.report import DatesReport
from rollout.domain.mailbox_batch import BatchStatus, Grade, MoveStatus
from rollout.domain.text import ValueRefused, tidy
from rollout.domain.words import msgid
from rollout.settings import Settings
from rollout.store import accounts


@dataclass
class MailboxReport(DatesReport):
    """The result of one import; `grades` counts mailboxes by what their grade became."""

    created: int = 0
    foreign: int = 0
    older: int = 0
    grades: dict[str, int] = field(default_factory=dict)
    batches: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys; texts in the language in force."""
        found = super().as_json()
        del found["cleared"]
        more = {"created": self.created, "not_people": self.foreign, "older": self.older}
        return {**found, **more, "grades": self.grades, "batches": self.batches}


@dataclass(frozen=True)
class Entry:
    """One mailbox as a row has it."""

    row: int
    person: int
    batch: str
    status: MoveStatus
    grade: Grade | None
    synced_at: datetime | None
    items: tuple[int | None, int | None]
    error: str


class Reader:
    """Rows become entries, each mailbox once."""

    def __init__(
        self, session: Session, settings: Settings, report: MailboxReport, batch: str | None
    ) -> None:
        people = accounts.people(session)
        self.numbers = {person.id: person.staff_number for person in people}
        self._by_number = {person.staff_number: person.id for person in people}
        self._by_upn = {
            upn_of(person, settings.accounts).casefold(): person.id for person in people
        }
        self._report, self._batch = report, batch
        self._moment = partial(moment_of, zone=settings.programme.zone)
        self.entries: dict[int, Entry] = {}
        self.statuses: dict[str, BatchStatus] = {}
        self.touched: dict[str, datetime] = {}
        self.kinds: dict[str, list[MoveStatus]] = defaultdict(list)

    def read(self, cells: Cells) -> None:
        """Take one row, or note what is wrong with it."""
        self._report.rows += 1
        person = self._person(cells)
        batch = tidy(cells.text("batch")) or self._batch or ""
        if not batch:
            _refuse(cells, "batch", msgid("the row names no batch"),
                    msgid("fill it in, or name the batch with --batch"))  # fmt: skip
        status, grade = cells.read("status", move_status_of), cells.read("grade", grade_of)
        of_batch = cells.read("batch_status", batch_status_of)
        touched = cells.read("touched_on", self._moment)
        synced = cells.read("synced_on", self._moment)
        items = cells.read("items_synced", items_of), cells.read("items_skipped", items_of)
        if status is None and cells.good:
            _refuse(cells, "status", msgid("the status is empty"),
                    msgid("take the report anew from the admin centre"))  # fmt: skip
        if not cells.good or status is None:
            return
        self._of_batch(cells, batch, of_batch, touched)
        self.kinds[batch].append(status)
        if person is None:
            self._report.good += 1
            self._report.foreign += 1
            self._report.remark(_NOBODYS, cells.row.row)
            return
        self._keep(
            cells,
            Entry(cells.row.row, person, batch, status, grade, synced, items,
                   tidy(cells.text("error"))),
        )  # fmt: skip

    def _person(self, cells: Cells) -> int | None:
        """Whose mailbox it is: by the staff number, else by the name to sign in with."""
        if tidy(cells.text("staff_number")):
            number = cells.person("staff_number", self._by_number)
            return self._by_number.get(number or "")
        address = tidy(cells.text("mailbox")).casefold()
        if not address:
            _refuse(cells, "mailbox", msgid("the row names no mailbox"),
                    msgid("take the report anew from the admin centre"))  # fmt: skip
        return self._by_upn.get(address)

    def _of_batch(
        self, cells: Cells, batch: str, status: BatchStatus | None, touched: datetime | None
    ) -> None:
        before = self.statuses.get(batch)
        if status is not None and before is not None and status is not before:
            self._report.remark(_TWO_STATUSES, cells.row.row)
        if status is not None:
            self.statuses[batch] = status
        if touched is not None:
            self.touched[batch] = max(touched, self.touched.get(batch, touched))

    def _keep(self, cells: Cells, entry: Entry) -> None:
        before = self.entries.get(entry.person)
        if before is not None and (before.batch, before.status, before.grade) != (
            entry.batch, entry.status, entry.grade,
        ):  # fmt: skip
            cells.refuse(
                "mailbox",
                ValueRefused(
                    tidy(cells.text("mailbox")),
                    msgid("row {row} says otherwise of the same mailbox"),
                    msgid("find out which row is right and correct or remove the other"),
                    row=before.row,
                ),
            )
            return
        self._report.good += 1
        self.entries.setdefault(entry.person, entry)


_NOBODYS = msgid("the mailbox is nobody's in the list of people: it was passed over")
_TWO_STATUSES = msgid("the rows of one batch name different statuses of it: the last one counts")


def _refuse(cells: Cells, name: str, reason: str, remedy: str) -> None:
    cells.refuse(name, ValueRefused("", reason, remedy))
