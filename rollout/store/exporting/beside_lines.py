"""What lies beside machines in other tables, as cells of their lines: see `lines`.

The database strings up what belongs to a machine, and `Saying` puts words in its place: there are
few different ones. So it does with moments, since SQLite takes longer to count with them.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, case, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from rollout.domain.account import ACCOUNT
from rollout.domain.takeout import UNDER_WAY
from rollout.store.exporting import texts
from rollout.store.exporting.beside import Accounts
from rollout.store.exporting.texts import (
    FIRST,
    SAFE,
    SAID,
    TEXT,
    day,
    fixed,
    line,
    worded,
)
from rollout.store.tables import Account, ControlSummary, DiskPin, Machine, SpareLoan, Takeout

Words = Mapping[str, Mapping[Any, str]]
Cells = ColumnElement[str]

_CAUSE, _ACCOUNTS, _LACKING, _MOMENT = (SAID + letter for letter in "WACT")
STATE = SAID + "S"
"""Before the state of a machine, which every row has, and exactly one."""
_PART, _ITEM = "\x1a", "\x1b"
"""Between parts of what is still to be said, and between what the database strings up."""
_STATES = re.compile(f"{STATE}([a-z_]*)".encode())
# Some end a line: the line break behind it does not belong to them.
_sayings = re.compile(f"{_MOMENT}.{{26}}Z|{SAID}[^{SAID}{TEXT}{SAFE}{FIRST}]*".encode()).sub


def moment(session: Session, column: Any) -> Cells:
    """A moment; what a person sees of it is on the clock of a zone."""
    return func.coalesce(fixed(_MOMENT).concat(texts.moment(session, column)), fixed(SAFE))


def cause(own: Any, control: Any) -> Cells:
    """The cause of a machine, or of a control that it lacks, as it is kept."""
    none = fixed("")
    kept = func.coalesce(func.nullif(own, none, type_=String), control, none)
    return case((kept == none, fixed(TEXT)), else_=fixed(_CAUSE).concat(kept))


def accounts(session: Session) -> Cells:
    """The state of each service of the owner."""
    none = fixed(TEXT * len(Accounts.FIELDS))
    if not _any(session, Account):
        return none
    it = Account
    each = func.aggregate_strings(col(it.service).concat(fixed(_PART)).concat(col(it.state)), _ITEM)
    found = select(fixed(_ACCOUNTS).concat(each)).where(
        col(it.person_id) == col(Machine.owner_id), col(it.state) != fixed(ACCOUNT.initial.value)
    )
    return func.coalesce(found.correlate(Machine).scalar_subquery(), none)


def takeouts(session: Session, words: Words) -> Cells:
    """The application under way that ends last."""
    none = fixed(f"{TEXT}{SAFE}{SAFE}")
    it = Takeout
    if not _any(session, it):
        return none
    cells = line(
        session,
        (TEXT, worded(col(it.state), words["take_out"])),
        (SAFE, day(session, it.period_from)),
        (SAFE, day(session, it.period_to)),
    )
    states = sorted(state.value for state in UNDER_WAY)
    found = (
        select(cells)
        .where(col(it.machine_id) == col(Machine.id), col(it.state).in_(states))
        .order_by(col(it.period_to).desc(), col(it.id).desc())
        .limit(1)
    )
    return func.coalesce(found.correlate(Machine).scalar_subquery(), none)


def disk_pin(session: Session, words: Words) -> Cells:
    """The PIN of the disk, in words."""
    it = DiskPin
    if not _any(session, it):
        return fixed("")
    found = select(worded(col(it.state), words["disk_pin"])).where(
        col(it.machine_id) == col(Machine.id)
    )
    return found.correlate(Machine).scalar_subquery()


def spare(session: Session) -> Cells:
    """The tag of the spare in the place of a machine."""
    return _lent(session, SpareLoan.spare_id, SpareLoan.machine_id)


def stands_in_for(session: Session) -> Cells:
    """The tag of the machine in whose place a spare is."""
    return _lent(session, SpareLoan.machine_id, SpareLoan.spare_id)


def _lent(session: Session, other: Any, own: Any) -> Cells:
    if not _any(session, SpareLoan):
        return fixed("")
    named = aliased(Machine)
    found = (
        select(col(named.asset_tag))
        .select_from(SpareLoan)
        .join(named, col(named.id) == col(other))
        .where(col(own) == col(Machine.id), col(SpareLoan.returned_at).is_(None))
    )
    return found.correlate(Machine).scalar_subquery()


def lacking() -> Cells:
    """The controls that did not pass, as they are kept."""
    kept = func.coalesce(ControlSummary.lacking, fixed(""))
    return case((kept == fixed(""), fixed(TEXT)), else_=fixed(_LACKING).concat(kept))


def states(page: bytes) -> list[str]:
    """Of a page's rows, in their order."""
    return [*map(bytes.decode, _STATES.findall(page))]


def _any(session: Session, table: Any) -> bool:
    """An empty table is asked once, and not for every machine."""
    return bool(session.connection().scalar(select(exists().select_from(table))))


class _NotOurs(Exception):
    """A text has signs of ours in it, in the place where the database strings something up."""


class Saying:
    """Puts words of people where the database left what it strings up."""

    def __init__(
        self,
        words: Words,
        cause: Callable[[str], str | None],
        moment: Callable[[str], str | None],
        lacking: Callable[[str], str | None],
    ) -> None:
        self._words, self._moment = words, moment
        self._kinds: Mapping[str, Callable[[str], str]] = {
            STATE: lambda kept: TEXT + self._words["state"].get(kept, kept),
            _CAUSE: lambda kept: TEXT + (cause(kept) or ""),
            _LACKING: lambda kept: TEXT + (lacking(kept) or ""),
            _ACCOUNTS: self._accounts,
            _MOMENT: self._at,
        }

    def said(self, page: bytes) -> bytes | None:
        """A page in words; None when a text has signs of ours where they cannot be told apart.

        Elsewhere such a sign comes out as a cell too many, and nothing makes one too few: a page
        with as many cells as it should have has none.
        """
        try:
            return _sayings(_Known(self._say).of, page)
        except _NotOurs:
            return None

    def _say(self, kept: bytes) -> bytes:
        text = kept.decode()
        say = self._kinds.get(text[:2])
        return kept if say is None else say(text[2:]).encode()

    def _accounts(self, kept: str) -> str:
        states = dict(one.split(_PART, 1) for one in kept.split(_ITEM) if _PART in one)
        return "".join(
            TEXT + self._words[name].get(states.get(name), states.get(name) or "")
            for name in Accounts.FIELDS
        )

    def _at(self, kept: str) -> str:
        try:
            return f"{SAFE}{self._moment(kept)}"
        except ValueError:
            raise _NotOurs from None


class _Known(dict[bytes, bytes]):
    """What has been said already on this page."""

    def __init__(self, say: Callable[[bytes], bytes]) -> None:
        super().__init__()
        self._say = say

    def __missing__(self, kept: bytes) -> bytes:
        said = self[kept] = self._say(kept)
        return said

    def of(self, found: re.Match[bytes]) -> bytes:
        return self[found[0]]
