"""Moving machines to another day by hand: checked first, then a proposal like any other.

Into a wave that is chosen, and not only a day: `plan_into_wave.py`.

A move is made on the proposal when there is one, else on the dates in force, so that several moves
and a solved plan end in one commit. Nothing is in force before `plan commit`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from rollout.application.operators import Operator
from rollout.application.planning.effect import NewPlace
from rollout.application.planning.plans import PlanRefused, must_still_fit
from rollout.application.planning.problem import problem_of
from rollout.application.planning.proposal import keep
from rollout.domain.errors import NotFound
from rollout.i18n import _
from rollout.planning.checker import Violation, violations
from rollout.planning.problem import (
    Asked,
    MachineToPlace,
    Move,
    Obstacle,
    Placement,
    PlannedWave,
    Problem,
    Relaxation,
    Solution,
    Unplaced,
    Why,
)
from rollout.settings import OperatorRole, Settings
from rollout.store import machines, plan_inputs, plans
from rollout.store.database import Database

_SHOWN = 8
"""Machines that a refusal names."""


@dataclass(frozen=True)
class Verdict:
    """What a move would do: the machines, those whose owners were told of another day, and what the
    checker says.

    `broken` are the rules that the move breaks, `before` how many were broken without it. `places`
    are the new places by the machine's id; None: the one in force.
    """

    days: Sequence[date]
    tags: Sequence[str]
    announced: int
    waves: Sequence[int]
    broken: Sequence[Violation]
    before: int
    places: Mapping[int, NewPlace | None]


def judge(
    database: Database, settings: Settings, tags: Sequence[str], to_day: date, *, now: datetime
) -> Verdict:
    """What would come of it; nothing is written. Raises PlanRefused."""
    with database.read() as session:
        moving = Moving(session, settings, now)
        return moving.verdict(tags, moving.after(tags, to_day))


def move(
    database: Database,
    settings: Settings,
    tags: Sequence[str],
    to_day: date,
    *,
    operator: Operator,
    now: datetime,
    reason: str = "",
) -> Verdict:
    """Propose it, with everything that was proposed before. Raises PlanRefused, NotPermitted.

    Operator and `reason` are in the history of each machine once the proposal is in force.
    """
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        moving = Moving(session, settings, now)
        solution = moving.after(tags, to_day)
        verdict = moving.verdict(tags, solution)
        solution = asked_for(solution, tags, operator, reason) if reason else solution
        keep(session, moving.rows, solution, lambda _d, _t: None, actor=operator.name, now=now)
        return verdict


def discard(database: Database, *, operator: Operator) -> int:
    """Take the proposal away; its number. Raises PlanRefused when there is none, NotPermitted."""
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        plan = plans.proposed(session)
        if plan is None:
            raise PlanRefused(_("no plan is proposed: there is nothing to discard"))
        plans.discard(session, plan)
        return plan.id or 0


def asked_for(solution: Solution, tags: Sequence[str], operator: Operator, reason: str) -> Solution:
    """The plan that remembers who asked for the new places of `tags`, and why."""
    chosen = set(tags)
    asked = [
        Asked(placed.machine_id, operator.name, reason)
        for placed in solution.placements
        if placed.asset_tag in chosen
    ]
    return replace(solution, asked=[*solution.asked, *asked])


class Moving:
    """The plan as it stands, and what becomes of it."""

    def __init__(self, session: Session, settings: Settings, now: datetime) -> None:
        plan = plans.proposed(session)
        if plan is not None:
            must_still_fit(session, plan)
        today = now.astimezone(settings.programme.zone).date()
        self._session = session
        self.rows = plan_inputs.waiting(session)
        self.problem = problem_of(session, settings, self.rows, today)
        self._machines = {machine.asset_tag: machine for machine in self.problem.machines}
        slots = plans.slots(session, plan.id or 0) if plan is not None else []
        said = plans.remarks(plan) if plan is not None else {}
        self.solution = _as_it_stands(self.problem, slots, said)

    def verdict(self, tags: Sequence[str], solution: Solution) -> Verdict:
        """What the checker says of `solution`, without what was broken before."""
        tags = list(dict.fromkeys(tags))  # somebody may name a machine twice
        before = Counter(violations(self.problem, self.solution))
        broken = [v for v in violations(self.problem, solution) if not before[v]]
        chosen = set(tags)
        placed = [p for p in solution.placements if p.asset_tag in chosen]
        return Verdict(
            sorted({p.day for p in placed}),
            tags,
            announced=sum(
                (current := self._machines[tag].current) is not None and current.announced
                for tag in tags
            ),
            waves=sorted({p.wave for p in placed}),
            broken=broken,
            before=before.total(),
            places={self._machines[tag].id: None for tag in tags}
            | {p.machine_id: NewPlace(p.day, p.wave) for p in placed},
        )

    def after(self, tags: Sequence[str], to_day: date) -> Solution:
        """The plan with these machines on that day. Raises PlanRefused."""
        chosen = self.movable(tags)
        ids = {machine.id for machine in chosen}
        moved = [m for m in chosen if m.current is None or m.current.day != to_day]
        others = [p for p in self.solution.placements if p.machine_id not in ids]
        placed = _into_waves(self.problem, others, self.solution.waves, moved, to_day)
        return self.with_places(chosen, placed)

    def with_places(
        self, chosen: Sequence[MachineToPlace], placed: Sequence[Placement]
    ) -> Solution:
        """The plan with `placed`; those of `chosen` without a new place go back to their old."""
        old, ids = self.solution, {machine.id for machine in chosen}
        days = {placement.machine_id: placement.day for placement in placed}
        stays = [machine for machine in chosen if machine.id not in days]
        kept = [p for p in old.kept if p.machine_id not in ids] + [_kept(m) for m in stays]
        placements = [p for p in old.placements if p.machine_id not in ids] + [*placed]
        moves = [move for move in old.moves if move.machine_id not in ids]
        moves += [_moved(m, days[m.id]) for m in chosen if m.id in days and m.current is not None]
        return replace(
            old,
            placements=sorted(placements, key=lambda p: (p.day, p.asset_tag)),
            unplaced=[entry for entry in old.unplaced if entry.machine_id not in ids],
            waves=_waves(self.problem, placements, old.waves),
            kept=kept,
            moves=moves,
            asked=[entry for entry in old.asked if entry.machine_id not in ids],
        )

    def movable(self, tags: Sequence[str]) -> list[MachineToPlace]:
        """The machines of `tags`. Raises NotFound, PlanRefused, with all that may not."""
        wanted = list(dict.fromkeys(tags))
        refused = [tag for tag in wanted if tag not in self._machines]
        if refused:
            there = {machine.asset_tag for machine in machines.by_tags(self._session, refused)}
            if strange := [tag for tag in refused if tag not in there]:
                raise NotFound("machine", _shown(strange))
            raise PlanRefused(
                _(
                    "{tags} cannot get another day: only a machine that waits for its wave can; "
                    "see `rollout machine show {first}`"
                ).format(tags=_shown(refused), first=refused[0])
            )
        return [self._machines[tag] for tag in wanted]


def _shown(tags: Sequence[str]) -> str:
    return ", ".join(tags[:_SHOWN]) + (" …" if len(tags) > _SHOWN else "")


def _as_it_stands(
    problem: Problem, slots: Sequence[plans.SlotRow], said: Mapping[str, Any]
) -> Solution:
    placed = {slot.machine_id for slot in slots}
    reasons = {entry["asset_tag"]: Obstacle(entry["reason"]) for entry in _listed(said, "unplaced")}
    rest = [machine for machine in problem.machines if machine.id not in placed]
    lost = {entry["asset_tag"] for entry in _listed(said, "moves") if entry["to"] is None}
    dated = [m for m in rest if m.current is not None and m.asset_tag not in lost]
    by_tag = {machine.asset_tag: machine for machine in problem.machines}
    solution = Solution(
        placements=[Placement(s.machine_id, s.asset_tag, s.site, s.day, s.wave) for s in slots],
        unplaced=[
            Unplaced(
                m.id,
                m.asset_tag,
                m.site,
                reasons.get(m.asset_tag) or m.obstacle or Obstacle.NO_DAY_LEFT,
            )
            for m in rest
            if m not in dated
        ],
        waves=[PlannedWave(slot.wave, slot.pilot, slot.day, slot.day, 0) for slot in slots],
        kept=[_kept(machine) for machine in dated],
        moves=[
            Move(
                by_tag[entry["asset_tag"]].id,
                entry["asset_tag"],
                date.fromisoformat(entry["from"]),
                entry["from_wave"],
                date.fromisoformat(entry["to"]) if entry["to"] else None,
                Why(entry["why"]),
                entry["announced"],
            )
            for entry in _listed(said, "moves")
            if entry["asset_tag"] in by_tag
        ],
        relaxations=[
            Relaxation(**{**entry, "obstacle": Obstacle(entry["obstacle"])})
            for entry in _listed(said, "relaxations")
        ],
        asked=[Asked(**entry) for entry in _listed(said, "asked")],
    )
    return replace(solution, waves=_waves(problem, solution.placements, solution.waves))


def _listed(said: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = said.get(key, [])
    return found if isinstance(found, list) else []


def _kept(machine: MachineToPlace) -> Placement:
    current = machine.current
    if current is None:
        raise LookupError(f"{machine.asset_tag} has no day to keep")
    return Placement(machine.id, machine.asset_tag, machine.site, current.day, current.wave)


def _moved(machine: MachineToPlace, to_day: date) -> Move:
    current = machine.current
    if current is None:
        raise LookupError(f"{machine.asset_tag} had no day before")
    return Move(
        machine.id,
        machine.asset_tag,
        current.day,
        current.wave,
        to_day,
        Why.BY_HAND,
        current.announced,
    )


def _waves(
    problem: Problem, placements: Iterable[Placement], before: Iterable[PlannedWave]
) -> list[PlannedWave]:
    """The waves that the placements make, with the days that these give them."""
    opened = {wave.number: wave for wave in problem.open_waves}
    pilots = {wave.number for wave in before if wave.pilot}
    days: dict[int, list[date]] = {}
    for placed in placements:
        days.setdefault(placed.wave, []).append(placed.day)
    return [
        PlannedWave(
            number,
            number in pilots,
            opened[number].first_day if number in opened else min(found),
            opened[number].last_day if number in opened else max(found),
            len(found),
            joined=number in opened,
        )
        for number, found in sorted(days.items())
    ]


def _into_waves(
    problem: Problem,
    others: Sequence[Placement],
    before: Sequence[PlannedWave],
    moved: Sequence[MachineToPlace],
    day: date,
) -> list[Placement]:
    """A wave for each: one that nobody has seen yet and that has the day, else a new one.

    Refreshes have waves of their own: other hands do them.
    """
    refreshes = {machine.id for machine in problem.machines if machine.refresh}
    kinds = {placed.wave: placed.machine_id in refreshes for placed in others}
    kinds |= {wave.number: wave.refresh for wave in problem.open_waves}
    sizes = Counter(placed.wave for placed in others)
    sizes.update({wave.number: wave.size for wave in problem.open_waves})
    spans = [wave for wave in _waves(problem, others, before) if not wave.pilot]
    known = {wave.number for wave in spans}
    spans += [
        PlannedWave(wave.number, False, wave.first_day, wave.last_day, 0, joined=True)
        for wave in problem.open_waves
        if wave.number not in known
    ]
    having = [wave.number for wave in spans if wave.first_day <= day <= wave.last_day]
    fresh = max([problem.first_wave - 1, *(placed.wave for placed in others)]) + 1
    found = []
    for machine in moved:
        room = [
            number
            for number in having
            if kinds[number] is machine.refresh and sizes[number] < problem.machines_per_wave
        ]
        if not room:
            kinds[fresh] = machine.refresh
            having.append(fresh)
            room, fresh = [fresh], fresh + 1
        sizes[room[0]] += 1
        found.append(Placement(machine.id, machine.asset_tag, machine.site, day, room[0]))
    return found
