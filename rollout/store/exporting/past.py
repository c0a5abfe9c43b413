"""Machines as an export has them, as they stood at a moment that is over.

State, step, attempt, cause, wave and day come from the facts of each machine, one page at a time;
columns of the ledger and names of people are those of today, set back by every `amend` that came
later. What the database keeps of today only is left empty (`UNKNOWN`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col, func

from rollout.domain.machine import NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.store.as_of_places import document, old_values, places_before
from rollout.store.circumstances import Circumstances
from rollout.store.columns import instant_text
from rollout.store.exporting import machines as now
from rollout.store.exporting.beside import Loans, Until
from rollout.store.exporting.beside_past import (
    AccountsThen,
    ControlsThen,
    OwnersThen,
    TakeoutsThen,
)
from rollout.store.exporting.machines import FIELDS, IDS, Core, Names, Page
from rollout.store.exporting.texts import among, in_sqlite, kept, moment
from rollout.store.machines import Filter
from rollout.store.tables import AuditRow, Machine

UNKNOWN = ("image_id", "last_seen_at")
"""Columns that are empty in every export of the past."""
PAGE = 1_000
"""Smaller than for today: every fact of a page's machines is in memory at once."""

_VERBS = frozenset(verb.value for verb in MachineVerb)
_DATING = (MachineVerb.PLAN.value, MachineVerb.UNPLAN.value)
_WAITING = frozenset(state.value for state in NEEDS_A_PERSON)
_TRUTH = {"True": True, "False": False, None: None}
_AS_TOLD = (
    "model", "serial", "mac", "computer_name", "floor", "purpose", "lease_from", "lease_to",
    "remark",
)  # fmt: skip
_PLACES = {
    "generation": "generation", "site": "site", "bureau": "department", "division": "division",
    "in_ledger": "in_ledger",
}  # fmt: skip
"""Our column by the name that it has where places are told."""


def total(session: Session) -> int:
    """How many machines are walked through; those of later days are passed over."""
    return session.connection().execute(select(func.count()).select_from(Machine)).scalar_one()


def pages(
    session: Session, wanted: Filter, until: Until, at: datetime, day: date, *, size: int = PAGE
) -> Iterator[Page]:
    """The machines that there were and that match, in the order of their tags.

    `at` and its local `day` say where each belonged: transfers count from their effective day.
    """
    execute = session.connection().execute
    reader = _Reader(session, until, at, day)
    statement = now.core(session, day).add_columns(col(Machine.version)).limit(size)
    after = ""
    while rows := execute(statement, {"after": after}).all():
        after = rows[-1].asset_tag
        found = [row for row in reader.rows(rows) if _matches(wanted, row, reader.sqlite)]
        if found:
            yield [
                *zip(*(tuple(row[name] for name in (*FIELDS, *IDS)) for row in found), strict=True)
            ]
        if len(rows) < size:
            break


@dataclass
class _Then:
    """What the facts of one machine tell, in their order."""

    why: Circumstances = field(default_factory=Circumstances)
    state: str | None = None
    since: str | None = None
    held_from: str | None = None
    dated: tuple[int | None, str | None] | None = None
    dated_later: bool = False
    born_later: bool = False
    before: dict[str, Any] = field(default_factory=dict)

    def past(self, fact: Any) -> None:
        """One fact up to the moment."""
        if fact.verb not in _VERBS and fact.verb != "register":
            return
        self.state, self.since, self.held_from = fact.to_state, fact.at, fact.from_state
        if fact.verb in _VERBS:
            verb, state = MachineVerb(fact.verb), MachineState(fact.to_state)
            self.why.follow(fact.actor, verb, state, fact.reason, fact.detail)
        if _dates(fact):
            self.dated = _slot(fact)

    def later(self, fact: Any) -> None:
        """One fact behind it."""
        self.born_later = self.born_later or fact.verb == "register"
        self.dated_later = self.dated_later or _dates(fact)
        if fact.verb == "amend":
            for name, value in old_values(fact.detail).items():
                self.before.setdefault(name, value)


def _dates(fact: Any) -> bool:
    # An erasure takes the machine out of its wave.
    erases = fact.verb == MachineVerb.BEGIN.value and fact.to_state == MachineState.ERASING.value
    return fact.verb in _DATING or erases


def _slot(fact: Any) -> tuple[int | None, str | None]:
    if fact.verb != MachineVerb.PLAN.value:
        return None, None
    said = document(fact.detail)
    return said.get("wave"), said.get("day")


