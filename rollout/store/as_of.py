"""Machines as they stood at a moment, told by the history.

State, wave and day of a machine come from its facts; where it belonged is told by
`as_of_places`. What no fact tells is not guessed.
"""

from collections import Counter
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Date,
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
from rollout.store.as_of_places import amended, columns_then, line_values, placed, places_before
from rollout.store.circumstances import circumstances
from rollout.store.reports import Count, Group, MachineLine
from rollout.store.tables import AuditRow, Machine, Wave

_MOVES = [*(verb.value for verb in MachineVerb), "register"]


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


def groups(session: Session, moment: datetime, day: date) -> list[Group]:
    """How many machines shared everything that the report splits by; `day`: the local day."""
    then = machines_at(session, moment)
    keys: list[Any] = list(columns_then(then))
    found: Counter[tuple[Any, ...]] = Counter()
    for *key, machines in session.execute(
        placed(columns(*keys, func.count()), then).group_by(*keys)
    ):
        found[tuple(key)] += machines
    for was, now in amended(session, moment, then, day):
        found[now[1:]] -= 1
        found[was[1:]] += 1
    return [Group(*(*key, machines)) for key, machines in found.items() if machines]


def counts(session: Session, moment: datetime, day: date) -> list[Count]:
    """How many machines shared site, bureau, generation, wave and state at `moment`."""
    return reports.counted(groups(session, moment, day))


def exceptions(session: Session, moment: datetime, day: date) -> list[MachineLine]:
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
    before = places_before(session, moment, day)
    lines = []
    for id_, row in stood.items():
        line = today[id_]
        line = line._replace(**line_values(before.get(id_, {}), MachineLine._fields))
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
