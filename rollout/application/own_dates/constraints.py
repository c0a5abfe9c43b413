"""The import of agreed dates: pinned days, windows of days and training, row by row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlmodel import Session

from rollout.application.ledger.organisation import Importing
from rollout.application.ledger.rows import Ledger
from rollout.application.operators import Operator
from rollout.application.own_dates.cells import Cells
from rollout.application.own_dates.report import DatesReport
from rollout.domain.errors import RolloutError
from rollout.domain.identifiers import parse_asset_tag
from rollout.domain.periods import Period
from rollout.domain.text import ValueRefused
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.planning.calendar import WorkCalendar
from rollout.settings import OperatorRole
from rollout.store import history
from rollout.store import own_dates as store
from rollout.store.database import Database
from rollout.store.own_dates import Agreed

Progress = Callable[[int, int], None]
"""Told (rows read, about how many there are)."""
Noun = Literal["machine", "person"]

_NO_WORKING_DAY = msgid("the pinned day is no working day: the machine will have no place")


class NothingToKnow(RolloutError):
    """The list names neither machines nor people."""


@dataclass
class _Subject:
    """One machine or person of the list, with the columns that decide about it."""

    row: int
    values: dict[str, date | Period | str | None] = field(default_factory=dict)


class _Key(NamedTuple):
    noun: Noun
    name: str


def import_constraints(
    database: Database,
    rows: Ledger,
    calendar: WorkCalendar,
    *,
    operator: Operator,
    now: datetime,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> DatesReport:
    """Bring the agreed dates of everything in `rows` to what they say, in one transaction.

    A column that the file has decides: an empty cell takes the date away. What the file does not
    name, and columns that it does not have, stay as they were.
    Raises NotPermitted, NothingToKnow, and LedgerUnreadable when the file breaks off inside.
    """
    operator.must_be(OperatorRole.VIEWER if dry_run else OperatorRole.OPERATOR)
    if not {"asset_tag", "staff_number"} & set(rows.columns):
        raise NothingToKnow(
            _(
                "{source}: the list names neither machines (asset tag) nor people (staff number): "
                "add one of these columns"
            ).format(source=rows.source)
        )
    report = DatesReport(rows.source, rows.columns, dry_run)
    with database.read() as session:
        known = {"machine": store.machines(session), "person": store.people(session)}
    subjects = _read(rows, known, calendar, report, progress)
    with database.read() if dry_run else database.write() as session:
        importing = Importing(operator.name, now, rows.source)
        _settle(session, subjects, known, report, None if dry_run else importing)
    report.applied = not dry_run
    return report


def _read(
    rows: Ledger,
    known: Mapping[str, Mapping[str, int]],
    calendar: WorkCalendar,
    report: DatesReport,
    progress: Progress,
) -> dict[_Key, _Subject]:
    found: dict[_Key, _Subject] = {}
    for row in rows:
        report.rows += 1
        cells = Cells(row, report)
        tag = _machine(cells, known["machine"])
        number = cells.person("staff_number", known["person"])
        pinned, trained_on = cells.day("pinned"), cells.day("trained_on")
        window = cells.period("window", "window_first", "window_last")
        if cells.good:
            _must_have_a_subject(cells, tag, number, pinned, trained_on)
        if cells.good and pinned and not calendar.is_working(pinned):
            report.remark(_NO_WORKING_DAY, row.row)
        if cells.good:
            note = cells.text("note")
            parts: dict[_Key, dict[str, date | Period | str | None]] = {}
            if tag is not None:
                parts[_Key("machine", tag)] = {"day": pinned, "window": window, "note": note}
            elif number is not None:
                parts[_Key("person", number)] = {"window": window, "note": note}
            if number is not None and (trained_on is not None or tag is None):
                parts.setdefault(_Key("person", number), {})["day"] = trained_on
            if _new(parts, found, cells):
                report.good += 1
                for key, values in parts.items():
                    found.setdefault(key, _Subject(row.row)).values.update(values)
        progress(report.rows, max(rows.expected_rows, report.rows))
    return found


def _machine(cells: Cells, known: Mapping[str, int]) -> str | None:
    text = cells.text("asset_tag")
    if not text:
        return None
    try:
        tag = parse_asset_tag(text)
        if tag not in known:
            raise ValueRefused(
                tag,
                msgid("the ledger has no machine {value}"),
                msgid("correct the tag, or import the ledger that has this machine first"),
            )
    except ValueRefused as refused:
        cells.refuse("asset_tag", refused)
        return None
    return tag


def _must_have_a_subject(
    cells: Cells, tag: str | None, number: str | None, pinned: date | None, trained: date | None
) -> None:
    if tag is None and number is None:
        cells.refuse(
            "asset_tag" if "asset_tag" in cells.row.cells else "staff_number",
            ValueRefused(
                "",
                msgid("the row names neither a machine nor a person"),
                msgid("fill in the asset tag or the staff number, or remove the row"),
            ),
        )
    elif tag is None and pinned is not None:
        cells.refuse(
            "pinned",
            ValueRefused(
                pinned.isoformat(),
                msgid("only a machine can be pinned to a day"),
                msgid("fill in the asset tag, or write the day as a period"),
            ),
        )
    elif number is None and trained is not None:
        cells.refuse(
            "trained_on",
            ValueRefused(
                trained.isoformat(),
                msgid("training is a person's"),
                msgid("fill in the staff number"),
            ),
        )


def _new(
    parts: Mapping[_Key, Mapping[str, date | Period | str | None]],
    found: Mapping[_Key, _Subject],
    cells: Cells,
) -> bool:
    """Whether the row says nothing else than an earlier row of the same machine or person."""
    for key, values in parts.items():
        before = found.get(key)
        if before is None:
            continue
        if any(before.values.get(name, value) != value for name, value in values.items()):
            cells.refuse(
                "asset_tag" if key.noun == "machine" else "staff_number",
                ValueRefused(
                    key.name,
                    msgid("row {row} says something else of {value}"),
                    msgid("find out which row is right and correct or remove the other"),
                    row=before.row,
                ),
            )
            return False
    return True


def _settle(
    session: Session,
    subjects: Mapping[_Key, _Subject],
    known: Mapping[str, Mapping[str, int]],
    report: DatesReport,
    importing: Importing | None,
) -> None:
    """Compare with what is agreed so far, and write it when `importing` says who does."""
    before = {"machine": store.of_machines(session), "person": store.of_people(session)}
    written: dict[str, dict[int, Agreed]] = {"machine": {}, "person": {}}
    facts = []
    has_window = bool({"window", "window_first", "window_last"} & set(report.columns))
    for key, subject in subjects.items():
        id_ = known[key.noun][key.name]
        old = before[key.noun].get(id_, Agreed())
        own = "pinned" if key.noun == "machine" else "trained_on"
        decided = {"day": own in report.columns, "window": has_window,
                   "note": "note" in report.columns}  # fmt: skip
        new = _amended(old, {name: v for name, v in subject.values.items() if decided[name]})
        new = new if new else Agreed()
        if report.count(before=old, after=new):
            written[key.noun][id_] = new
            if importing is not None:
                detail = {
                    name: [_shown(was), _shown(now)]
                    for name, was, now in zip((own, *Agreed._fields[1:]), old, new, strict=True)
                    if was != now
                }
                facts.append(importing.fact(key.noun, id_, key.name, "amend", detail))
    if importing is not None:
        store.put_machines(session, written["machine"])
        store.put_people(session, written["person"])
        history.append(session, facts)


def _amended(old: Agreed, values: Mapping[str, date | Period | str | None]) -> Agreed:
    changes: dict[str, date | str | None] = {}
    for name, value in values.items():
        if name == "window":
            window = value if isinstance(value, Period) else None
            changes["window_first"] = window.first if window else None
            changes["window_last"] = window.last if window else None
        elif not isinstance(value, Period):
            changes[name] = value
    return old._replace(**changes)  # type: ignore[arg-type]


def _shown(value: date | str | None) -> str | None:
    return value.isoformat() if isinstance(value, date) else value
