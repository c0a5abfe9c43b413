"""The import of a list of applications, for private devices and for taking PCs out.

Every good row becomes an application in one transaction, by the rules of `byod apply` and `takehome
apply`; every bad one is told. The same file again changes nothing, but what a head of office has
said since is taken in while nobody has decided.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application.applications.devices import DeviceRows
from rollout.application.applications.reading import ByodEntry, Entry, Given, read
from rollout.application.applications.words import Form
from rollout.application.ledger.rows import Ledger
from rollout.application.operators import Operator
from rollout.application.own_dates.cells import Cells
from rollout.application.own_dates.report import DatesReport
from rollout.application.takehome import decisions
from rollout.domain.errors import RolloutError
from rollout.domain.text import ValueRefused, match_key
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import OperatorRole, Settings
from rollout.store import applications as store
from rollout.store.database import Database

Progress = Callable[[int, int], None]
"""Told (rows read, about how many there are)."""


class ApplicationsRefused(RolloutError):
    """The file does not say what is needed; the message says how to give it."""


@dataclass(frozen=True)
class Lack:
    """What the person of a row lacks to use the device, told at once."""

    row: int
    staff_number: str
    what: tuple[str, ...]


@dataclass(frozen=True)
class Ignored:
    """What a row says otherwise of an application that there is, and that a list does not
    change."""

    row: int
    form: Form
    number: int
    columns: tuple[str, ...]

    @property
    def remedy(self) -> str:
        """The commands that change it."""
        back, anew = (
            ("rollout byod release", "rollout byod apply")
            if self.form is Form.BYOD
            else ("rollout takehome withdraw", "rollout takehome apply")
        )
        return f"`{back} {self.number}`, `{anew}`"


@dataclass
class ApplicationsReport(DatesReport):
    """The result of one import; `created` applications by their form, and their numbers."""

    created: dict[Form, list[int]] = field(default_factory=lambda: {form: [] for form in Form})
    lacks: list[Lack] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys; texts in the language in force."""
        found = super().as_json()
        del found["cleared"]
        return {
            **found,
            "created": {
                form.value: {"count": len(numbers), "numbers": [] if self.dry_run else numbers}
                for form, numbers in self.created.items()
            },
            "lacks": [
                {"row": one.row, "staff_number": one.staff_number, "lacks": list(one.what)}
                for one in self.lacks
            ],
            "ignored": [
                {
                    "row": one.row,
                    "form": one.form.value,
                    "number": one.number,
                    "columns": [self.columns.get(name, name) for name in one.columns],
                    "remedy": one.remedy,
                }
                for one in self.ignored
            ],
        }


class _DryRun(Exception):
    """Everything was tried; nothing of it is to stay."""


def import_applications(
    database: Database,
    settings: Settings,
    rows: Ledger,
    *,
    operator: Operator,
    now: datetime,
    given: Given,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> ApplicationsReport:
    """Take in every good row of `rows`; `given` stands for columns that the file does not have.

    A dry run does the same and takes all of it back, so its report is the very same.
    Raises ApplicationsRefused, NotPermitted, LedgerUnreadable when the file breaks off inside.
    """
    operator.must_be(OperatorRole.VIEWER if dry_run else OperatorRole.OPERATOR)
    _must_be_complete(rows, given)
    report = ApplicationsReport(rows.source, rows.columns, dry_run)
    entries: list[tuple[Cells, Entry]] = []
    today = now.astimezone(settings.programme.zone).date()
    with database.read() as session:
        people = store.people(session)
    for row in rows:
        report.rows += 1
        cells = Cells(row, report)
        entry = read(cells, people, given, today)
        if entry is not None:
            entries.append((cells, entry))
        progress(report.rows, max(rows.expected_rows, report.rows))
    with suppress(_DryRun), database.write() as session:
        _Taking(session, settings, rows.source, operator, now, report).all(entries)
        if dry_run:
            raise _DryRun
    # What is read is found before what is refused on taking it.
    report.faults.sort(key=lambda fault: fault.row)
    report.applied = not dry_run
    return report


def _must_be_complete(rows: Ledger, given: Given) -> None:
    if given.form is None and "form" not in rows.columns:
        raise ApplicationsRefused(
            _(
                "{source} has no column for the form: say with --form whether it is about private "
                "devices (byod) or about taking PCs out (takehome)"
            ).format(source=rows.source)
        )


class _Taking:
    """Entries become applications, in the order of the file."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        source: str,
        operator: Operator,
        now: datetime,
        report: ApplicationsReport,
    ) -> None:
        self._session, self._settings, self._report = session, settings, report
        self._operator, self._now = operator, now
        self._devices = DeviceRows(session, settings, source, operator, now)

    def all(self, entries: list[tuple[Cells, Entry]]) -> None:
        """Take all of them."""
        report = self._report
        for cells, entry in entries:
            try:
                if isinstance(entry, ByodEntry):
                    self._device(cells, entry)
                else:
                    self._takeout(cells, entry)
            except RolloutError as refused:
                cells.refuse("staff_number", _as_cell(entry.staff_number, refused))
                continue
            report.good += 1
        report.created[Form.BYOD] = self._devices.write()

    def _device(self, cells: Cells, entry: ByodEntry) -> None:
        taken = self._devices.take(entry)
        if taken.changed is None:
            if taken.lacks:
                self._report.lacks.append(Lack(cells.row.row, entry.staff_number, taken.lacks))
        else:
            self._report.changed += taken.changed
            self._report.unchanged += not taken.changed
            if taken.ignored:
                self._report.ignored.append(
                    Ignored(cells.row.row, Form.BYOD, taken.number, taken.ignored)
                )

    def _takeout(self, cells: Cells, entry: decisions.Wish) -> None:
        known = store.takeout(self._session, entry.tag, entry.staff_number, entry.first, entry.last)
        if known is not None:
            self._report.unchanged += 1
            said = {"place": (entry.place, known.place), "purpose": (entry.purpose, known.purpose)}
            if columns := tuple(
                name for name, (now, before) in said.items() if match_key(now) != match_key(before)
            ):
                self._report.ignored.append(
                    Ignored(cells.row.row, Form.TAKEHOME, known.id or 0, columns)
                )
            return
        number = decisions.enter(self._session, self._settings, entry, self._operator, self._now)
        self._report.created[Form.TAKEHOME].append(number)


def _as_cell(value: str, refused: RolloutError) -> ValueRefused:
    return ValueRefused(
        value,
        msgid("{why}"),
        msgid("correct the row, or leave it out"),
        why=str(refused),
    )
