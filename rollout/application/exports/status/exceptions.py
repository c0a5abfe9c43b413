"""What needs a person, and who is to do what by when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rollout.application.board.view import Board
from rollout.application.exports.status.days import answer_by, day_of
from rollout.application.exports.status.summary import Exceptional
from rollout.domain.lifecycle import Described
from rollout.domain.machine import MachineState, Step
from rollout.domain.programme_board import IndicatorStanding, MilestoneState
from rollout.settings import Settings
from rollout.store.circumstances import Circumstances


class ExceptionKind(Described):
    """What an exception is about."""

    MACHINE = "machine", "A PC that failed, fell silent, is in doubt or held."
    MILESTONE = "milestone", "Something promised whose day is over."
    INDICATOR = "indicator", "A figure that misses its target, or that nobody has said."


@dataclass(frozen=True)
class ExceptionLine:
    """One of them; `days` are calendar days since `since`.

    `state` is a word of the noun. `next_date` is the end of a hold, else the day by which it is to
    be looked at; None when nobody can say. `approver` held the machine. Only machines have a tag,
    a step and an owner, only indicators a fiscal year.
    """

    kind: ExceptionKind
    name: str
    state: MachineState | MilestoneState | IndicatorStanding
    since: datetime | date | None
    days: int
    cause: str | None
    in_charge: str
    next_date: date | None
    overdue: bool
    site: str | None = None
    bureau: str | None = None
    division: str | None = None
    generation: str | None = None
    step: Step | None = None
    owner: str | None = None
    approver: str | None = None
    held_from: MachineState | None = None
    year: int | None = None

    @property
    def is_hold(self) -> bool:
        """Whether a person has kept the machine back."""
        return self.state is MachineState.HELD

    @property
    def office(self) -> str:
        """Department and division, as people write them."""
        return f"{self.bureau or ''} {self.division or ''}".strip()


def exceptions(
    settings: Settings,
    moment: datetime,
    machines: Sequence[Exceptional],
    why: Mapping[str, Circumstances],
    board: Board,
) -> list[ExceptionLine]:
    """Machines in the order of the report, then what is late on the board; `why` by asset tag."""
    today = day_of(settings, moment)
    return [
        *(_machine(settings, today, entry, why.get(entry.line.asset_tag)) for entry in machines),
        *_late(settings, board, today),
    ]


def _machine(
    settings: Settings, today: date, entry: Exceptional, why: Circumstances | None
) -> ExceptionLine:
    line, state = entry.line, MachineState(entry.line.state)
    since = line.state_since.astimezone(settings.programme.zone)
    held = state is MachineState.HELD
    until = line.hold_until if held else None
    next_date = until or answer_by(settings, since.date())
    return ExceptionLine(
        ExceptionKind.MACHINE,
        line.asset_tag,
        state,
        line.state_since,
        entry.days,
        line.cause,
        in_charge(settings, line.site, line.bureau, line.division),
        next_date,
        next_date < today,
        site=line.site,
        bureau=line.bureau,
        division=line.division,
        generation=line.generation,
        step=Step(line.step) if line.step else None,
        owner=line.owner,
        approver=why.actor if why and held else None,
        held_from=MachineState(line.held_from) if line.held_from else None,
    )


def in_charge(
    settings: Settings, site: str | None, bureau: str | None, division: str | None
) -> str:
    """The contact of the department, else of the site, else whom the report names."""
    for name in (f"{bureau or ''} {division or ''}".strip(), bureau):
        if name and name in settings.departments and settings.departments[name].contact:
            return settings.departments[name].contact
    return (settings.site(site).contact if site else "") or settings.report.in_charge


def _late(settings: Settings, board: Board, today: date) -> Iterable[ExceptionLine]:
    for milestone in board.milestones:
        if milestone.late:
            yield ExceptionLine(
                ExceptionKind.MILESTONE,
                milestone.name,
                milestone.state,
                milestone.due,
                milestone.days_late,
                milestone.cause,
                milestone.owner,
                milestone.due,
                overdue=True,
            )
    for indicator in board.indicators:
        if indicator.late:
            since = indicator.said_at or indicator.ended_on
            day = day_of(settings, since) if isinstance(since, datetime) else since
            yield ExceptionLine(
                ExceptionKind.INDICATOR,
                indicator.name,
                indicator.standing,
                since,
                max(0, (today - day).days),
                None,
                indicator.owner,
                None,
                overdue=indicator.ended_on < today,
                year=indicator.year,
            )
