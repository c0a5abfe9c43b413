"""The import of a ledger: an upsert that never touches a state and never deletes."""

from collections.abc import Callable, Collection
from datetime import date, datetime

from rollout.application.ledger import duplicates
from rollout.application.ledger.conflicts import settle
from rollout.application.ledger.organisation import Importing, Organisation
from rollout.application.ledger.parsing import Entry, RowParser
from rollout.application.ledger.report import ImportReport
from rollout.application.ledger.rows import Ledger
from rollout.application.ledger.writing import MachineWriter
from rollout.application.operators import Operator
from rollout.domain.identifiers import GENERATIONS
from rollout.domain.purpose import Purpose
from rollout.domain.words import msgid
from rollout.settings import OperatorRole
from rollout.store.database import Database

Progress = Callable[[str, int, int], None]
"""Told the phase (`read` or `write`), how many rows are through, and about how many there are."""

_PROGRESS_EVERY = 500


class _Undo(Exception):
    """Ends the transaction without a trace: a dry run, or strict with bad rows."""


def _silent(_phase: str, _done: int, _total: int) -> None:
    """No progress is shown."""


def import_ledger(
    database: Database,
    ledger: Ledger,
    *,
    operator: Operator,
    now: datetime,
    today: date,
    valid_from: date | None = None,
    generations: Collection[str] = GENERATIONS,
    dry_run: bool = False,
    strict: bool = False,
    progress: Progress = _silent,
) -> ImportReport:
    """Bring sites, departments, people and machines to what `ledger` says.

    All good rows in one transaction; with `strict` none when any is bad. A dry run goes the same
    way and is rolled back, so its report is that of the import. `valid_from` is the first day of
    departments that are new (the programme's start); never later than `today`, the day at `now`
    in the programme's zone.
    Raises NotPermitted, and LedgerUnreadable when the file breaks off inside.
    """
    operator.must_be(OperatorRole.VIEWER if dry_run else OperatorRole.OPERATOR)
    report = ImportReport(ledger.source, dry_run, strict, columns=dict(ledger.columns),
                          unused_columns=tuple(ledger.unused))  # fmt: skip
    entries = _read(ledger, generations, report, progress)
    since = min(valid_from or today, today)
    importing = Importing(operator.name, now, ledger.source)
    try:
        with database.write() as session:
            ids = settle(session, entries, report)
            good = [entry for entry in entries if entry.good]
            _remark_on(good, report)
            organisation = Organisation(session, importing, report, today=today, valid_from=since)
            organisation.bring_up_to_date(good)
            writer = MachineWriter(session, importing, organisation, report, ids)
            writer.write(entries, progress)
            writer.report_gone(entries)
            _count(entries, report)
            if dry_run or (strict and report.faults):
                raise _Undo
    except _Undo:
        return report
    report.applied = True
    return report


def _read(
    ledger: Ledger, generations: Collection[str], report: ImportReport, progress: Progress
) -> list[Entry]:
    """Every row of the file, with the faults that the file alone shows."""
    parser = RowParser(ledger.columns, generations)
    entries: list[Entry] = []
    expected = ledger.expected_rows
    for row in ledger:
        entry, faults = parser.parse(row)
        entries.append(entry)
        report.faults.extend(faults)
        if len(entries) % _PROGRESS_EVERY == 0:
            progress("read", len(entries), max(expected, len(entries)))
    progress("read", len(entries), len(entries))
    for entry, name, refused in duplicates.find(entries):
        entry.good = False
        report.faults.append(parser.fault(entry, name, refused))
    report.skipped = ledger.skipped
    report.rows = len(entries)
    return entries


def _count(entries: list[Entry], report: ImportReport) -> None:
    report.good = sum(entry.good for entry in entries)
    report.bad = len(entries) - report.good
    order = {name: place for place, name in enumerate(report.columns)}
    report.faults.sort(key=lambda fault: (fault.row, order.get(fault.field, -1)))


_NO_NUMBER = msgid("an owner is named without a staff number: no owner is recorded")
_NO_OWNER = msgid("a one-per-person PC has no owner")
_HAS_LEFT = msgid("the owner has left")
_SECOND_PC = msgid("the owner already has a one-per-person PC in this ledger")


def _remark_on(good: list[Entry], report: ImportReport) -> None:
    """What somebody should look at, though the rows go in."""
    with_a_pc: set[str] = set()
    for entry in good:
        number = entry.staff_number
        if entry.owner and number is None:
            report.remark(_NO_NUMBER, entry.row)
        if entry.left:
            report.remark(_HAS_LEFT, entry.row)
        if entry.purpose != Purpose.PERSONAL:
            continue
        if number is None:
            report.remark(_NO_OWNER, entry.row)
        elif number in with_a_pc:
            report.remark(_SECOND_PC, entry.row)
        else:
            with_a_pc.add(number)
