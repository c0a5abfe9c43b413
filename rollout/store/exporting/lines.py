"""Machines as lines of text, which the database itself puts together, a page in one piece.

A million rows of forty values are forty million objects, and making them takes most of the time of
a CSV. Here thousands of rows are one piece of UTF-8, in which cells stand one behind the other with
FIRST, TEXT or SAFE before each: SAFE before what can be nothing but a number, a day, a moment or a
word of ours. What SQL cannot say is strung up behind SAID and put into words: see `beside_lines`.
The database works without Python's lock, so it strings up the next page while the one before is put
into words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, case, func, or_, select
from sqlmodel import Session, col

from rollout.store.exporting import beside_lines
from rollout.store.exporting.machines import joined
from rollout.store.exporting.texts import (
    FIRST,
    SAFE,
    TEXT,
    day,
    fixed,
    in_sqlite,
    kept,
    line,
    plain,
    strung,
    truth,
    worded,
)
from rollout.store.machines import Filter, conditions
from rollout.store.readers import Readers
from rollout.store.tables import (
    ControlSummary,
    Department,
    Machine,
    MachineMove,
    PendingControls,
    Person,
    Site,
    Wave,
)

PAGE = 5_000
END = "\r\n"
"""Between lines: behind it comes FIRST, which no line break in a text has."""
Show = Callable[[str], str | None]
_VERDICTS = ("passed", "failed", "pending")


@dataclass(frozen=True)
class Shown:
    """How people see values: words by the name of the column, moments on a zone's clock, causes and
    lists of controls by a call."""

    words: Mapping[str, Mapping[Any, str]]
    moment: Show
    cause: Show
    lacking: Show


@dataclass(frozen=True)
class Lines:
    """A page of lines in the order of `machines.FIELDS`, behind the tag `after`.

    No `text`: one in it cannot be told in a line. `states` are those of its rows, or none with it;
    `verdicts` counts the controls that passed, failed and wait.
    """

    after: str
    rows: int
    text: bytes | None
    states: Sequence[str]
    verdicts: Sequence[int]


def pages(
    readers: Readers, wanted: Filter, today: date, shown: Shown, *, size: int = PAGE
) -> Iterator[Lines]:
    """The machines of `machines.pages` that match, as lines."""
    session = readers.first
    statement = _pieces(session, wanted, today, shown)
    saying = beside_lines.Saying(shown.words, shown.cause, shown.moment, shown.lacking)
    for page in readers.each(partial(_page, statement), [*_bounds(session, size)]):
        if page.text is not None:
            states = beside_lines.states(page.text)
            # A text with our sign before a state would be one too many.
            odd = page.odd or len(states) != page.rows
            said = None if odd else saying.said(page.text)
            yield Lines(page.after, page.rows, said, () if odd else states, page.verdicts)


class _Page(NamedTuple):
    """What the database strung up of a page."""

    after: str
    text: bytes | None
    rows: int
    odd: bool
    verdicts: Sequence[int]


def _page(statement: Select[Any], session: Session, bound: tuple[str, str]) -> _Page:
    after, upto = bound
    ((text, rows, odd, *verdicts),) = plain(session, statement, {"after": after, "upto": upto})
    return _Page(after, text, rows, bool(odd), [number or 0 for number in verdicts])


def _bounds(session: Session, size: int) -> Iterator[tuple[str, str]]:
    """Tags behind which a page begins, and with which it ends."""
    tag = col(Machine.asset_tag)
    last = session.connection().scalar(select(func.max(tag)))
    statement = select(tag).where(tag > bindparam("after")).order_by(tag).offset(size - 1).limit(1)
    after = ""
    while last is not None and after != last:
        upto = session.connection().scalar(statement, {"after": after})
        yield after, upto or last
        after = upto or last


def _pieces(session: Session, wanted: Filter, today: date, shown: Shown) -> Select[Any]:
    """The lines behind `after` up to `upto`, strung up; how many; whether one is odd; how many
    controls passed, failed and wait."""
    each = _lines(session, today, shown).where(*conditions(wanted)).subquery()
    return select(
        strung(session, each.c.line, END),
        func.count(),
        func.max(each.c.odd),
        *(func.sum(each.c[name]) for name in _VERDICTS),
    )


def _lines(session: Session, today: date, shown: Shown) -> Select[Any]:
    tag = col(Machine.asset_tag)
    # As in `machines.core`: who was transferred belongs to the new office from the day on.
    moved = col(MachineMove.id).is_not(None)
    office = case((moved, col(MachineMove.to_department_id)), else_=col(Machine.department_id))
    cells = line(session, *_ledger(session, shown), *_standing(session, shown))
    columns: tuple[Any, ...] = (
        cells.label("line"),
        _odd(session).label("odd"),
        *(getattr(ControlSummary, name) for name in _VERDICTS),
    )
    statement: Select[Any] = select(*columns)
    return (
        joined(statement, today)
        .outerjoin(Department, col(Department.id) == office)
        .outerjoin(ControlSummary, col(ControlSummary.machine_id) == col(Machine.id))
        .where(tag > bindparam("after"), tag <= bindparam("upto"))
        .order_by(tag)
    )


def _ledger(session: Session, shown: Shown) -> Sequence[tuple[str, Any]]:
    it, words = Machine, shown.words
    texts = (
        it.generation, it.model, it.serial, it.mac, it.computer_name, Site.key, it.floor,
        Department.bureau, Department.division, Person.staff_number, Person.name,
    )  # fmt: skip
    return (
        (FIRST, it.asset_tag),
        *((TEXT, cell) for cell in texts),
        (TEXT, worded(col(it.purpose), words["purpose"])),
        (SAFE, day(session, it.lease_from)),
        (SAFE, day(session, it.lease_to)),
        (TEXT, truth(col(it.may_leave), words["may_leave"])),
        (TEXT, truth(col(it.in_ledger), words["in_ledger"])),
    )


def _standing(session: Session, shown: Shown) -> Sequence[tuple[str, Any]]:
    """Cells without a sign bring their own."""
    it, words = Machine, shown.words
    return (
        (SAFE, Wave.number),
        (SAFE, day(session, it.planned_day)),
        (beside_lines.STATE, it.state),
        (TEXT, worded(col(it.step), words["step"])),
        (SAFE, it.attempt),
        ("", beside_lines.moment(session, it.state_since)),
        ("", beside_lines.cause(kept(it.cause), kept(PendingControls.cause))),
        (TEXT, worded(col(it.held_from), words["held_from"])),
        (SAFE, day(session, it.hold_until)),
        (TEXT, it.image_id),
        ("", beside_lines.moment(session, it.last_seen_at)),
        (TEXT, it.remark),
        (TEXT, beside_lines.spare(session)),
        (TEXT, beside_lines.stands_in_for(session)),
        (TEXT, Person.upn),
        ("", beside_lines.accounts(session)),
        ("", beside_lines.takeouts(session, words)),
        (TEXT, beside_lines.disk_pin(session, words)),
        (SAFE, ControlSummary.passed),
        (SAFE, ControlSummary.failed),
        (SAFE, ControlSummary.pending),
        ("", beside_lines.lacking()),
        ("", beside_lines.moment(session, ControlSummary.measured_at)),
    )


def _odd(session: Session) -> ColumnElement[Any]:
    """Whether a text that came from elsewhere than a ledger holds a NUL, at which SQLite's function
    would end it. PostgreSQL has no such texts."""
    if not in_sqlite(session):
        return fixed(0)
    texts = (
        Machine.image_id, Person.upn, kept(Machine.cause), kept(PendingControls.cause),
        ControlSummary.lacking,
    )  # fmt: skip
    nul = func.char(fixed(0))
    return or_(*(func.instr(text, nul) > fixed(0) for text in texts))
