"""Machines as they stood at a moment, told by the history.

State, wave and day of a machine come from its facts. The columns of the ledger (site, department,
owner) are those of today, set back by every `amend` that came after the moment; what no fact tells
is not guessed.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    type_coerce,
)
from sqlalchemy import select as columns
from sqlmodel import Session, col

from rollout.domain.machine import NEEDS_A_PERSON, MachineState, MachineVerb
from rollout.store import reports
from rollout.store.circumstances import circumstances
from rollout.store.reports import Count, MachineLine
from rollout.store.tables import AuditRow, Department, Machine, Site, Wave

_MOVES = [*(verb.value for verb in MachineVerb), "register"]
_FETCH = 5_000


def machines_at(session: Session, moment: datetime) -> Subquery:
    """Every machine that was in the ledger's book at `moment`, one row each.

    Columns: `machine_id`, `state`, `state_since` (None: not known), `from_state` (where a held one
    was), `wave` (number), `planned_day`, `fact_id` (the fact that led to the state; None: no fact
    tells of it, so it stood as registered). To be joined to Machine by id.
    """
    facts = _facts(moment)
    last, planned = _aliased("last_move"), _aliased("last_plan")
    detail = _document(session, planned.c.detail)
    day = detail["day"].as_string()
    is_planned = planned.c.verb == MachineVerb.PLAN.value
    unchanged = func.coalesce(facts.c.replanned, 0) == 0
    since = case((col(Machine.version) == 1, col(Machine.state_since)))
    return (
        columns(
            col(Machine.id).label("machine_id"),
            func.coalesce(last.c.to_state, MachineState.REGISTERED.value).label("state"),
            func.coalesce(last.c.at, since).label("state_since"),
            last.c.from_state.label("from_state"),
            case((unchanged, col(Wave.number)), (is_planned, detail["wave"].as_integer())).label(
                "wave"
            ),
            case((unchanged, col(Machine.planned_day)), (is_planned, _as_date(session, day))).label(
                "planned_day"
            ),
            facts.c.moved.label("fact_id"),
        )
        .select_from(Machine)
        .outerjoin(facts, facts.c.noun_id == col(Machine.id))
        .outerjoin(last, last.c.id == facts.c.moved)
        .outerjoin(planned, planned.c.id == facts.c.planned)
        .outerjoin(Wave, col(Wave.id) == col(Machine.wave_id))
        .where(or_(facts.c.moved.is_not(None), func.coalesce(facts.c.born_later, 0) == 0))
        .subquery("at_moment")
    )


def _facts(moment: datetime) -> Subquery:
    """By machine: ids of its last move and last dating up to `moment`, and what came later."""
    by_then = col(AuditRow.at) <= moment
    dates = or_(
        col(AuditRow.verb).in_([MachineVerb.PLAN.value, MachineVerb.UNPLAN.value]),
        # An erasure takes the machine out of its wave.
        and_(
            col(AuditRow.verb) == MachineVerb.BEGIN.value,
            col(AuditRow.to_state) == MachineState.ERASING.value,
        ),
    )

    def newest(which: ColumnElement[bool], value: Any) -> ColumnElement[Any]:
        return func.max(case((which, value)))

    return (
        columns(
            col(AuditRow.noun_id).label("noun_id"),
            newest(and_(by_then, col(AuditRow.verb).in_(_MOVES)), AuditRow.id).label("moved"),
            newest(and_(by_then, dates), AuditRow.id).label("planned"),
            newest(and_(~by_then, dates), literal(1)).label("replanned"),
            newest(and_(~by_then, col(AuditRow.verb) == "register"), literal(1)).label(
                "born_later"
            ),
        )
        .where(col(AuditRow.noun) == "machine")
        .group_by(col(AuditRow.noun_id))
        .subquery("facts")
    )


def _aliased(name: str) -> Any:
    return AuditRow.__table__.alias(name)  # type: ignore[attr-defined]


def _document(session: Session, text: Any) -> Any:
    """A text of JSON whose keys can be asked for, in both databases."""
    if session.connection().dialect.name == "sqlite":
        return type_coerce(text, JSON)
    return cast(text, JSON)


def _as_date(session: Session, text: Any) -> Any:
    # SQLite keeps days as the very text that the fact has.
    if session.connection().dialect.name == "sqlite":
        return type_coerce(text, Date)
    return cast(text, Date)


class MachineThen(NamedTuple):
    """Where a machine stood, and where its ledger said it was."""

    machine_id: int
    generation: str
    site: str | None
    bureau: str | None
    division: str | None
    wave: int | None
    planned_day: date | None
    state: str


def counts(session: Session, moment: datetime) -> list[Count]:
    """How many machines shared site, bureau, generation, wave and state at `moment`."""
    then = machines_at(session, moment)
    keys: list[Any] = [
        col(Machine.generation),
        col(Site.key),
        col(Department.bureau),
        then.c.wave,
        then.c.state,
    ]
    found: Counter[tuple[Any, ...]] = Counter()
    for *key, machines in session.execute(
        _placed(columns(*keys, func.count()), then).group_by(*keys)
    ):
        found[tuple(key)] += machines
    for was, now in amended(session, moment, then):
        found[now.generation, now.site, now.bureau, now.wave, now.state] -= 1
        found[was.generation, was.site, was.bureau, was.wave, was.state] += 1
    return [Count(*(*key, machines)) for key, machines in found.items() if machines]


def _placed(statement: Select[Any], then: Subquery) -> Select[Any]:
    return (
        statement.select_from(Machine)
        .join(then, then.c.machine_id == col(Machine.id))
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
    )


def amended(
    session: Session, moment: datetime, then: Subquery
) -> Iterator[tuple[MachineThen, MachineThen]]:
    """Machines whose place was amended after `moment`: as it was, and as today's ledger has it."""
    known = departments(session)
    for now, before in _amendments(session, moment, then):
        was = now
        if "generation" in before:
            was = was._replace(generation=before["generation"])
        if "site" in before:
            was = was._replace(site=before["site"])
        if "department" in before:
            bureau, division = known.get(before["department"], (before["department"], None))
            was = was._replace(bureau=bureau or None, division=division)
        if was != now:
            yield was, now


