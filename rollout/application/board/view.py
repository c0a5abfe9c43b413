"""The programme board: milestones and indicators of the configuration, with how they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from rollout.domain.periods import fiscal_period
from rollout.domain.programme_board import (
    Better,
    IndicatorStanding,
    MilestoneState,
    indicator_standing,
    is_late,
)
from rollout.settings import Settings
from rollout.store import board as store
from rollout.store.board import Figures, Stands
from rollout.store.database import Database


@dataclass(frozen=True)
class MilestoneLine:
    """A milestone; `days_late` are calendar days after its due day, 0 when it is not late.

    `since` is None while nobody has said anything of it.
    """

    key: str
    name: str
    due: date
    owner: str
    state: MilestoneState
    since: datetime | None
    cause: str | None
    days_late: int

    @property
    def late(self) -> bool:
        """Whether its day is over and it is not settled."""
        return self.days_late > 0


@dataclass(frozen=True)
class IndicatorLine:
    """An indicator in one fiscal year; `actual` is None while nobody has said a figure."""

    key: str
    name: str
    unit: str
    owner: str
    better: Better
    year: int
    target: float
    actual: float | None
    said_at: datetime | None
    standing: IndicatorStanding

    @property
    def ended_on(self) -> date:
        """The last day of its fiscal year."""
        return fiscal_period(self.year).last

    @property
    def share(self) -> float | None:
        """Actual by target; None without a figure, or when the target is nothing."""
        return None if self.actual is None or not self.target else self.actual / self.target

    @property
    def late(self) -> bool:
        """Whether the target is missed, or nobody has said the figure of a year that is over."""
        return self.standing in (IndicatorStanding.BEHIND, IndicatorStanding.UNMEASURED)


@dataclass(frozen=True)
class Board:
    """Milestones by their day; indicators in the order of the configuration, by year."""

    milestones: Sequence[MilestoneLine]
    indicators: Sequence[IndicatorLine]

    @property
    def late(self) -> int:
        """How many of both are late."""
        return sum(line.late for line in self.milestones) + sum(
            line.late for line in self.indicators
        )


def view(database: Database, settings: Settings, now: datetime) -> Board:
    """The board as it stands."""
    with database.read() as session:
        return _board(settings, now, store.milestones(session), store.figures(session))


def view_at(session: Session, settings: Settings, then: datetime) -> Board:
    """The board as the history tells of `then`; due days and targets are those of today."""
    known = store.milestones_at(session, then), store.figures_at(session, then)
    return _board(settings, then, *known)


def _board(
    settings: Settings, moment: datetime, stands: Mapping[str, Stands], figures: Figures
) -> Board:
    today = moment.astimezone(settings.programme.zone).date()
    milestones = [_milestone(settings, key, stands.get(key), today) for key in settings.milestones]
    return Board(
        sorted(milestones, key=lambda line: (line.due, line.key)),
        [
            _indicator(settings, key, year, figures, today)
            for key, indicator in settings.indicators.items()
            for year in sorted(indicator.targets)
        ],
    )


def _milestone(settings: Settings, key: str, stands: Stands | None, today: date) -> MilestoneLine:
    promised = settings.milestones[key]
    state = stands.state if stands else MilestoneState.OPEN
    late = is_late(state, promised.due, today)
    return MilestoneLine(
        key,
        promised.name or key,
        promised.due,
        promised.owner,
        state,
        stands.since if stands else None,
        stands.cause if stands else None,
        (today - promised.due).days if late else 0,
    )


def _indicator(
    settings: Settings, key: str, year: int, figures: Figures, today: date
) -> IndicatorLine:
    promised = settings.indicators[key]
    said, target = figures.get((key, year)), promised.targets[year]
    actual = said.actual if said else None
    return IndicatorLine(
        key,
        promised.name or key,
        promised.unit,
        promised.owner,
        promised.better,
        year,
        target,
        actual,
        said.at if said else None,
        indicator_standing(promised.better, year, target, actual, today),
    )
