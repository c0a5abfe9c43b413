"""Counts for monitoring: one statement each, none of them with a name of a person in it."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from rollout.store.machines import site_keys
from rollout.store.tables import (
    AuditHead,
    AuditRow,
    Claim,
    Command,
    DayForecast,
    HostResult,
    Machine,
    Run,
    Stop,
    Wave,
)

Table = type[SQLModel]


class Machines(NamedTuple):
    """How many machines share generation, site and state."""

    generation: str
    site: str
    state: str
    number: int


def machines(session: Session) -> list[Machines]:
    """Every machine counted once."""
    machine = _columns(Machine)
    # The names of sites are put to some hundred groups instead of to every machine.
    names = site_keys(session)
    keys = (machine.generation, machine.site_id, machine.state)
    # In the order of the index that has all three, so that nothing has to be sorted.
    in_order = (machine.state, machine.generation, machine.site_id)
    rows = session.connection().execute(select(*keys, func.count()).group_by(*in_order))
    return [
        Machines(generation, names.get(site, ""), state, number)
        for generation, site, state, number in rows
    ]


class Moved(NamedTuple):
    """How many machines of one place and wave followed a verb; `before` is None at first.

    `after` is None where no state was written: the ledger says something else of them.
    """

    generation: str
    site: str
    wave_id: int | None
    verb: str
    before: str | None
    after: str | None
    number: int


def newest_fact(session: Session) -> int:
    """The id of the last row of the history; 0 when it is empty."""
    return session.connection().execute(select(func.max(_columns(AuditRow).id))).scalar() or 0


def moved(session: Session, after: int, until: int) -> list[Moved]:
    """What the facts behind `after` say of machines, up to `until`, where these stand now."""
    machine, fact = _columns(Machine), _columns(AuditRow)
    names = site_keys(session)
    keys = (
        machine.generation,
        machine.site_id,
        machine.wave_id,
        fact.verb,
        fact.from_state,
        fact.to_state,
    )
    rows = session.connection().execute(
        select(*keys, func.count())
        .select_from(AuditRow)
        .join(Machine, machine.id == fact.noun_id)
        # What has just happened is found by its number, not among all that was ever done.
        .where(fact.id > after, fact.id <= until, fact.noun + "" == "machine")
        .group_by(*keys)
    )
    return [
        Moved(generation, names.get(site, ""), wave_id, verb, before, became, number)
        for generation, site, wave_id, verb, before, became, number in rows
    ]


class Told(NamedTuple):
    """A fact of a machine that was amended meanwhile; generation, site and state are those of now.

    `before` is the state from which the fact led, None where it wrote none.
    """

    machine_id: int
    generation: str
    site: str
    state: str
    verb: str
    before: str | None
    after: str | None
    detail: str | None


def told_of_amended(session: Session, after: int, until: int, limit: int) -> list[Told]:
    """The first facts behind `after`, up to `until`, of machines that one of them amended."""
    machine, fact = _columns(Machine), _columns(AuditRow)
    names = site_keys(session)
    meanwhile = (fact.id > after, fact.id <= until, fact.noun + "" == "machine")
    amended = select(fact.noun_id).where(*meanwhile, fact.verb == "amend")
    rows = session.connection().execute(
        select(
            machine.id,
            machine.generation,
            machine.site_id,
            machine.state,
            fact.verb,
            fact.from_state,
            fact.to_state,
            fact.detail,
        )
        .select_from(AuditRow)
        .join(Machine, machine.id == fact.noun_id)
        .where(*meanwhile, fact.noun_id.in_(amended))
        .order_by(fact.id)
        .limit(limit)
    )
    return [
        Told(id_, generation, names.get(site, ""), *rest) for id_, generation, site, *rest in rows
    ]


def newest_fact_of(session: Session, noun: str, after: int, until: int) -> int:
    """The newest fact of that noun behind `after`; 0 when there is none."""
    fact = _columns(AuditRow)
    newest = select(func.max(fact.id)).where(
        fact.id > after, fact.id <= until, fact.noun + "" == noun
    )
    return session.connection().execute(newest).scalar() or 0


def by_state(session: Session, table: Table) -> dict[str, int]:
    """Rows of waves or runs by their state."""
    state = _columns(table).state
    rows = session.connection().execute(select(state, func.count()).group_by(state))
    return {word: number for word, number in rows}  # noqa: C416 - rows are no pairs to the checker


class Stepped(NamedTuple):
    """How many rows of a noun went from one state to another; `before` is None at first."""

    noun: str
    before: str | None
    after: str
    number: int


def stepped(session: Session, after: int, until: int) -> list[Stepped]:
    """What the facts behind `after` say of all nouns but machines, up to `until`."""
    fact = _columns(AuditRow)
    keys = (fact.noun, fact.from_state, fact.to_state)
    rows = session.connection().execute(
        select(*keys, func.count())
        .where(
            fact.id > after,
            fact.id <= until,
            fact.noun + "" != "machine",
            fact.to_state.is_not(None),
        )
        .group_by(*keys)
    )
    return [Stepped(*row) for row in rows]


def newest_row(session: Session, table: Table) -> int:
    """The id of the row that was made last; 0 when there is none."""
    return session.connection().execute(select(func.max(_columns(table).id))).scalar() or 0


def waves(session: Session) -> dict[str, int]:
    """Waves by state."""
    return by_state(session, Wave)


def runs(session: Session) -> dict[str, int]:
    """Runs by state."""
    return by_state(session, Run)


class Open(NamedTuple):
    """What has no end yet: how much, and since when the oldest."""

    number: int
    oldest: datetime | None


def claims_open(session: Session) -> dict[str, Open]:
    """Open claims by step."""
    claim = _columns(Claim)
    rows = session.connection().execute(
        select(claim.step, func.count(), func.min(claim.created_at))
        .where(claim.outcome.is_(None))
        .group_by(claim.step)
    )
    return {step: Open(count, oldest) for step, count, oldest in rows}


def commands_waiting(session: Session) -> Open:
    """Commands without an answer."""
    command = _columns(Command)
    rows = session.connection().execute(
        select(func.count(), func.min(command.created_at)).where(command.answered_at.is_(None))
    )
    return Open(*rows.one())


def results(session: Session) -> int:
    """How many task results were ever written; their ids are never given again while they stay."""
    return session.connection().execute(select(func.max(_columns(HostResult).id))).scalar() or 0


def facts(session: Session) -> int:
    """How many rows the history holds."""
    return session.connection().execute(select(_columns(AuditHead).rows)).scalar() or 0


def stops(session: Session) -> int:
    """Stops in force."""
    return session.exec(
        select_rows(func.count()).select_from(Stop).where(col(Stop.ended_at).is_(None))
    ).one()


def last_forecast(session: Session) -> DayForecast | None:
    """The forecast of the newest day."""
    return session.exec(
        select_rows(DayForecast).order_by(col(DayForecast.day).desc()).limit(1)
    ).one_or_none()


def _columns(table: type[SQLModel]) -> Any:
    return table.__table__.c  # type: ignore[attr-defined]
