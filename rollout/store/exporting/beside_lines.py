"""What lies beside machines in other tables, as cells of their lines: see `lines`.

The database strings up what belongs to a machine, and `Saying` puts words in its place: there are
few different ones. So it does with moments, since SQLite takes longer to count with them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, String, case, exists, func, null, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from rollout.domain.account import ACCOUNT
from rollout.domain.controls import Verdict
from rollout.domain.machine import Step
from rollout.domain.takeout import UNDER_WAY
from rollout.store.exporting import texts
from rollout.store.exporting.beside import Accounts, Controls, summary
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
from rollout.store.tables import Account, Claim, DiskPin, Evidence, Machine, SpareLoan, Takeout

Words = Mapping[str, Mapping[Any, str]]
Cells = ColumnElement[str]
Several = Mapping[bytes, Sequence[Any]]
"""By what stands for them on a page: the columns of machines whose controls were measured more than
once."""

_CAUSE, _ACCOUNTS, _CONTROLS, _SEVERAL, _MOMENT = (SAID + letter for letter in "WACMT")
STATE = SAID + "S"
"""Before the state of a machine, which every row has, and exactly one."""
_PART, _ITEM = "\x1a", "\x1b"
"""Between parts of what is still to be said, and between what the database strings up."""
_ID = "[0-9]{1,9}"
_ASKED = re.compile(f"{_SEVERAL}({_ID})".encode())
_STATES = re.compile(f"{STATE}([a-z_]*)".encode())
# Some end a line: the line break behind it does not belong to them.
_sayings = re.compile(
    f"{_MOMENT}.{{26}}Z|{_SEVERAL}{_ID}|{SAID}[^{SAID}{TEXT}{SAFE}{FIRST}]*".encode()
).sub
_SUMMED_UP = re.compile(f"([0-9]{{1,9}}){_ITEM}([0-9]{{1,9}}){_ITEM}(.*)", re.DOTALL)


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


def controls(session: Session) -> Cells:
    """The last verdict on each control since the disk was last rewritten, strung up, and when the
    last of them was measured. Which is the last of several is not asked in SQL."""
    it = Evidence
    bad = col(it.verdict) != fixed(Verdict.PASS.value)
    told = col(it.control).concat(fixed(_PART)).concat(col(it.verdict))
    lacking = case((bad, told), else_=null())
    rewritten = (
        select(func.coalesce(func.max(Claim.id), fixed(0)))
        .where(
            col(Claim.machine_id) == col(Machine.id), col(Claim.step) == fixed(Step.REIMAGE.value)
        )
        .correlate(Machine)
        .scalar_subquery()
    )
    once = (func.min(it.epoch) == func.max(it.epoch)) & (func.min(it.epoch) > rewritten)
    said = line(
        session,
        (_CONTROLS, func.count()),
        (_ITEM, func.count(lacking)),
        (_ITEM, func.aggregate_strings(lacking, _ITEM)),
        ("", moment(session, func.max(it.measured_at))),
    )
    found = select(
        case(
            (func.count() == fixed(0), fixed(f"{SAFE}{SAFE}{SAFE}{TEXT}{SAFE}")),
            (once, said),
            else_=line(session, (_SEVERAL, col(Machine.id))),
        )
    ).where(col(it.machine_id) == col(Machine.id))
    return found.correlate(Machine).scalar_subquery()


def states(page: bytes) -> list[str]:
    """Of a page's rows, in their order."""
    return [*map(bytes.decode, _STATES.findall(page))]


def several(session: Session, page: bytes) -> Several:
    """What a page asks for by ids."""
    ids = sorted({*map(int, _ASKED.findall(page))})
    if not ids:
        return {}
    found = zip(*Controls(session).of(ids), strict=True)
    return {f"{_SEVERAL}{id_}".encode(): columns for id_, columns in zip(ids, found, strict=True)}


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
        self._words, self._cause, self._moment = words, cause, moment
        self._lacking = lacking
        self._kinds: Mapping[str, Callable[[str], str]] = {
            STATE: lambda kept: TEXT + self._words["state"].get(kept, kept),
            _CAUSE: lambda kept: TEXT + (self._cause(kept) or ""),
            _ACCOUNTS: self._accounts,
            _CONTROLS: self._controls,
            _MOMENT: self._at,
        }

    def said(self, page: bytes, several: Several) -> bytes | None:
        """A page in words; None when a text has signs of ours where they cannot be told apart.

        Elsewhere such a sign comes out as a cell too many, and nothing makes one too few: a page
        with as many cells as it should have has none.
        """
        try:
            known = {asked: self._summed_up(*found) for asked, found in several.items()}
            return _sayings(_Known(self._say, known).of, page)
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

    def _summed_up(self, *found: Any) -> bytes:
        *verdicts, at = found
        return f"{self._told(*verdicts)}{SAFE}{self._moment(at) if at else ''}".encode()

    def _controls(self, kept: str) -> str:
        """Cells of so many controls, of which those are strung up that did not pass."""
        found = _SUMMED_UP.fullmatch(kept)
        if found is None:
            raise _NotOurs
        count, bad = int(found[1]), int(found[2])
        verdicts = tuple(tuple(one.split(_PART)) for one in found[3].split(_ITEM) if one)
        if len(verdicts) != bad or any(len(one) != 2 for one in verdicts):
            raise _NotOurs
        said = summary(verdicts)
        return self._told(count - bad, said.failed, said.pending, said.lacking)

    def _told(
        self, passed: int | None, failed: int | None, pending: int | None, lacking: str | None
    ) -> str:
        numbers = ("" if number is None else number for number in (passed, failed, pending))
        words = self._lacking(lacking) if lacking else None
        return "".join(f"{SAFE}{number}" for number in numbers) + f"{TEXT}{words or ''}"


class _Known(dict[bytes, bytes]):
    """What has been said already on this page."""

    def __init__(self, say: Callable[[bytes], bytes], known: Mapping[bytes, bytes]) -> None:
        super().__init__(known)
        self._say = say

    def __missing__(self, kept: bytes) -> bytes:
        said = self[kept] = self._say(kept)
        return said

    def of(self, found: re.Match[bytes]) -> bytes:
        return self[found[0]]
