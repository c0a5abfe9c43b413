"""The import of a training list: what it says is added or brought up to date, nothing deleted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from rollout.application.ledger.rows import Ledger, LedgerRow
from rollout.application.operators import Operator
from rollout.application.own_dates.cells import Cells
from rollout.application.own_dates.report import DatesReport
from rollout.application.training.words import Result, result_of, score_of
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact, canonical
from rollout.domain.text import ValueRefused, match_key, tidy
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import OperatorRole
from rollout.store import history
from rollout.store import training as store
from rollout.store.columns import instant_text
from rollout.store.database import Database

Progress = Callable[[int, int], None]
"""Told (rows read, about how many there are)."""


class TrainingRefused(RolloutError):
    """The file does not say what is needed; the message says how to give it."""


@dataclass
class TrainingReport(DatesReport):
    """The result of one import; `absent` rows say that somebody has not had the training."""

    created: int = 0
    absent: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys; texts in the language in force."""
        found = super().as_json()
        del found["cleared"]
        return {**found, "created": self.created, "absent": self.absent}


@dataclass(frozen=True)
class _Entry:
    """One training of one person, as a row has it."""

    row: int
    staff_number: str
    course: str
    score: float | None
    passed: bool | None


def import_training(
    database: Database,
    rows: Ledger,
    *,
    operator: Operator,
    now: datetime,
    today: date,
    course: str | None = None,
    taken_on: date | None = None,
    dry_run: bool = False,
    progress: Progress = lambda done, total: None,
) -> TrainingReport:
    """Take in every good row of `rows` in one transaction; the same file again changes nothing.

    `course` and `taken_on` stand for columns or cells that the file does not have.
    Raises TrainingRefused, NotPermitted, and LedgerUnreadable when the file breaks off inside.
    """
    operator.must_be(OperatorRole.VIEWER if dry_run else OperatorRole.OPERATOR)
    _must_be_complete(rows, course, taken_on)
    report = TrainingReport(rows.source, rows.columns, dry_run)
    with database.read() as session:
        people = store.people(session)
    reader = _Reader(people, report, today, course, taken_on)
    for row in rows:
        reader.read(row)
        progress(report.rows, max(rows.expected_rows, report.rows))
    with database.read() if dry_run else database.write() as session:
        _bring_up_to_date(
            session, reader.entries, people, report, _Act(operator.name, now, rows.source)
        )
    report.applied = not dry_run
    return report


def _must_be_complete(rows: Ledger, course: str | None, taken_on: date | None) -> None:
    if course is None and "course" not in rows.columns:
        raise TrainingRefused(
            _("{source} has no column for the course: name the course with --course").format(
                source=rows.source
            )
        )
    if taken_on is None and "taken_on" not in rows.columns:
        raise TrainingRefused(
            _("{source} has no column for the day: name the day with --date").format(
                source=rows.source
            )
        )


