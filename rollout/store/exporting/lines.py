"""Machines as lines of text, which the database itself puts together.

A million rows of forty values are forty million objects, and making them takes most of the time of
a CSV. Here a row is a handful of texts in which the cells stand one behind the other with TEXT or
SAFE before each: SAFE before what can be nothing but a number, a day, a moment or a word of ours.
What SQL cannot say (moments of a zone, causes in a language) is shown by the caller's functions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, false, func, literal, null, select
from sqlmodel import Session, col

from rollout.store.exporting.beside import Loans
from rollout.store.exporting.beside_lines import AccountLines, ControlLines, TakeoutLines
from rollout.store.exporting.machines import joined
from rollout.store.exporting.texts import (
    SAFE,
    TEXT,
    day,
    in_sqlite,
    kept,
    line,
    moment,
    plain,
    truth,
    worded,
)
from rollout.store.machines import Filter, conditions
from rollout.store.tables import (
    Department,
    Machine,
    MachineMove,
    PendingControls,
    Person,
    Site,
    Wave,
)

PAGE = 5_000
Show = Callable[[str], str | None]


@dataclass(frozen=True)
class Shown:
    """How people see values: words by the name of the column, moments and causes by a call."""

    words: Mapping[str, Mapping[Any, str]]
    moment: Show
    cause: Show


@dataclass(frozen=True)
class Lines:
    """A page of lines in the order of `machines.FIELDS`.

    `after` is the tag behind which it begins, `odd`: a text in it cannot be told in a line.
    """

    after: str
    states: Sequence[str]
    lines: Sequence[str]
    odd: bool


def pages(
    session: Session, wanted: Filter, today: date, shown: Shown, *, size: int = PAGE
) -> Iterator[Lines]:
    """The machines of `machines.pages`, each as one line."""
    loans = Loans(session)
    beside = _Beside(session, shown, loans)
    statement = _statement(session, today, shown.words, lent=loans.any)
    statement = statement.where(*conditions(wanted)).limit(size)
    after = ""
    while rows := plain(session, statement, {"after": after}):
        tags, states, odd, *columns = zip(*rows, strict=True)
        yield Lines(after, states, beside.lines(columns), any(odd))
        after = tags[-1]
        if len(rows) < size:
            break


class _Beside:
    """Puts to the lines what is not in their table, or not to be said in SQL."""

    def __init__(self, session: Session, shown: Shown, loans: Loans) -> None:
        self._shown, self._loans = shown, loans
        self._accounts = AccountLines(session, shown.words)
        self._takeouts = TakeoutLines(session, shown.words)
        self._controls = ControlLines(session)

    def lines(self, columns: Sequence[Sequence[Any]]) -> Sequence[str]:
        """Of the columns of a page of the statement."""
        ids, owners, heads, since, own, control, middles, seen, tails, upns = columns
        proven, measured = self._controls.of(ids)
        pieces = (
            heads,
            self._moments(since),
            self._causes(own, control),
            middles,
            self._moments(seen),
            self._ends(ids, tails, upns),
            self._accounts.of(owners),
            self._takeouts.of(ids),
            proven,
            self._moments(measured),
        )
        return [
            f"{head}{SAFE}{at}{TEXT}{why}{middle}{SAFE}{last}{tail}{has}{out}{said}{SAFE}{when}"
            for head, at, why, middle, last, tail, has, out, said, when in zip(*pieces, strict=True)
        ]

    def _moments(self, values: Sequence[str | None]) -> Sequence[str | None]:
        show = self._shown.moment
        return ["" if value is None else show(value) for value in values]

    def _causes(self, own: Sequence[str | None], control: Sequence[str | None]) -> Sequence[str]:
        show = self._shown.cause
        # A machine without a cause of its own may lack a control.
        return [
            (show(mine or other or "") or "") if mine or other else ""
            for mine, other in zip(own, control, strict=True)
        ]

    def _ends(
        self, ids: Sequence[int], tails: Sequence[str], upns: Sequence[str | None]
    ) -> Sequence[str]:
        if not self._loans.any:
            return tails
        spare, lent = self._loans.spare_of, self._loans.lent_to
        return [
            f"{tail}{TEXT}{spare.get(id_, '')}{TEXT}{lent.get(id_, '')}{TEXT}{upn or ''}"
            for id_, tail, upn in zip(ids, tails, upns, strict=True)
        ]


def _statement(
    session: Session, today: date, words: Mapping[str, Mapping[Any, str]], *, lent: bool
) -> Select[Any]:
    it = Machine
    # As in `machines.core`: who was transferred belongs to the new office from the day on.
    moved = col(MachineMove.id).is_not(None)
    office = case((moved, col(MachineMove.to_department_id)), else_=col(it.department_id))
    head = line(
        session,
        *((TEXT, cell) for cell in (
            it.asset_tag, it.generation, it.model, it.serial, it.mac, it.computer_name, Site.key,
            it.floor, Department.bureau, Department.division, Person.staff_number, Person.name,
            it.purpose,
        )),
        (SAFE, day(session, it.lease_from)),
        (SAFE, day(session, it.lease_to)),
        (TEXT, truth(col(it.may_leave), words["may_leave"])),
        (TEXT, truth(col(it.in_ledger), words["in_ledger"])),
        (SAFE, Wave.number),
        (SAFE, day(session, it.planned_day)),
        (TEXT, worded(col(it.state), words["state"])),
        (TEXT, worded(col(it.step), words["step"])),
        (SAFE, it.attempt),
    )  # fmt: skip
    middle = line(
        session,
        (TEXT, worded(col(it.held_from), words["held_from"])),
        (SAFE, day(session, it.hold_until)),
        (TEXT, it.image_id),
    )
    # Spares in the place of others are put in later; mostly there are none.
    loans = () if lent else ((TEXT, literal("")), (TEXT, literal("")), (TEXT, Person.upn))
    tail = line(session, (TEXT, it.remark), *loans)
    columns: tuple[Any, ...] = (
        it.asset_tag, it.state, _odd(session).label("odd"), it.id, it.owner_id,
        head.label("head"), moment(session, it.state_since), kept(it.cause),
        kept(PendingControls.cause).label("control"), middle.label("middle"),
        moment(session, it.last_seen_at).label("seen"), tail.label("tail"),
        col(Person.upn) if lent else null().label("upn"),
    )  # fmt: skip
    return (
        joined(select(*columns), today)
        .outerjoin(Department, col(Department.id) == office)
        .where(col(Machine.asset_tag) > bindparam("after"))
        .order_by(col(Machine.asset_tag))
    )


def _odd(session: Session) -> ColumnElement[bool]:
    """Whether a text that came from elsewhere than a ledger holds a NUL, at which SQLite's function
    would end it. PostgreSQL has no such texts."""
    if not in_sqlite(session):
        return false()
    texts = (Machine.image_id, Person.upn)
    places = (func.nullif(func.instr(text, func.char(0)), 0) for text in texts)
    found: ColumnElement[bool] = func.coalesce(*places, 0)
    return found
