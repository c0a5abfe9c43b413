"""The import of departments that are renamed, merged, split or closed on a day."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from rollout.application.ledger.rows import Ledger
from rollout.application.ledger.words import may_leave, plain
from rollout.application.operators import Operator
from rollout.application.own_dates.cells import Cells
from rollout.application.own_dates.report import DatesReport
from rollout.application.transfers.taking_effect import take_effect
from rollout.domain.departments import DepartmentChangeKind
from rollout.domain.history import Fact, canonical
from rollout.domain.postings import PcFollows, Place, Posted, Timeline, in_force, post_from
from rollout.domain.text import ValueRefused, match_key
from rollout.domain.words import msgid
from rollout.settings import OperatorRole, Settings
from rollout.store import departments, history, postings
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.departments import DepartmentRow, Followed

_K = DepartmentChangeKind
_ENDED = {match_key(word) for word in "廃止 - なし 廃 closed".split()}  # noqa: SIM905


@dataclass
class DepartmentsReport(DatesReport):
    """`pairs` are kind, old and new name; `people` follow to the main part."""

    pairs: list[tuple[str, str, str | None]] = field(default_factory=list)
    people: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys; texts in the language in force."""
        pairs = [{"kind": kind, "old": old, "new": new} for kind, old, new in self.pairs]
        return super().as_json() | {"departments": pairs, "people": self.people}


@dataclass(frozen=True)
class _Pair:
    row: int
    old: DepartmentRow
    new: tuple[str, str] | None
    day: date
    main: bool


class _Undo(Exception):
    """Ends the transaction without a trace."""


def import_departments(
    database: Database,
    settings: Settings,
    rows: Ledger,
    *,
    operator: Operator,
    now: datetime,
    as_of: date | None,
    dry_run: bool = False,
) -> DepartmentsReport:
    """End the old departments and begin the new ones; none when any row is bad.

    A part of a reorganisation alone would leave people between two departments. The same list
    again changes nothing. Raises NotPermitted.
    """
    operator.must_be(OperatorRole.VIEWER if dry_run else OperatorRole.OPERATOR)
    report = DepartmentsReport(rows.source, rows.columns, dry_run)
    try:
        with database.write() as session:
            pairs = _read(session, rows, report, as_of)
            _write(session, settings, pairs, report, operator.name, now)
            if dry_run or report.faults:
                raise _Undo
    except _Undo:
        return report
    report.applied = True
    return report


def _read(
    session: Session, rows: Ledger, report: DepartmentsReport, as_of: date | None
) -> list[_Pair]:
    known = departments.every(session)
    done = {(one.from_id, one.day) for one in departments.lineage(session)}
    found: list[_Pair] = []
    for row in rows:
        report.rows += 1
        cells = Cells(row, report)
        bureau, division, new_bureau, new_division = (
            cells.read(name, plain) or ""
            for name in ("old_bureau", "old_division", "new_bureau", "new_division")
        )
        day, main = cells.day("day") or as_of, cells.read("main", may_leave)
        if day is None and cells.good:
            _refuse(cells, "day", msgid("no day is given"),
                    msgid("fill it in, or name the day with --as-of"))  # fmt: skip
        if not cells.good or day is None:
            continue
        old = [
            one for one in known
            if match_key(one.bureau) == match_key(bureau)
            and (not division or match_key(one.division) == match_key(division))
            and (one.exists_on(day - timedelta(days=1)))
        ]  # fmt: skip
        if not old:
            _refuse(cells, "old_division" if division else "old_bureau",
                    msgid("no such department the day before"),
                    msgid("write it as in the ledger or the list of people"))  # fmt: skip
            continue
        report.good += 1
        ended = match_key(new_bureau) in _ENDED and not new_division
        for one in old:
            if (one.id, day) in done:
                report.unchanged += 1
                continue
            new = None if ended else (new_bureau, new_division or ("" if division else
                                                                  one.division))  # fmt: skip
            found.append(_Pair(row.row, one, new, day, bool(main)))
    return found


def _refuse(cells: Cells, name: str, reason: str, remedy: str) -> None:
    cells.refuse(name, ValueRefused("", reason, remedy))


def _write(
    session: Session,
    settings: Settings,
    pairs: Sequence[_Pair],
    report: DepartmentsReport,
    actor: str,
    now: datetime,
) -> None:
    by_old: dict[int, list[_Pair]] = {}
    taken: dict[tuple[str, str], int] = {}
    for pair in pairs:
        by_old.setdefault(pair.old.id, []).append(pair)
        if pair.new:
            taken[_key(*pair.new)] = taken.get(_key(*pair.new), 0) + 1
    followed: list[Followed] = []
    ends: dict[int, date] = {}
    facts: list[Fact] = []
    for group in by_old.values():
        old, day = group[0].old, group[0].day
        goes_on = len(group) > 1 and any(
            pair.new and _key(*pair.new) == _key(old.bureau, old.division) for pair in group
        )
        if not goes_on:
            ends[old.id] = day - timedelta(days=1)
        main = next((pair for pair in group if pair.main), group[0])
        for pair in group:
            if pair.new and _key(*pair.new) == _key(old.bureau, old.division):
                continue
            kind = _kind(pair, group, taken)
            shown = f"{pair.new[0]} {pair.new[1]}".strip() if pair.new else None
            report.pairs.append((kind.value, old.name, shown))
            to_id = _new(session, pair.new, day) if pair.new else None
            followed.append(Followed(old.id, to_id, day, kind.value, pair is main and not goes_on))
            facts.append(
                Fact(instant_text(now), actor, "department", old.id, old.name, kind.value, None,
                     None, detail=canonical({"to": shown, "day": day.isoformat()}))
            )  # fmt: skip
    report.changed = len(by_old)
    departments.end(session, ends)
    departments.follow(session, followed)
    history.append(session, facts)
    report.people = _bring_along(session, settings, followed, ends)
    today = now.astimezone(settings.programme.zone).date()
    take_effect(session, today, PcFollows(settings.transfers.pc), at=now)


def _kind(pair: _Pair, group: Sequence[_Pair], taken: dict[tuple[str, str], int]) -> _K:
    if pair.new is None:
        return _K.CLOSED
    if len(group) > 1:
        return _K.SPLIT
    return _K.MERGED if taken[_key(*pair.new)] > 1 else _K.RENAMED


def _new(session: Session, name: tuple[str, str], day: date) -> int:
    for one in departments.every(session):
        if _key(one.bureau, one.division) == _key(*name) and one.exists_on(day):
            return one.id
    return departments.add(session, *name, day)


def _key(bureau: str, division: str) -> tuple[str, str]:
    return match_key(bureau), match_key(division)


def _bring_along(
    session: Session, settings: Settings, followed: Sequence[Followed], ends: dict[int, date]
) -> int:
    """Whoever no list placed elsewhere goes to the main part of what followed."""
    heirs = {one.from_id: one for one in followed if one.main and one.to_id is not None}
    ledger_only = {
        department: departments.without_list(session, [department]) for department in heirs
    }
    lines = postings.timelines(session)
    changed: dict[int, Timeline] = {}
    for department, people in ledger_only.items():
        for person in people:
            first = min(settings.programme.start, ends[department])
            lines[person] = (Posted(Place(department), first),)
    for person, line in lines.items():
        after = line
        for department, heir in heirs.items():
            current = in_force(after, heir.day)
            if current is not None and current.place.department_id == department:
                place = replace(current.place, department_id=heir.to_id)
                after = post_from(after, Posted(place, heir.day))
        if after != line:
            changed[person] = after
    postings.replace(session, changed)
    return len(changed)
