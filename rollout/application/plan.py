"""Planning: propose dates and waves, look at them, put them into force."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application.operators import Operator
from rollout.application.plan_view import PlanView, WavePlan, by_wave, view
from rollout.domain.errors import RolloutError
from rollout.domain.machine import MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.planning import solver
from rollout.planning.calendar import Span, WorkCalendar
from rollout.planning.problem import MachineToPlace, Obstacle, Problem, Solution
from rollout.settings import Generation, OperatorRole, Settings
from rollout.store import plans, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Plan, Wave

Progress = Callable[[int, int], None]
"""Told (done, total)."""


class PlanRefused(RolloutError):
    """The plan cannot be made or put into force; the message says why and what to do."""


@dataclass(frozen=True)
class PlanSummary:
    """What `solve` proposes, or what `commit` put into force."""

    plan_id: int
    placed: int
    waves: int
    first_day: date | None
    last_day: date | None
    unplaced: Mapping[Obstacle, int]


def solve(
    database: Database,
    settings: Settings,
    *,
    operator: Operator,
    now: datetime,
    progress: Progress = lambda done, total: None,
) -> PlanSummary:
    """Propose a day and a wave for every registered machine; an earlier proposal is discarded.

    Machines that a committed plan has dated already keep their date and use up capacity.
    Raises PlanRefused when no machine waits for a date, NotPermitted for a viewer.
    """
    operator.must_be(OperatorRole.OPERATOR)
    today = now.astimezone(settings.programme.zone).date()
    with database.read() as session:
        rows = plans.waiting(session)
        if not rows:
            raise PlanRefused(_nothing_to_plan(session))
        problem = _problem(session, settings, rows, today)
    # Nobody has to wait for the solver: `commit` refuses what changed in the meantime.
    solution = solver.solve(problem, progress)
    with database.write() as session:
        plan_id = _keep(session, rows, solution, actor=operator.name, now=now)
    return PlanSummary(
        plan_id=plan_id,
        placed=len(solution.placements),
        waves=len(solution.waves),
        first_day=min((wave.first_day for wave in solution.waves), default=None),
        last_day=max((wave.last_day for wave in solution.waves), default=None),
        unplaced=Counter(entry.obstacle for entry in solution.unplaced),
    )


def show(database: Database) -> PlanView:
    """The proposal, else the plan committed last. Raises PlanRefused when there is neither."""
    with database.read() as session:
        plan = plans.newest(session)
        if plan is None:
            raise PlanRefused("there is no plan yet: run `rollout plan solve`")
        return view(plan, plans.groups(session, plan.id or 0))


def commit(database: Database, *, operator: Operator, now: datetime) -> PlanSummary:
    """Put the proposal into force: waves, days and states, all of it or nothing.

    Raises PlanRefused when there is no proposal, or when it does not fit the machines or the
    waves any more; NotPermitted for a viewer.
    """
    operator.must_be(OperatorRole.OPERATOR)
    actor = operator.name
    with database.write() as session:
        plan = plans.proposed(session)
        if plan is None:
            raise PlanRefused("no plan is proposed: run `rollout plan solve` first")
        _must_still_fit(session, plan)
        waves = by_wave(plans.groups(session, plan.id or 0))
        _make_waves(session, waves, actor=actor, now=now)
        for (number, day), ids in plans.machine_ids(session, plan.id or 0).items():
            transitions.apply(
                session,
                Machine,
                ids,
                MachineVerb.PLAN,
                actor=actor,
                at=now,
                detail={"plan": plan.id, "wave": number, "day": day.isoformat()},
            )
        plans.put_into_waves(session, plan.id or 0)
        plans.mark_committed(session, plan, actor=actor, at=now)
        return PlanSummary(
            plan_id=plan.id or 0,
            placed=sum(wave.machines for wave in waves),
            waves=len(waves),
            first_day=min((wave.first_day for wave in waves), default=None),
            last_day=max((wave.last_day for wave in waves), default=None),
            unplaced=Counter(Obstacle(reason) for _, reason in plans.unplaced(plan)),
        )


def _nothing_to_plan(session: Session) -> str:
    if plans.last_wave_number(session):
        return (
            "no machine waits for a date: those that have one keep it "
            "(`rollout wave cancel N` gives the machines of a wave back to the planner)"
        )
    return "no machine waits for a date: run `rollout import ledger FILE` first"


def _problem(
    session: Session, settings: Settings, rows: Sequence[plans.Waiting], today: date
) -> Problem:
    calendar = WorkCalendar(
        closed=[Span(span.first, span.last) for span in settings.calendar.closed],
        frozen=[Span(span.first, span.last) for span in settings.calendar.freeze],
    )
    last = settings.programme.cutover - timedelta(days=1)
    pilot_ends = plans.last_day_of_pilots(session)
    others_from = None
    if pilot_ends is not None:
        # With no working day left after the soak, nothing but the pilot can be moved.
        soak = settings.pilot.soak_working_days
        others_from = calendar.following(pilot_ends, soak, until=last) or settings.programme.cutover
    policies = {name: settings.generation(name) for name in {row.generation for row in rows}}
    limits = {key: settings.site(key) for key in {row.site for row in rows} if key}
    return Problem(
        machines=[_to_place(row, policies[row.generation]) for row in rows],
        calendar=calendar,
        first=max(settings.programme.start, today),
        last=last,
        capacity={key: limit.machines_per_day for key, limit in limits.items()},
        taken=plans.taken(session),
        pilot_size=settings.pilot.size if pilot_ends is None else 0,
        soak_working_days=settings.pilot.soak_working_days,
        machines_per_wave=settings.limits.machines_per_wave,
        first_wave=plans.last_wave_number(session) + 1,
        others_from=others_from,
    )


def _to_place(row: plans.Waiting, policy: Generation) -> MachineToPlace:
    return MachineToPlace(
        id=row.id,
        asset_tag=row.asset_tag,
        site=row.site or "",
        department=f"{row.bureau or ''} {row.division or ''}",
        generation=row.generation,
        order=policy.order,
        obstacle=_obstacle(row, policy),
    )


def _obstacle(row: plans.Waiting, policy: Generation) -> Obstacle | None:
    if not row.in_ledger:
        return Obstacle.GONE
    if policy.path == "refresh":
        return Obstacle.REFRESH
    if not row.site:
        return Obstacle.NO_SITE
    if not row.serial:
        return Obstacle.NO_SERIAL
    if not row.computer_name:
        return Obstacle.NO_NAME
    return None


def _keep(
    session: Session,
    rows: Sequence[plans.Waiting],
    solution: Solution,
    *,
    actor: str,
    now: datetime,
) -> int:
    by_id = {row.id: row for row in rows}
    pilots = {wave.number for wave in solution.waves if wave.pilot}
    return plans.propose(
        session,
        actor=actor,
        at=now,
        slots=[
            {
                "machine_id": placement.machine_id,
                "machine_version": by_id[placement.machine_id].version,
                "site_id": by_id[placement.machine_id].site_id,
                "wave_number": placement.wave,
                "pilot": placement.wave in pilots,
                "day": placement.day,
            }
            for placement in solution.placements
        ],
        unplaced=[
            {"asset_tag": entry.asset_tag, "reason": entry.obstacle.value}
            for entry in solution.unplaced
        ],
    )


def _must_still_fit(session: Session, plan: Plan) -> None:
    number, tags = plans.changed(session, plan.id or 0, limit=5)
    if number:
        shown = ", ".join(tags) + (", ..." if number > len(tags) else "")
        raise PlanRefused(
            f"{number} machines changed since the plan was made ({shown}): "
            "nothing was committed; run `rollout plan solve` again and look at the new plan"
        )


def _make_waves(session: Session, waves: Sequence[WavePlan], *, actor: str, now: datetime) -> None:
    if waves and waves[0].number <= plans.last_wave_number(session):
        raise PlanRefused(
            f"wave {waves[0].number} exists already: nothing was committed; "
            "run `rollout plan solve` again"
        )
    rows = [
        Wave(
            number=wave.number,
            pilot=wave.pilot,
            first_day=wave.first_day,
            last_day=wave.last_day,
            state_since=now,
        )
        for wave in waves
    ]
    session.add_all(rows)
    session.flush()
    transitions.apply(
        session, Wave, [row.id or 0 for row in rows], WaveVerb.PLAN, actor=actor, at=now
    )
