"""What transfers do to machines once their day has come, or would do on a day to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from rollout.application.transfers.approvals import end_takeouts
from rollout.application.transfers.effects import Effect, Effects
from rollout.domain.history import Fact, canonical
from rollout.domain.machine import IN_USE, MachineState, MachineVerb
from rollout.domain.postings import PcFollows
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import departments, history, leases, machine_moves, postings, transitions
from rollout.store import ledger as rows
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.machine_moves import Standing
from rollout.store.tables import Machine

ACTOR = "transfers"
_S = MachineState
_QUIET = frozenset({_S.REGISTERED, _S.PLANNED, _S.HELD, _S.EXCLUDED}) | IN_USE
"""In these nothing is done at a machine that a new place or user would disturb."""


@dataclass(frozen=True, slots=True)
class _Move:
    machine: Standing
    day: date
    department_id: int | None
    site_id: int | None
    owner_id: int | None
    why: Told
    kind: str

    @property
    def changes(self) -> bool:
        before = (self.machine.department_id, self.machine.site_id, self.machine.owner_id)
        return before != (self.department_id, self.site_id, self.owner_id)


def look(database: Database, settings: Settings, *, lease_epoch: int, at: datetime) -> None:
    """Bring everybody to the posting of the day. Raises LeaseHeld when taken over."""
    with database.write() as session:
        leases.require(session, lease_epoch)
        today = at.astimezone(settings.programme.zone).date()
        take_effect(session, today, PcFollows(settings.transfers.pc), at=at)


def take_effect(
    session: Session, day: date, pc: PcFollows, *, at: datetime, write: bool = True
) -> Effects:
    """Departments of people, and place and user of their PCs, as they are on `day`.

    Can be repeated at any time. Without `write` it only says what would be.
    """
    effects = Effects()
    arriving = postings.arriving(session, day)
    effects.people = len(arriving)
    moves = _moves(session, day, pc, arriving)
    done: list[_Move] = []
    waiting: list[_Move] = []
    for move in moves:
        quiet = move.machine.state in _QUIET
        (done if quiet else waiting).append(move)
        shown = Effect(move.machine.asset_tag, move.machine.state, move.machine.planned_day,
                       move.why)  # fmt: skip
        getattr(effects, move.kind if quiet else "under_way").append(shown)
    staying = {move.machine.owner_id or 0 for move in done if move.kind == "stay"}
    end_takeouts(session, staying, effects, actor=ACTOR, at=at, write=write)
    if write:
        postings.put_into_departments(
            session, {one.person_id: one.department_id for one in arriving}
        )
        machine_moves.add(session, [_row(move, at) for move in done])
        machine_moves.add(session, [_row(move, None) for move in waiting])
        _carry_out(session, {move.machine.id: move for move in done}, at)
        _catch_up(session, effects, at)
    return effects


def _moves(
    session: Session, day: date, pc: PcFollows, arriving: Sequence[postings.Arriving]
) -> list[_Move]:
    followers: dict[int, dict[int, bool]] = {}
    for one in departments.lineage(session):
        if one.day <= day and one.to_id is not None:
            followers.setdefault(one.from_id, {})[one.to_id] = one.main
    by_person = {one.person_id: one for one in arriving}
    found: dict[int, _Move] = {}
    for machine in machine_moves.of_owners(session, by_person):
        person = by_person[machine.owner_id or 0]
        if machine.department_id != person.before or person.before is None:
            # Not a PC of the department that was left: the ledger knows better.
            continue
        found[machine.id] = _of_person(machine, person, pc, followers)
    for machine in machine_moves.in_ended_departments(session, day):
        if machine.id not in found:
            heir = _heir(machine.department_id, followers)
            if heir is not None:
                found[machine.id] = _Move(machine, day, heir, machine.site_id, machine.owner_id,
                                          told(_FOLLOWS), "follow")  # fmt: skip
    return [move for move in found.values() if move.changes]


_FOLLOWS = msgid("the department was reorganised")
_STAYS = msgid("{person} was transferred on {day}; the PC stays with the department")
_GOES = msgid("{person} was transferred on {day} and takes the PC along")


def _of_person(
    machine: Standing,
    person: postings.Arriving,
    pc: PcFollows,
    followers: Mapping[int, Mapping[int, bool]],
) -> _Move:
    old = machine.department_id or 0
    day = person.since
    words: dict[str, object] = {"person": person.staff_number, "day": day.isoformat()}
    if person.department_id in followers.get(old, ()):
        return _Move(machine, day, person.department_id, machine.site_id, machine.owner_id,
                     told(_FOLLOWS), "follow")  # fmt: skip
    if (PcFollows(person.pc) if person.pc else pc) is PcFollows.GOES:
        return _Move(machine, day, person.department_id, person.site_id or machine.site_id,
                     machine.owner_id, told(_GOES, **words), "go")  # fmt: skip
    return _Move(machine, day, _heir(old, followers) or old, machine.site_id, None,
                 told(_STAYS, **words), "stay")  # fmt: skip


def _heir(old: int | None, followers: Mapping[int, Mapping[int, bool]]) -> int | None:
    """The department that has what no list placed elsewhere, however often it changed."""
    seen: set[int] = set()
    here = old
    while here is not None and here in followers and here not in seen:
        seen.add(here)
        parts = followers[here]
        here = next((part for part, main in parts.items() if main), next(iter(parts)))
    return here if seen else None


def _row(move: _Move, done_at: datetime | None) -> dict[str, Any]:
    machine = move.machine
    return {
        "machine_id": machine.id,
        "day": move.day,
        "from_department_id": machine.department_id,
        "to_department_id": move.department_id,
        "from_site_id": machine.site_id,
        "to_site_id": move.site_id,
        "from_owner_id": machine.owner_id,
        "to_owner_id": move.owner_id,
        "why": move.why,
        "done_at": done_at,
    }


def _carry_out(session: Session, moves: Mapping[int, _Move], at: datetime) -> None:
    changes = {
        id_: {"department_id": move.department_id, "site_id": move.site_id,
              "owner_id": move.owner_id}
        for id_, move in moves.items()
    }  # fmt: skip
    rows.change(session, Machine, changes)
    history.append(
        session,
        [
            Fact(instant_text(at), ACTOR, "machine", id_, move.machine.asset_tag, "amend",
                 None, None, str(move.why),
                 detail=canonical({"department_id": [move.machine.department_id,
                                                     move.department_id]}))
            for id_, move in moves.items()
        ],
    )  # fmt: skip


def _catch_up(session: Session, effects: Effects, at: datetime) -> None:
    """Machines that were in the middle of their passage and are through it."""
    ready = [one for one in machine_moves.waiting(session) if one.state in _QUIET]
    # What their users applied for meanwhile elsewhere holds.
    left = [one for one in ready if one.from_owner_id and one.from_owner_id != one.to_owner_id]
    people, tags = {one.from_owner_id or 0 for one in left}, {one.asset_tag for one in left}
    end_takeouts(session, people, effects, actor=ACTOR, at=at, tags=tags)
    rows.change(
        session,
        Machine,
        {
            one.machine_id: {"department_id": one.to_department_id, "site_id": one.to_site_id,
                             "owner_id": one.to_owner_id}
            for one in ready
        },
    )  # fmt: skip
    machine_moves.done(session, [one.id for one in ready], at)
    history.append(
        session,
        [
            Fact(instant_text(at), ACTOR, "machine", one.machine_id, one.asset_tag, "amend", None,
                 None, None, detail=canonical({"department_id": [one.from_department_id,
                                                                 one.to_department_id]}))
            for one in ready
        ],
    )  # fmt: skip


def hold_slots(
    session: Session, leaving: Mapping[int, date], effects: Effects, *, actor: str, at: datetime
) -> None:
    """Hold planned PCs of people who leave (id -> last day) before their slot."""
    for machine in machine_moves.of_owners(session, leaving):
        last = leaving[machine.owner_id or 0]
        if machine.planned_day is None or machine.planned_day <= last:
            continue
        why = told(msgid("its user leaves on {day}, before its date"), day=last.isoformat())
        shown = Effect(machine.asset_tag, machine.state, machine.planned_day, why)
        if machine.state != _S.PLANNED:
            effects.under_way.append(shown)
            continue
        effects.held.append(shown)
        transitions.apply(session, Machine, [machine.id], MachineVerb.HOLD, actor=actor, at=at,
                          reason=why)  # fmt: skip