class _Reader:
    """Rows become entries, each of them once."""

    def __init__(
        self,
        people: Mapping[str, tuple[int, str]],
        report: TrainingReport,
        today: date,
        course: str | None,
        taken_on: date | None,
    ) -> None:
        self._people, self._report, self._today = people, report, today
        self._known = {number: id_ for number, (id_, _name) in people.items()}
        self._course, self._taken_on = course, taken_on
        self.entries: dict[store.RecordKey, _Entry] = {}

    def read(self, row: LedgerRow) -> None:
        """Take one row, or note what is wrong with it."""
        self._report.rows += 1
        cells = Cells(row, self._report)
        number = self._person(cells)
        result, score = self._result(cells)
        if result is Result.ABSENT:
            self._report.absent += cells.good
            self._report.good += cells.good
            return
        course, day = self._the_course(cells), self._day(cells)
        if not cells.good or number is None or course is None or day is None:
            return
        passed = None if result is None else result is Result.PASSED
        entry = _Entry(row.row, number, course, score, passed)
        self._keep(cells, (self._known[number], match_key(course), day), entry)

    def _keep(self, cells: Cells, key: store.RecordKey, entry: _Entry) -> None:
        before = self.entries.get(key)
        if before is not None and (before.score, before.passed) != (entry.score, entry.passed):
            cells.refuse(
                "score" if "score" in cells.row.cells else "staff_number",
                ValueRefused(
                    entry.staff_number,
                    msgid("row {row} says otherwise of the same person, course and day"),
                    msgid("find out which row is right and correct or remove the other"),
                    row=before.row,
                ),
            )
            return
        self._report.good += 1
        self.entries.setdefault(key, entry)

    def _person(self, cells: Cells) -> str | None:
        number = cells.person("staff_number", self._known)
        if number is None and cells.good:
            cells.refuse(
                "staff_number",
                ValueRefused(
                    "",
                    msgid("the row names nobody"),
                    msgid("fill in the staff number, or remove the row"),
                ),
            )
        name = tidy(cells.text("name"))
        if number and name and match_key(name) != match_key(self._people[number][1]):
            self._report.remark(_OTHER_NAME, cells.row.row)
        return number

    def _the_course(self, cells: Cells) -> str | None:
        course = tidy(cells.text("course")) or self._course
        if not course:
            cells.refuse(
                "course",
                ValueRefused(
                    "",
                    msgid("the course is empty"),
                    msgid("fill it in, or name the course with --course"),
                ),
            )
        return course

    def _day(self, cells: Cells) -> date | None:
        given = tidy(cells.text("taken_on")) not in ("", "-")
        day = cells.day("taken_on") if given else self._taken_on
        if day is None and not given:
            cells.refuse(
                "taken_on",
                ValueRefused(
                    "",
                    msgid("the day of the training is empty"),
                    msgid("fill it in, write 未受講 as the result, or name the day with --date"),
                ),
            )
        if day is not None and day > self._today:
            cells.refuse(
                "taken_on",
                ValueRefused(
                    day.isoformat(),
                    msgid("{value} has not come yet: only a training that was had counts"),
                    msgid("correct the day, or leave the row out until then"),
                ),
            )
        return day

    def _result(self, cells: Cells) -> tuple[Result | None, float | None]:
        result, score = cells.read("result", result_of), cells.read("score", score_of)
        if isinstance(score, Result):
            return result or score, None
        return result, score


_OTHER_NAME = msgid("the name is not the one that the ledger has for the staff number")


@dataclass(frozen=True)
class _Act:
    """Who imports, when, and from which file."""

    actor: str
    at: datetime
    source: str

    def fact(self, person_id: int, number: str, verb: str, detail: object) -> Fact:
        """A fact of this import for the person's history."""
        return Fact(
            instant_text(self.at), self.actor, "person", person_id, number, verb, None, None,
            detail=canonical({"source": self.source, "training": detail}),
        )  # fmt: skip


def _bring_up_to_date(
    session: Session,
    entries: Mapping[store.RecordKey, _Entry],
    people: Mapping[str, tuple[int, str]],
    report: TrainingReport,
    act: _Act,
) -> None:
    known = store.records(session)
    new: list[dict[str, Any]] = []
    changes: dict[int, tuple[float | None, bool | None]] = {}
    facts: list[Fact] = []
    for key, entry in entries.items():
        person_id, course_key, day = key
        said = (entry.score, entry.passed)
        before = known.get(key)
        if before is None:
            report.created += 1
            new.append(
                {
                    "person_id": person_id,
                    "course": entry.course,
                    "course_key": course_key,
                    "taken_on": day,
                    "score": entry.score,
                    "passed": entry.passed,
                }
            )
        elif not report.count(before=(before.score, before.passed), after=said):
            continue
        else:
            changes[before.id] = said
        detail = {"course": entry.course, "day": day.isoformat(), "score": entry.score,
                  "passed": entry.passed}  # fmt: skip
        verb = "train" if before is None else "amend"
        facts.append(act.fact(person_id, entry.staff_number, verb, detail))
    if report.dry_run:
        return
    store.add(session, new)
    store.change(session, changes)
    history.append(session, facts)
