"""Where machines belonged at a moment: site, department, generation, owner.

The ledger's columns are those of today, set back by every `amend` that came after the moment. What
changed because somebody was transferred counts from its effective day, whenever it was carried
out: on 2 April a PC belongs to the department of 1 April, also while its passage is not over.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, Subquery, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col

from rollout.store.batches import batches
from rollout.store.tables import AuditRow, Department, Machine, MachineMove, Site

_FETCH = 5_000


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
    in_ledger: bool


class Old(NamedTuple):
    """What stood in a column before, and until when."""

    value: Any
    until: datetime


Before = Mapping[str, Old]
"""By column of MachineThen or MachineLine, and `owner`."""


def placed(statement: Select[Any], then: Subquery) -> Select[Any]:
    """`statement` over machines at a moment with their site and department of today."""
    return (
        statement.select_from(Machine)
        .join(then, then.c.machine_id == col(Machine.id))
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .outerjoin(Department, col(Department.id) == col(Machine.department_id))
    )


def columns_then(then: Subquery) -> tuple[Any, ...]:
    """The columns of a MachineThen behind its id, as today's ledger has them."""
    return (
        col(Machine.generation),
        col(Site.key),
        col(Department.bureau),
        col(Department.division),
        then.c.wave,
        then.c.planned_day,
        then.c.state,
        col(Machine.in_ledger),
    )


def amended(
    session: Session, moment: datetime, then: Subquery, day: date
) -> Iterator[tuple[MachineThen, MachineThen]]:
    """Machines that belonged elsewhere at `moment`: as it was, and as today's ledger has it.

    `day` is the local day of `moment`.
    """
    before = places_before(session, moment, day)
    for batch in batches(before):
        statement = placed(columns(col(Machine.id), *columns_then(then)), then)
        for row in session.execute(statement.where(col(Machine.id).in_(batch))):
            now = MachineThen(*row)
            was = now._replace(**_values(before[now.machine_id], MachineThen._fields))
            if was != now:
                yield was, now


def places_before(session: Session, moment: datetime, day: date) -> dict[int, Before]:
    """What stood in the columns of machines that belonged elsewhere at `moment`, by their id."""
    found = _ledger_before(session, moment)
    for machine_id, fields in _moved(session, moment, day).items():
        known = dict(found.get(machine_id, {}))
        for name, old in fields.items():
            if name not in known or old.until < known[name].until:
                known[name] = old
        found[machine_id] = known
    return found


def _values(before: Before, wanted: Iterable[str]) -> dict[str, Any]:
    return {name: before[name].value for name in wanted if name in before}


def line_values(before: Before, fields: Iterable[str]) -> dict[str, Any]:
    """What to put into a line with these `fields`. An owner who is another one today is left out:
    the history may have forgotten who it was."""
    values = _values(before, fields)
    if "owner" in values:
        values |= {"owner": None, "staff_number": None}
    return values


def _ledger_before(session: Session, moment: datetime) -> dict[int, Before]:
    """The first old value of every column that an import amended after `moment`."""
    statement = (
        columns(col(AuditRow.noun_id), col(AuditRow.at), col(AuditRow.detail))
        .where(
            col(AuditRow.noun) == "machine",
            col(AuditRow.at) > moment,
            col(AuditRow.verb) == "amend",
        )
        .order_by(col(AuditRow.id))
    )
    known = departments(session)
    found: dict[int, dict[str, Old]] = {}
    for id_, at, detail in session.execute(statement, execution_options={"yield_per": _FETCH}):
        fields = found.setdefault(id_, {})
        for name, value in _shown(old_values(detail), known).items():
            fields.setdefault(name, Old(value, at))
    return {id_: fields for id_, fields in found.items() if fields}


def _shown(said: Mapping[str, Any], known: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The columns that an amendment changed, as lines and counts have them."""
    values = {name: said[name] for name in ("generation", "site", "in_ledger", "owner")
              if name in said}  # fmt: skip
    if "department" in said:
        name = said["department"]
        bureau, division = known.get(name, (name, None))
        values |= {"bureau": bureau or None, "division": division}
    return values


def old_values(detail: str | None) -> dict[str, Any]:
    """What an amendment says that stood there before it, by field; nothing once redacted."""
    return {
        field: pair[0]
        for field, pair in document(detail).items()
        if isinstance(pair, list) and len(pair) == 2
    }


def document(detail: str | None) -> dict[str, Any]:
    """The detail of a fact by its keys; nothing once redacted."""
    said = json.loads(detail) if detail else {}
    return said if isinstance(said, dict) else {}


def departments(session: Session) -> dict[str, tuple[str, str]]:
    """Bureau and division of every department that ever was, by its name as facts write it."""
    rows = session.execute(columns(col(Department.bureau), col(Department.division)).distinct())
    return {f"{bureau} {division}".strip(): (bureau, division) for bureau, division in rows}


def _moved(session: Session, moment: datetime, day: date) -> dict[int, dict[str, Old]]:
    """Where transfers say that machines belonged on `day`, unlike today's tables.

    One that was in force and still to be carried out at `moment`: what it leads to, whatever the
    ledger says. Else the first later one: what it left.
    """
    move = MachineMove
    offices = {
        id_: (bureau, division)
        for id_, bureau, division in session.execute(
            columns(col(Department.id), col(Department.bureau), col(Department.division))
        )
    }
    rows = session.execute(columns(col(Site.id), col(Site.key)))
    sites = {row[0]: row[1] for row in rows}
    found: dict[int, dict[str, Old]] = {}
    rows = session.execute(
        columns(col(move.machine_id), col(move.day), col(move.done_at),
                col(move.from_department_id), col(move.to_department_id),
                col(move.from_site_id), col(move.to_site_id))
        .where(or_(col(move.done_at).is_(None), col(move.done_at) > moment))
        .order_by(col(move.machine_id), col(move.day), col(move.id))
    )  # fmt: skip
    for machine_id, since, done_at, from_office, to_office, from_site, to_site in rows:
        waited = since <= day
        if not waited and (done_at is None or machine_id in found):
            continue
        office, site = (to_office, to_site) if waited else (from_office, from_site)
        bureau, division = offices.get(office, (None, None))
        until = moment if waited else done_at
        found[machine_id] = {
            "bureau": Old(bureau, until),
            "division": Old(division, until),
            "site": Old(sites.get(site), until),
        }
    return found