def _amendments(
    session: Session, moment: datetime, then: Subquery
) -> Iterator[tuple[MachineThen, Mapping[str, Any]]]:
    """Each amended machine with the first old value of every field, streamed in order of id."""
    statement = (
        _placed(
            columns(
                col(Machine.id),
                col(Machine.generation),
                col(Site.key),
                col(Department.bureau),
                col(Department.division),
                then.c.wave,
                then.c.planned_day,
                then.c.state,
                col(AuditRow.detail),
            ),
            then,
        )
        .join(AuditRow, and_(col(AuditRow.noun) == "machine", col(AuditRow.noun_id) == Machine.id))
        .where(col(AuditRow.at) > moment, col(AuditRow.verb) == "amend")
        .order_by(col(Machine.id), col(AuditRow.id))
    )
    current: MachineThen | None = None
    before: dict[str, Any] = {}
    for *place, detail in session.execute(statement, execution_options={"yield_per": _FETCH}):
        row = MachineThen(*place)
        if current is not None and row.machine_id != current.machine_id:
            yield current, before
            before = {}
        current = row
        for field, value in old_values(detail).items():
            before.setdefault(field, value)
    if current is not None:
        yield current, before


def old_values(detail: str | None) -> dict[str, Any]:
    """What an amendment says that stood there before it, by field; nothing once redacted."""
    said = json.loads(detail) if detail else {}
    if not isinstance(said, dict):
        return {}
    return {
        field: pair[0] for field, pair in said.items() if isinstance(pair, list) and len(pair) == 2
    }


def departments(session: Session) -> dict[str, tuple[str, str]]:
    """Bureau and division of every department that ever was, by its name as facts write it."""
    rows = session.execute(columns(col(Department.bureau), col(Department.division)).distinct())
    return {f"{bureau} {division}".strip(): (bureau, division) for bureau, division in rows}


def exceptions(session: Session, moment: datetime) -> list[MachineLine]:
    """Machines that needed a person at `moment`, the longest waiting first.

    Image and last sign of life are kept of today only, and left empty. An owner who is another one
    today is left empty as well: the history may have forgotten who it was.
    """
    then = machines_at(session, moment)
    waiting = [state.value for state in NEEDS_A_PERSON]
    stood = {
        row.machine_id: row
        for row in session.execute(columns(then).where(then.c.state.in_(waiting)))
    }
    today = reports.lines_of(session, stood)
    why = circumstances(session, stood, moment)
    before = {
        now.machine_id: fields
        for now, fields in _amendments(session, moment, then)
        if now.machine_id in stood
    }
    known = departments(session)
    lines = []
    for id_, row in stood.items():
        line = _as_it_was(today[id_], before.get(id_, {}), known)
        lines.append(
            line._replace(
                wave=row.wave,
                planned_day=row.planned_day,
                state=row.state,
                state_since=row.state_since,
                held_from=row.from_state if row.state == MachineState.HELD else None,
                step=why[id_].step,
                attempt=why[id_].attempt,
                cause=why[id_].cause,
                hold_until=why[id_].hold_until,
                image_id=None,
                last_seen_at=None,
            )
        )
    return sorted(lines, key=lambda line: (line.state_since, line.asset_tag))


def _as_it_was(
    line: MachineLine, before: Mapping[str, Any], known: Mapping[str, tuple[str, str]]
) -> MachineLine:
    if "site" in before:
        line = line._replace(site=before["site"])
    if "department" in before:
        name = before["department"]
        bureau, division = known.get(name, (name, None))
        line = line._replace(bureau=bureau, division=division)
    if "owner" in before:
        line = line._replace(owner=None, staff_number=None)
    return line
