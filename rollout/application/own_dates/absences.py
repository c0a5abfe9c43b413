"""The import of absences: for everybody whom the list names, the list is the whole truth."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from sqlmodel import Session

from rollout.application.ledger.organisation import Importing
from rollout.application.ledger.rows import Ledger, LedgerRow
from rollout.application.operators import Operator
from rollout.application.own_dates.cells import Cells
from rollout.application.own_dates.report import DatesReport
from rollout.domain.text import ValueRefused
from rollout.domain.words import msgid
from rollout.settings import OperatorRole
from rollout.store import history
from rollout.store import own_dates as store
from rollout.store.database import Database
from rollout.store.own_dates import Away

Progress = Callable[[int, int], None]
"""Told (rows read, about how many there are)."""


def import_absences(
    database: Database,
    rows: Ledger,
    *,
    operator: Operator,
    now: datetime,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> DatesReport:
    """Bring the absences of everybody in `rows` to what they say, in one transaction.

    A person with an empty period has none any more; somebody who is not in the list keeps theirs,
    and so does somebody with a bad row: half a list would call them back too early.
    Raises NotPermitted, and LedgerUnreadable when the file breaks off inside.
    """
    operator.must_be(OperatorRole.VIEWER if dry_run else OperatorRole.OPERATOR)
    report = DatesReport(rows.source, rows.columns, dry_run)
    with database.read() as session:
        known = store.people(session)
    read = _read(rows, known, report, progress)
    with database.read() if dry_run else database.write() as session:
        changes = _changes(session, read, known, report)
        if not dry_run:
            _write(session, changes, Importing(operator.name, now, rows.source))
    report.applied = not dry_run
    return report


def _read(
    rows: Ledger, known: Mapping[str, int], report: DatesReport, progress: Progress
) -> dict[str, list[Away]]:
    """The absences by staff number; people with a bad row are left out."""
    found: dict[str, list[tuple[Away, LedgerRow]]] = {}
    spoilt: set[str] = set()
    lines: dict[str, int] = {}
    for row in rows:
        report.rows += 1
        cells = Cells(row, report)
        number = cells.person("staff_number", known)
        if number is None and cells.good:
            cells.refuse(
                "staff_number",
                ValueRefused(
                    "",
                    msgid("the row names nobody"),
                    msgid("fill in the staff number, or remove the row"),
                ),
            )
        period = cells.period("period", "first", "last")
        if number is not None:
            lines[number] = lines.get(number, 0) + 1
            if not cells.good:
                spoilt.add(number)
            elif period is None:
                found.setdefault(number, [])
            else:
                away = Away(period.first, period.last, cells.text("note"))
                if not _fits(away, found.setdefault(number, []), cells):
                    spoilt.add(number)
        progress(report.rows, max(rows.expected_rows, report.rows))
    for number in spoilt:
        found.pop(number, None)
    report.good = sum(lines[number] for number in found)
    return {
        number: sorted({away for away, _ in entries}, key=lambda away: away.first)
        for number, entries in found.items()
    }


def _fits(away: Away, entries: list[tuple[Away, LedgerRow]], cells: Cells) -> bool:
    """Whether the absence stands clear of the person's others; the same one twice is one."""
    for other, row in entries:
        if away[:2] == other[:2]:
            return True
        if away.first <= other.last and other.first <= away.last:
            cells.refuse(
                "period" if "period" in cells.row.cells else "first",
                ValueRefused(
                    f"{away.first}/{away.last}",
                    msgid("it overlaps the absence {first}/{last} of row {row}"),
                    msgid("correct one of them, or write them as one"),
                    first=other.first.isoformat(),
                    last=other.last.isoformat(),
                    row=row.row,
                ),
            )
            return False
    entries.append((away, cells.row))
    return True


def _changes(
    session: Session,
    read: Mapping[str, Sequence[Away]],
    known: Mapping[str, int],
    report: DatesReport,
) -> dict[str, tuple[int, list[Away], list[Away]]]:
    """Staff number -> (id, absences before, absences now) of everybody whose absences change."""
    before = store.absences(session)
    return {
        number: (known[number], before.get(known[number], []), list(entries))
        for number, entries in read.items()
        if report.count(before=before.get(known[number], []), after=list(entries))
    }


def _write(
    session: Session,
    changes: Mapping[str, tuple[int, list[Away], list[Away]]],
    importing: Importing,
) -> None:
    store.replace_absences(session, {id_: now for id_, _, now in changes.values()})
    history.append(
        session,
        [
            importing.fact(
                "person", id_, number, "amend", {"absences": [_shown(before), _shown(now)]}
            )
            for number, (id_, before, now) in changes.items()
        ],
    )


def _shown(entries: Sequence[Away]) -> list[str]:
    return [_span(away.first, away.last) for away in entries]


def _span(first: date, last: date) -> str:
    return f"{first}/{last}"
