"""Queries on milestones and indicators: as they stand, and as the history tells of a moment."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from rollout.domain.history import Fact, canonical
from rollout.domain.programme_board import MilestoneState
from rollout.store import history
from rollout.store.columns import instant_text
from rollout.store.tables import AuditRow, IndicatorFigure, Milestone

INDICATOR = "indicator"
_MILESTONE = "milestone"


class Stands(NamedTuple):
    """Where a milestone stands, and why when it was given up."""

    state: MilestoneState
    since: datetime
    cause: str | None


class Said(NamedTuple):
    """A figure of an indicator, and when it was said."""

    actual: float
    at: datetime


Figures = dict[tuple[str, int], Said]
"""By the indicator's key and fiscal year."""


def milestones(session: Session) -> dict[str, Stands]:
    """Every milestone of which something was said, by key."""
    return {
        row.key: Stands(MilestoneState(row.state), row.state_since, row.cause)
        for row in session.exec(select(Milestone))
    }


def figures(session: Session) -> Figures:
    """The last figure of every indicator and year."""
    return {
        (row.key, row.year): Said(row.actual, row.said_at)
        for row in session.exec(select(IndicatorFigure))
    }


def milestone(session: Session, key: str, at: datetime) -> Milestone:
    """The row of a milestone; a new one, of which nobody has said anything, is open."""
    row = session.exec(select(Milestone).where(Milestone.key == key)).one_or_none()
    if row is None:
        row = Milestone(key=key, state_since=at)
        session.add(row)
        session.flush()
    return row


def say(
    session: Session, key: str, year: int, actual: float, *, actor: str, at: datetime, reason: str
) -> float | None:
    """Keep a figure and note it in the history; the one that stood there before."""
    row = session.get(IndicatorFigure, (key, year))
    before = None if row is None else row.actual
    session.merge(IndicatorFigure(key=key, year=year, actual=actual, actor=actor, said_at=at))
    detail = canonical({"year": year, "actual": [before, actual]})
    fact = Fact(
        instant_text(at), actor, INDICATOR, year, key, "measure", None, None, reason, detail=detail
    )
    history.append(session, [fact])
    return before


def milestones_at(session: Session, moment: datetime) -> dict[str, Stands]:
    """Every milestone of which something had been said by `moment`, by key."""
    found: dict[str, Stands] = {}
    for row in _facts(session, _MILESTONE, moment):
        state = MilestoneState(row.to_state or "")
        cause = row.reason if state is MilestoneState.DROPPED else None
        found[row.key] = Stands(state, row.at, cause)
    return found


def figures_at(session: Session, moment: datetime) -> Figures:
    """The last figure of every indicator and year that had been said by `moment`."""
    found: Figures = {}
    for row in _facts(session, INDICATOR, moment):
        said: Any = json.loads(row.detail) if row.detail else {}
        if "year" in said:
            found[row.key, said["year"]] = Said(said["actual"][1], row.at)
    return found


def _facts(session: Session, noun: str, moment: datetime) -> list[AuditRow]:
    return list(
        session.exec(
            select(AuditRow)
            .where(col(AuditRow.noun) == noun, col(AuditRow.at) <= moment)
            .order_by(col(AuditRow.id))
        )
    )
