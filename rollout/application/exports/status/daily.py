"""The daily progress report: its parts, made of one view of the tables or of a past moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rollout.application.board.view import Board, view, view_at
from rollout.application.exports.status import counted
from rollout.application.exports.status.burn_up import BurnUp, burn_up
from rollout.application.exports.status.days import day_before, day_of
from rollout.application.exports.status.exceptions import ExceptionLine, exceptions
from rollout.application.exports.status.people import (
    DeviceFigure,
    People,
    Share,
    people_at,
    people_now,
)
from rollout.application.exports.status.summary import (
    Split,
    Standing,
    StatusReport,
    Unknowable,
    prepared,
)
from rollout.application.exports.status.tomorrow import Tomorrow, tomorrow
from rollout.application.spares import pools
from rollout.domain.machine import MachineState
from rollout.domain.reach import Reach
from rollout.settings import Settings
from rollout.store import as_of, reports
from rollout.store.circumstances import Circumstances, circumstances
from rollout.store.database import Database
from rollout.store.exporting.reach import reach_at
from rollout.store.machines import ids_of_tags
from rollout.store.reports import Group, MachineLine

COUNTED_WORDS = (Unknowable.SIGN_INS, Unknowable.TRAINING, Unknowable.READINESS)
"""Known of a moment of the past when they were counted on its day."""


@dataclass(frozen=True)
class DailyReport:
    """`before` is the summary of the working day before at the same time; None: nothing was there.

    Every part counts the same machines.
    """

    summary: StatusReport
    before: StatusReport | None
    burn_up: BurnUp
    exceptions: Sequence[ExceptionLine]
    people: People
    people_before: People | None
    tomorrow: Tomorrow
    board: Board
    reach: Reach
    """How far the database went, for the stamp."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What the stamp tells and `export verify` counts again."""
        states = self.summary.by_state.items()
        found = {f"state.{state.value}": number for state, number in states if number}
        return {"machines": self.summary.total, **found}

    @property
    def holds(self) -> list[ExceptionLine]:
        """Machines that a person has kept back."""
        return [line for line in self.exceptions if line.is_hold]

    def change(self, word: Standing) -> int | None:
        """How many more machines stand there than on the working day before."""
        if self.before is None:
            return None
        return self.summary.standing[word] - self.before.standing[word]

    def people_change(self, share: Share) -> int | None:
        """How many more people have it than on the working day before."""
        return None if self.people_before is None else self.people_before.change(share)

    def devices_change(self, word: DeviceFigure) -> int | None:
        """How many more personal devices stand there than on the working day before."""
        if self.people_before is None:
            return None
        return self.people.devices[word] - self.people_before.devices[word]

    def state_changes(self, now: Split, splits: str) -> Mapping[MachineState, int] | None:
        """By state, how many more machines a group has; `splits` is a field of StatusReport."""
        if self.before is None:
            return None
        known = {split.name: split.states for split in getattr(self.before, splits)}
        states = known.get(now.name, {})
        return {state: number - states.get(state, 0) for state, number in now.states.items()}


def daily(database: Database, settings: Settings, *, now: datetime) -> DailyReport:
    """The report of `now`."""
    board = view(database, settings, now)
    spares = pools(database, settings)
    with database.read() as session:
        day = day_of(settings, now)
        groups = reports.groups(session, day)
        lines = reports.exceptions(session, day)
        people = people_now(database, settings, session, now)
        summary = prepared(settings, now, reports.counted(groups), lines, spares=spares)
        return _report(session, settings, summary, groups, people, board)


def daily_at(database: Database, settings: Settings, then: datetime) -> DailyReport:
    """The report of `then`, from the history: the same, whenever it is asked for."""
    day = day_of(settings, then)
    with database.read() as session:
        groups = as_of.groups(session, then, day)
        lines = as_of.exceptions(session, then, day)
        counts = reports.counted(groups)
        people = people_at(session, settings, then, counted.on_day_of(session, settings, then))
        unknown = [
            word for word in Unknowable if people.counted_at is None or word not in COUNTED_WORDS
        ]
        summary = prepared(settings, then, counts, lines, not_known=unknown)
        return _report(session, settings, summary, groups, people, view_at(session, settings, then))


def _report(
    session: Session,
    settings: Settings,
    summary: StatusReport,
    groups: Sequence[Group],
    people: People,
    board: Board,
) -> DailyReport:
    moment = summary.as_of
    held = _held(session, moment, (entry.line for entry in summary.exceptions))
    before = _before(session, settings, moment)
    people_before = None
    if before is not None:
        then = day_before(settings, moment)
        known = counted.nearest_to(session, settings, then)
        people_before = people_at(session, settings, then, known)
    return DailyReport(
        summary,
        before,
        burn_up(session, settings, moment, groups),
        exceptions(settings, moment, summary.exceptions, held, board),
        people,
        people_before,
        tomorrow(settings, day_of(settings, moment), groups),
        board,
        reach_at(session, moment if summary.not_known else None),
    )


def _before(session: Session, settings: Settings, moment: datetime) -> StatusReport | None:
    then = day_before(settings, moment)
    counts = as_of.counts(session, then, day_of(settings, then))
    return prepared(settings, then, counts, ()) if counts else None


def _held(
    session: Session, moment: datetime, lines: Iterable[MachineLine]
) -> dict[str, Circumstances]:
    """What led held machines there, by tag."""
    tags = [line.asset_tag for line in lines if line.state == MachineState.HELD]
    ids = ids_of_tags(session, tags)
    why = circumstances(session, ids.values(), moment)
    return {tag: why[id_] for tag, id_ in ids.items() if id_ in why}
