"""`plan check` and `plan diff`: what a plan breaks, and what it changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rollout.application.planning.plans import PlanRefused, must_still_fit
from rollout.application.planning.problem import problem_of
from rollout.i18n import _
from rollout.planning.checker import Violation, violations
from rollout.planning.problem import (
    Obstacle,
    Placement,
    PlannedWave,
    Problem,
    Solution,
    Unplaced,
    Why,
)
from rollout.settings import Settings
from rollout.store import plan_inputs, plan_views, plans
from rollout.store.database import Database


@dataclass(frozen=True)
class Checked:
    """What the independent checker found; `state` is proposed or committed."""

    state: str
    machines: int
    violations: Sequence[Violation]


def check(database: Database, settings: Settings, *, now: datetime) -> Checked:
    """Hold the proposal, else the dates in force, against every rule as configured today.

    Raises PlanRefused when there is neither, and when machines of the proposal have changed since.
    """
    today = now.astimezone(settings.programme.zone).date()
    with database.read() as session:
        plan = plans.newest(session)
        if plan is None:
            raise PlanRefused(_("there is no plan yet: run `rollout plan solve`"))
        if plan.state == "proposed":
            must_still_fit(session, plan)
        problem = problem_of(session, settings, plan_inputs.waiting(session), today)
        slots = plans.slots(session, plan.id or 0) if plan.state == "proposed" else []
        said = plans.remarks(plan) if plan.state == "proposed" else {}
    lost = {entry["asset_tag"] for entry in said.get("moves", []) if entry["to"] is None}
    solution = _solution(problem, slots, set(said.get("joined", [])), lost)
    dated = len(solution.placements) + len(solution.kept)
    return Checked(plan.state, dated, violations(problem, solution))


def _solution(
    problem: Problem, slots: Sequence[plans.SlotRow], joined: set[int], lost: set[str]
) -> Solution:
    """The plan as it would be; the dates of `lost` are taken away and nothing takes their place."""
    placed = {slot.machine_id for slot in slots}
    kept, without = [], []
    for machine in problem.machines:
        if machine.id in placed:
            continue
        if machine.current is None or machine.asset_tag in lost:
            # Which reason it was is no question of the checker's.
            why = machine.obstacle or Obstacle.NO_DAY_LEFT
            without.append(Unplaced(machine.id, machine.asset_tag, machine.site, why))
        else:
            current = machine.current
            kept.append(
                Placement(machine.id, machine.asset_tag, machine.site, current.day, current.wave)
            )
    waves: dict[int, list[plans.SlotRow]] = {}
    for slot in slots:
        waves.setdefault(slot.wave, []).append(slot)
    opened = {wave.number: wave for wave in problem.open_waves}
    return Solution(
        placements=[Placement(s.machine_id, s.asset_tag, s.site, s.day, s.wave) for s in slots],
        unplaced=without,
        waves=[
            PlannedWave(
                number,
                members[0].pilot,
                opened[number].first_day if number in joined & opened.keys() else members[0].day,
                opened[number].last_day if number in joined & opened.keys() else members[-1].day,
                len(members),
                joined=number in joined,
            )
            for number, members in sorted(waves.items())
        ],
        kept=kept,
    )


@dataclass(frozen=True)
class Change:
    """A machine whose date the proposal changes; `from_day` None: it had none.

    Place and owner are told of machines that had a date.
    """

    asset_tag: str
    from_day: date | None
    to_day: date | None
    why: Why | None
    announced: bool = False
    site: str = ""
    department: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Difference:
    """The proposal beside the dates in force."""

    plan_id: int
    kept: int
    changes: Sequence[Change]

    @property
    def unaffected_moved(self) -> int:
        """Dates that move although nothing is the matter with their machine."""
        return sum(change.why is Why.MAKES_ROOM for change in self.changes)

    @property
    def announced_moved(self) -> int:
        """Announced dates that move; nearly always their machines cannot keep them."""
        return sum(change.announced for change in self.changes)

    @property
    def unaffected_announced_moved(self) -> int:
        """Announced dates that move although nothing is the matter with their machine."""
        return sum(change.announced and change.why is Why.MAKES_ROOM for change in self.changes)

    @property
    def moves(self) -> list[Change]:
        """Dates in force that another one takes the place of, or none; the announced ones first."""
        moved = [change for change in self.changes if change.from_day is not None]
        return sorted(moved, key=lambda change: (not change.announced, change.asset_tag))

    @property
    def new(self) -> int:
        """Machines that had no date and get one."""
        return sum(change.from_day is None for change in self.changes)


def diff(database: Database) -> Difference:
    """Who gets a date, who another one, and why. Raises PlanRefused without a proposal."""
    with database.read() as session:
        plan = plans.proposed(session)
        if plan is None:
            raise PlanRefused(_("no plan is proposed: run `rollout plan solve` first"))
        said = plans.remarks(plan)
        slots = plans.slots(session, plan.id or 0)
        known = plan_views.named(session, [move["asset_tag"] for move in said.get("moves", [])])
    moved = [
        Change(
            move["asset_tag"],
            date.fromisoformat(move["from"]),
            date.fromisoformat(move["to"]) if move["to"] else None,
            Why(move["why"]),
            move["announced"],
            *known[move["asset_tag"]][1:],
        )
        for move in said.get("moves", [])
    ]
    tags = {change.asset_tag for change in moved}
    new = [Change(s.asset_tag, None, s.day, None) for s in slots if s.asset_tag not in tags]
    return Difference(plan.id or 0, said.get("kept", 0), [*moved, *new])
