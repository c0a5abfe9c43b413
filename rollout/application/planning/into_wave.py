"""Moving machines into a wave that an operator chooses: checked first, then a proposal.

Each gets a day within the days of that wave: its own if that is one of them and has a place, else
the first on which its site, its department and it itself have one.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlmodel import Session

from rollout.application.operators import Operator
from rollout.application.planning.moving import Moving, Verdict, asked_for
from rollout.application.planning.plans import PlanRefused
from rollout.application.planning.proposal import keep
from rollout.domain.errors import NotFound
from rollout.domain.wave import WaveState
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.planning.limits import positions
from rollout.planning.problem import MachineToPlace, Placement, Solution
from rollout.planning.room import Room
from rollout.settings import OperatorRole, Settings
from rollout.store import waves
from rollout.store.database import Database

_SUBMITTED = (WaveState.AWAITING_APPROVAL, WaveState.APPROVED)


class _Wave(NamedTuple):
    """Where the machines are to go; `refresh`: its machines are replaced by new ones."""

    number: int
    first_day: date
    last_day: date
    size: int
    refresh: bool


def judge(
    database: Database, settings: Settings, tags: Sequence[str], number: int, *, now: datetime
) -> Verdict:
    """What would come of it; nothing is written. Raises PlanRefused."""
    with database.read() as session:
        moving = Moving(session, settings, now)
        return moving.verdict(tags, _after(session, moving, tags, number))


def move(
    database: Database,
    settings: Settings,
    tags: Sequence[str],
    number: int,
    *,
    operator: Operator,
    reason: str,
    now: datetime,
) -> Verdict:
    """Propose it, with everything that was proposed before. Raises PlanRefused, NotPermitted.

    Operator and reason are in the history of each machine once the proposal is in force.
    """
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        moving = Moving(session, settings, now)
        solution = _after(session, moving, tags, number)
        verdict = moving.verdict(tags, solution)
        solution = asked_for(solution, tags, operator, reason)
        keep(session, moving.rows, solution, lambda _d, _t: None, actor=operator.name, now=now)
        return verdict


def _after(session: Session, moving: Moving, tags: Sequence[str], number: int) -> Solution:
    """The plan with these machines in that wave. Raises PlanRefused."""
    chosen = moving.movable(tags)
    wave = _wave(session, moving, number)
    now_in = {p.machine_id: p.wave for p in (*moving.solution.placements, *moving.solution.kept)}
    coming = [machine for machine in chosen if now_in.get(machine.id) != number]
    if not coming:
        raise PlanRefused(
            _("the machines are in wave {wave} already: choose others, or another wave").format(
                wave=number
            )
        )
    home = [m for m in coming if m.current is not None and m.current.wave == number]
    new = [machine for machine in coming if machine not in home]
    _must_be_alike(new, wave)
    most = moving.problem.machines_per_wave
    if new and wave.size + len(new) > most:
        raise PlanRefused(
            _(
                "wave {wave} has {size} of {most} machines, and {count} more {count:does|do} not "
                "fit: move fewer, choose another wave, or raise [limits] machines_per_wave in "
                "rollout.toml"
            ).format(wave=number, size=wave.size, most=most, count=len(new))
        )
    return moving.with_places(coming, list(_places(moving, coming, new, wave)))


def _wave(session: Session, moving: Moving, number: int) -> _Wave:
    """The wave, in force or proposed. Raises PlanRefused unless machines may join it."""
    joining = [p for p in moving.solution.placements if p.wave == number]
    for opened in moving.problem.open_waves:
        if opened.number == number:
            size = opened.size + len(joining)
            return _Wave(number, opened.first_day, opened.last_day, size, opened.refresh)
    proposed = {wave.number: wave for wave in moving.solution.waves}.get(number)
    if proposed is not None and not proposed.pilot:
        kinds = {machine.id: machine.refresh for machine in moving.problem.machines}
        refresh = kinds[joining[0].machine_id]
        return _Wave(number, proposed.first_day, proposed.last_day, len(joining), refresh)
    if proposed is not None:
        raise PlanRefused(_pilot(number))
    raise PlanRefused(_why_closed(session, number))


def _why_closed(session: Session, number: int) -> str:
    try:
        found = waves.by_number(session, number)
    except NotFound:
        return _("there is no wave {wave}: see `rollout wave list`").format(wave=number)
    state = WaveState(found.state)
    if found.pilot:
        return _pilot(number)
    if state in _SUBMITTED:
        return _(
            "wave {wave} is {state}, so its list stands: withdraw it first (w in the room of "
            "waves, or `rollout wave withdraw {wave}`), or choose a wave that was not submitted"
        ).format(wave=number, state=label(state))
    return _(
        "wave {wave} is {state}: machines join only waves that have not begun; "
        "see `rollout wave list`"
    ).format(wave=number, state=label(state))


def _pilot(number: int) -> str:
    return _(
        "wave {wave} is the pilot, whose machines [pilot] in rollout.toml names: "
        "choose another wave"
    ).format(wave=number)


def _must_be_alike(machines: Sequence[MachineToPlace], wave: _Wave) -> None:
    other = [machine.asset_tag for machine in machines if machine.refresh is not wave.refresh]
    if other:
        raise PlanRefused(
            _(
                "{tags}: machines that are replaced and machines that are rewritten have waves "
                "of their own, and wave {wave} is of the other kind: choose another wave"
            ).format(tags=", ".join(other[:8]) + (" …" if len(other) > 8 else ""), wave=wave.number)
        )


def _places(
    moving: Moving,
    coming: Sequence[MachineToPlace],
    new: Sequence[MachineToPlace],
    wave: _Wave,
) -> Iterator[Placement]:
    """A place for each of `new`; the day that breaks nothing if there is one."""
    problem, ids = moving.problem, {machine.id for machine in coming}
    room = Room(problem)
    machines = {machine.id: machine for machine in problem.machines}
    staying = [p for p in moving.solution.placements if p.machine_id not in ids]
    staying += [p for p in moving.solution.kept if p.machine_id not in ids]
    for placed in staying:
        day = room.position(placed.day)
        if day is not None:
            room.cell(machines[placed.machine_id]).take(day, 1)
    first = max(wave.first_day, problem.others_from or wave.first_day)
    days = room.suitable.within(first, wave.last_day)
    if not days:
        raise PlanRefused(
            _(
                "no working day is left among those of wave {wave} ({first} – {last}): "
                "choose a later wave"
            ).format(wave=wave.number, first=wave.first_day, last=wave.last_day)
        )
    for machine in new:
        day = _day(room, machine, days)
        room.cell(machine).take(day, 1)
        yield Placement(machine.id, machine.asset_tag, machine.site, room.days[day], wave.number)


def _day(room: Room, machine: MachineToPlace, days: int) -> int:
    """Without a day that breaks no rule the nearest to one: the checker says what is broken."""
    cell = room.cell(machine)
    free = [day for day in positions(days & cell.open_days()) if cell.fits(day) > 0]
    own = room.position(machine.current.day) if machine.current is not None else None
    if own in free:
        return own
    return next(iter(free or positions(days & cell.days or days)))
