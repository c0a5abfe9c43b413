"""Planning: propose dates and waves, look at them, put them into force."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from rollout.application.operators import Operator
from rollout.application.planning.problem import problem_of, unused_rules
from rollout.application.planning.proposal import keep
from rollout.application.planning.views import PlanView, WavePlan, by_wave, view
from rollout.domain.errors import RolloutError
from rollout.domain.machine import MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.planning import solver
from rollout.planning.problem import Obstacle, Relaxation
from rollout.settings import OperatorRole, Settings
from rollout.store import plan_inputs, plan_views, plans, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Plan, Wave

Progress = Callable[[str, int, int], None]
"""Told the phase (`plan` or `write`), how many machines are through, and how many there are."""


def _silent(_phase: str, _done: int, _total: int) -> None:
    """No progress is shown."""


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
    kept: int = 0
    moved: int = 0
    relaxations: Sequence[Relaxation] = ()
    unused: Sequence[tuple[str, str]] = ()


def solve(
    database: Database,
    settings: Settings,
    *,
    operator: Operator,
    now: datetime,
    progress: Progress = _silent,
) -> PlanSummary:
    """Propose a day and a wave for every machine that needs one; the last proposal is discarded.

    Dates in force stay as long as every rule allows them; what has to change is in the proposal.
    Raises PlanRefused when nothing waits for a date and nothing has to change, or when the
    cutover is past; NotPermitted for a viewer.
    """
    operator.must_be(OperatorRole.OPERATOR)
    today = now.astimezone(settings.programme.zone).date()
    if today >= settings.programme.cutover:
        raise PlanRefused(
            _(
                "the cutover {cutover} is past (today is {today}): "
                "correct [programme] cutover in rollout.toml"
            ).format(cutover=settings.programme.cutover, today=today)
        )
    with database.read() as session:
        rows = plan_inputs.waiting(session)
        if not rows:
            raise PlanRefused(_nothing_to_plan(session))
        problem = problem_of(session, settings, rows, today)
        unused = unused_rules(session, settings)
    # Nobody has to wait for the solver: `commit` refuses what changed in the meantime.
    solution = solver.solve(problem, partial(progress, "plan"))
    if not (solution.placements or solution.unplaced or solution.moves):
        raise PlanRefused(_(_NOTHING_WAITS))
    with database.write() as session:
        written = partial(progress, "write")
        plan_id = keep(session, rows, solution, written, actor=operator.name, now=now)
    return PlanSummary(
        plan_id=plan_id,
        placed=len(solution.placements),
        waves=len(solution.waves),
        first_day=min((wave.first_day for wave in solution.waves), default=None),
        last_day=max((wave.last_day for wave in solution.waves), default=None),
        unplaced=Counter(entry.obstacle for entry in solution.unplaced),
        kept=len(solution.kept),
        moved=len(solution.moves),
        relaxations=solution.relaxations,
        unused=unused,
    )


def show(database: Database, sites: Collection[str] = ()) -> PlanView:
    """The proposal with the dates that stay, else the dates in force; of all or of these sites.

    Raises PlanRefused when there is neither, NoSuchSite.
    """
    with database.read() as session:
        plan = plans.newest(session)
        if plan is None:
            raise PlanRefused(_("there is no plan yet: run `rollout plan solve`"))
        return view(session, plan, sites)


def commit(
    database: Database,
    *,
    operator: Operator,
    now: datetime,
    progress: Progress = _silent,
) -> PlanSummary:
    """Put the proposal into force: waves, days and states, all of it or nothing.

    `progress` is told (machines dated, all machines of the proposal); whatever ends the process
    before the last of them leaves the database as it was.

    Raises PlanRefused when there is no proposal, or when it does not fit the machines or the
    waves any more; NotPermitted for a viewer.
    """
    operator.must_be(OperatorRole.OPERATOR)
    actor = operator.name
    with database.write() as session:
        plan = plans.proposed(session)
        if plan is None:
            raise PlanRefused(_("no plan is proposed: run `rollout plan solve` first"))
        must_still_fit(session, plan)
        said = plans.remarks(plan)
        _take_dates_away(session, plan, said, actor=actor, now=now)
        waves = by_wave(plan_views.proposed(session, plan.id or 0))
        _make_waves(session, waves, said.get("joined", []), actor=actor, now=now)
        done, total = 0, sum(wave.machines for wave in waves)
        asked = {
            entry["machine_id"]: f"{entry['by']}: {entry['reason']}"
            for entry in said.get("asked", [])
        }
        for (number, day), ids in plans.machine_ids(session, plan.id or 0).items():
            for reason, alike in _by_reason(ids, asked).items():
                transitions.apply(
                    session,
                    Machine,
                    alike,
                    MachineVerb.PLAN,
                    actor=actor,
                    at=now,
                    reason=reason,
                    detail={"plan": plan.id, "wave": number, "day": day.isoformat()},
                )
            done += len(ids)
            progress("write", done, total)
        plans.put_into_waves(session, plan.id or 0)
        _cancel_empty_waves(session, actor=actor, now=now)
        plans.mark_committed(session, plan, actor=actor, at=now)
        return PlanSummary(
            plan_id=plan.id or 0,
            placed=sum(wave.machines for wave in waves),
            waves=len(waves),
            first_day=min((wave.first_day for wave in waves), default=None),
            last_day=max((wave.last_day for wave in waves), default=None),
            unplaced=Counter(Obstacle(reason) for _tag, reason in plans.unplaced(plan)),
            kept=said.get("kept", 0),
            moved=len(said.get("moves", [])),
        )


_NOTHING_WAITS = msgid(
    "no machine waits for a date: those that have one keep it "
    "(`rollout wave cancel N` gives the machines of a wave back to the planner)"
)


def _nothing_to_plan(session: Session) -> str:
    if plan_inputs.last_wave_number(session):
        return _(_NOTHING_WAITS)
    return _("no machine waits for a date: run `rollout import ledger FILE` first")


def _by_reason(ids: Sequence[int], asked: Mapping[int, str]) -> dict[str | None, list[int]]:
    """The machines by who asked for their place and why; None: the planner chose it."""
    found: dict[str | None, list[int]] = {}
    for id_ in ids:
        found.setdefault(asked.get(id_), []).append(id_)
    return found


def _take_dates_away(
    session: Session, plan: Plan, said: Mapping[str, Any], *, actor: str, now: datetime
) -> None:
    """Machines that get another date, or have none any more, are registered again first."""
    moves = {move["asset_tag"]: move for move in said.get("moves", [])}
    dropped = plans.ids_of(session, [tag for tag, move in moves.items() if move["to"] is None])
    ids = [*plans.dated_in_plan(session, plan.id or 0), *dropped]
    if not ids:
        return
    reason = _("plan {number}: its date changes").format(number=plan.id)
    transitions.apply(session, Machine, ids, MachineVerb.UNPLAN, actor=actor, at=now, reason=reason)
    plans.take_off(session, ids)


def _cancel_empty_waves(session: Session, *, actor: str, now: datetime) -> None:
    transitions.apply(
        session,
        Wave,
        plans.empty_waves(session),
        WaveVerb.CANCEL,
        actor=actor,
        at=now,
        reason=_("every machine of it has another date"),
    )


def must_still_fit(session: Session, plan: Plan) -> None:
    """Raises PlanRefused when machines are not any more what the planner saw."""
    dropped = [move["asset_tag"] for move in plans.remarks(plan).get("moves", [])
               if move["to"] is None]  # fmt: skip
    number, tags = plans.changed(session, plan.id or 0, dropped, limit=5)
    if number:
        shown = ", ".join(tags) + (", ..." if number > len(tags) else "")
        raise PlanRefused(
            _(
                "{number} {number:machine|machines} changed since the plan was made ({shown}): "
                "nothing was committed; run `rollout plan solve` again and look at the new plan"
            ).format(number=number, shown=shown)
        )


def _make_waves(
    session: Session,
    waves: Sequence[WavePlan],
    joined: Sequence[int],
    *,
    actor: str,
    now: datetime,
) -> None:
    new = [wave for wave in waves if wave.number not in joined]
    unseen = {wave.number for wave in plan_inputs.unseen_waves(session)}
    taken = [number for number in joined if number not in unseen]
    if new and new[0].number <= plan_inputs.last_wave_number(session):
        taken.append(new[0].number)
    if taken:
        raise PlanRefused(
            _(
                "wave {number} is not any more what it was when the plan was made: "
                "nothing was committed; run `rollout plan solve` again"
            ).format(number=taken[0])
        )
    rows = [
        Wave(
            number=wave.number,
            pilot=wave.pilot,
            first_day=wave.first_day,
            last_day=wave.last_day,
            state_since=now,
        )
        for wave in new
    ]
    session.add_all(rows)
    session.flush()
    transitions.apply(
        session, Wave, [row.id or 0 for row in rows], WaveVerb.PLAN, actor=actor, at=now
    )