class _Reader:
    """Sets pages of today back to the moment."""

    def __init__(self, session: Session, until: Until, at: datetime, day: date) -> None:
        self._session, self._until = session, until
        self._places = places_before(session, at, day)
        self._bound = None if until.at is None else instant_text(until.at)
        self.sqlite = in_sqlite(session)
        self._names: Names = now.names(session)
        self._loans = Loans(session, until)
        self._owners = OwnersThen(session, until)
        self._beside = (
            AccountsThen(session, until),
            TakeoutsThen(session, until),
            ControlsThen(session, until),
        )

    def rows(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows of those that were in the book, with the keys of FIELDS."""
        facts = self._facts([row.id for row in rows])
        found, ids = [], []
        for *values, version in rows:
            core = Core(*values)
            then = facts.get(core.id) or _Then()
            if then.state is None and then.born_later:
                continue
            found.append(self._row(core, version, then))
            ids.append(core.id)
        if not found:
            return []
        owners = [row["owner_id"] for row in found]
        accounts, takeouts, controls = self._beside
        for names, columns in (
            (accounts.FIELDS, accounts.of(owners)),
            (takeouts.FIELDS, takeouts.of(ids)),
            (controls.FIELDS, controls.of(ids)),
        ):
            for name, column in zip(names, columns, strict=True):
                for row, value in zip(found, column, strict=True):
                    row[name] = value
        return found

    def _facts(self, ids: Sequence[int]) -> Mapping[int, _Then]:
        it = AuditRow
        wanted = set(ids)
        rows = self._session.connection().execute(
            select(col(it.noun_id), col(it.id), moment(self._session, it.at).label("at"),
                   col(it.actor), col(it.verb), col(it.from_state), col(it.to_state),
                   kept(it.reason).label("reason"), col(it.detail))
            .where(col(it.noun) == "machine", among(col(it.noun_id), ids))
            .order_by(col(it.id))
        )  # fmt: skip
        found: dict[int, _Then] = {}
        for fact in rows:
            if fact.noun_id not in wanted:
                continue
            then = found.setdefault(fact.noun_id, _Then())
            (then.past if self._reaches(fact) else then.later)(fact)
        return found

    def _reaches(self, fact: Any) -> bool:
        last = self._until.fact_id
        return (self._bound is None or fact.at <= self._bound) and (last is None or fact.id <= last)

    def _row(self, core: Core, version: int, then: _Then) -> dict[str, Any]:
        row = core._asdict()
        row["site"] = self._names.sites[core.site]
        row["wave"] = self._names.waves[core.wave]
        row["division"] = self._names.divisions[core.department]
        row["department"] = self._names.bureaus[core.department]
        for name, old in self._places.get(core.id, {}).items():
            if name in _PLACES:
                row[_PLACES[name]] = old.value
        row.update({name: then.before[name] for name in _AS_TOLD if name in then.before})
        if "may_leave" in then.before:
            row["may_leave"] = _TRUTH.get(then.before["may_leave"])
        row.update(self._owners.of(core, then.before))
        state = then.state or MachineState.REGISTERED.value
        if then.dated_later:
            row["wave"], row["planned_day"] = then.dated or (None, None)
        unmoved = then.state is None and version == 1
        row |= {
            "state": state,
            "state_since": core.state_since if unmoved else then.since,
            "step": then.why.step.value if then.why.step else None,
            "attempt": then.why.attempt,
            "cause": then.why.cause,
            "held_from": then.held_from if state == MachineState.HELD else None,
            "hold_until": then.why.hold_until.isoformat() if then.why.hold_until else None,
            **dict.fromkeys(UNKNOWN),
            "spare": self._loans.spare_of.get(core.id),
            "stands_in_for": self._loans.lent_to.get(core.id),
        }
        return row


def _matches(wanted: Filter, row: Mapping[str, Any], sqlite: bool) -> bool:
    """What `store.machines.conditions` asks of today's rows."""
    among_these = (
        (wanted.states, "state"), (wanted.sites, "site"), (wanted.generations, "generation"),
        (wanted.waves, "wave"), (wanted.tags, "asset_tag"), (wanted.purposes, "purpose"),
    )  # fmt: skip
    if any(values and row[name] not in values for values, name in among_these):
        return False
    if wanted.needs_a_person and row["state"] not in _WAITING:
        return False
    names = (row["asset_tag"], row["computer_name"], row["owner"])
    return not wanted.text or any(_contains(name, wanted.text, sqlite) for name in names)


def _contains(name: str | None, text: str, sqlite: bool) -> bool:
    if name is None:
        return False
    # LIKE of SQLite takes large and small letters of ASCII for the same.
    return _small(text) in _small(name) if sqlite else text in name


def _small(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
