"""Rows of a list of people become entries; what is wrong goes into the report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from rollout.application.ledger.rows import Ledger, LedgerRow, cell_text
from rollout.application.ledger.words import plain, site_and_floor
from rollout.application.own_dates.cells import Cells
from rollout.application.people.report import PeopleReport
from rollout.application.people.words import (
    Change,
    change_of,
    is_total,
    pc_of,
    promoter_of,
    upn_of,
)
from rollout.domain.dates import LOOK_IT_UP
from rollout.domain.identifiers import parse_staff_number
from rollout.domain.postings import PcFollows
from rollout.domain.text import ValueRefused, match_key, tidy
from rollout.domain.words import msgid

DAY = timedelta(days=1)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One person as a row has him or her; `since` is None when neither row nor order names it."""

    row: LedgerRow
    staff_number: str
    name: str
    kana: str
    upn: str | None
    romaji: str
    nickname: str
    bureau: str
    division: str
    site: str
    post: str
    since: date | None
    last_day: date | None
    here: bool
    pc: PcFollows | None
    promoter: bool | None = None
    """None where the list has no such column."""

    @property
    def order(self) -> tuple[int, bool]:
        """When it takes effect: who is gone on a day and here from that day on comes back."""
        if not self.here and self.last_day is not None:
            return self.last_day.toordinal() + 1, False
        return (self.since or date.min).toordinal(), True

    @property
    def says(self) -> tuple[object, ...]:
        """What two rows of one person must not say differently."""
        return (match_key(self.bureau), match_key(self.division), match_key(self.site),
                match_key(self.post), self.last_day, self.here, self.promoter)  # fmt: skip


_BESIDES = msgid("a second post beside the first one is not kept: the row was passed over")
_KEEP_ONE = msgid("find out which row is right and correct or remove the other")


def read(
    rows: Ledger, report: PeopleReport, as_of: date | None, progress: Progress
) -> dict[str, list[Entry]]:
    """Staff number -> entries in the order of days; people of bad rows are left out."""
    found: dict[str, list[Entry]] = {}
    spoilt: set[str] = set()
    signs: dict[str, str] = {}
    for row in rows:
        if _only_counts(row):
            continue
        report.rows += 1
        cells = Cells(row, report)
        entry = _entry(cells, report, as_of)
        number = entry.staff_number if entry else cells.read("staff_number", _number)
        if number:
            report.named.add(number)
        if entry is not None and _fits(cells, entry, found.setdefault(number or "", []), signs):
            report.good += 1
        elif number and not cells.good:
            spoilt.add(number)
        progress(report.rows, max(rows.expected_rows, report.rows))
    for number in spoilt:
        # Another row of the same person alone would tell half of what happens to them.
        report.good -= len(found.pop(number, ()))
    return {
        number: sorted(entries, key=lambda one: one.order)
        for number, entries in found.items() if entries
    }  # fmt: skip


def _only_counts(row: LedgerRow) -> bool:
    texts = {name: cell_text(cell) for name, cell in row.cells.items()}
    number = texts.pop("staff_number", "").strip()
    return (not number or is_total(number)) and any(map(is_total, (number, *texts.values())))


def _number(text: str) -> str | None:
    try:
        return parse_staff_number(text)
    except ValueRefused:
        return None


def _entry(cells: Cells, report: PeopleReport, as_of: date | None) -> Entry | None:
    change = cells.read("change", change_of) or Change.HERE
    if change is Change.BESIDES:
        report.good += 1
        report.remark(_BESIDES, cells.row.row)
        return None
    number = cells.read("staff_number", parse_staff_number)
    if number is None and cells.good:
        cells.refuse(
            "staff_number",
            ValueRefused(
                "",
                msgid("the row names nobody"),
                msgid("fill in the staff number, or remove the row"),
            ),
        )
    moved, begins, ends = (cells.day(name) for name in ("moved_on", "begins", "ends"))
    for column, first in (("moved_on", moved), ("begins", begins)):
        if first is not None and first.year == date.max.year:
            refused = ValueRefused(
                first.isoformat(), msgid("there is no year {year}"), LOOK_IT_UP, year=first.year
            )
            cells.refuse(column, refused)
    if ends is not None and ends.year == date.max.year:
        ends = None  # what systems of personnel write where there is no last day
    site = cells.read("site", lambda text: site_and_floor(text)[0]) or ""
    texts = [cells.read(name, plain) or "" for name in ("name", "kana", "bureau", "division")]
    upn, post = cells.read("upn", upn_of), cells.read("post", plain) or ""
    pc = cells.read("pc", pc_of)
    promoter = cells.read("promoter", promoter_of)
    if promoter is None and "promoter" in report.columns:
        promoter = False
    last_day = ends or _last_day(change, moved, as_of)
    if begins and ends and ends < begins:
        cells.refuse(
            "ends",
            ValueRefused(
                ends.isoformat(),
                msgid("the person leaves on {value}, before the first day on {first}"),
                msgid("swap the two days, or correct the year"),
                first=begins.isoformat(),
            ),
        )
    if change is not Change.HERE and last_day is None:
        cells.refuse(
            "change",
            ValueRefused(
                "",
                msgid("the person leaves, but no day is given"),
                msgid("fill in the last day, or name the day with --as-of"),
            ),
        )
    if not cells.good or number is None:
        return None
    name, kana, bureau, division = texts
    if not bureau:
        bureau, division = division, ""
    since = moved or (as_of if as_of and (begins is None or begins <= as_of) else begins)
    here = change is Change.HERE
    romaji, nickname = tidy(cells.text("romaji")), tidy(cells.text("nickname"))
    return Entry(cells.row, number, name, kana, upn, romaji, nickname, bureau, division, site,
                 post, since, last_day, here, pc, promoter)  # fmt: skip


def _last_day(change: Change, moved: date | None, as_of: date | None) -> date | None:
    """Who retires on a day is still there, who goes elsewhere is there already.

    On the day of a whole list nobody is here any more whom it calls gone.
    """
    if change is Change.HERE:
        return None
    if change is Change.RETIRES and moved is not None:
        return moved
    first = moved or as_of
    return first - DAY if first else None


def _fits(cells: Cells, entry: Entry, before: list[Entry], signs: dict[str, str]) -> bool:
    """Whether the entry contradicts none before it; the same one twice is one."""
    owner = signs.setdefault(entry.upn, entry.staff_number) if entry.upn else entry.staff_number
    if owner != entry.staff_number:
        cells.refuse(
            "upn",
            ValueRefused(
                entry.upn or "",
                msgid("the same name to sign in with stands on the row of {other}"),
                _KEEP_ONE,
                other=owner,
            ),
        )
        return False
    for other in before:
        if other.since != entry.since or other.here != entry.here:
            continue
        if other.says != entry.says:
            cells.refuse(
                "staff_number",
                ValueRefused(
                    entry.staff_number,
                    msgid("row {row} says otherwise of the same person and day"),
                    _KEEP_ONE,
                    row=other.row.row,
                ),
            )
            return False
        return True
    before.append(entry)
    return True
