"""How many machines are where, kept up to date by what the history says has happened since.

A count of a million machines takes a tenth of a second; what a second has brought, a thousandth.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rollout.domain.machine import MachineState, MachineVerb
from rollout.store import measures, waves
from rollout.store.database import Database
from rollout.store.measures import Machines as Machines  # a front end shows them by place
from rollout.store.measures import Moved, Told

Place = tuple[str, str, str]

_ELSEWHERE = {
    MachineVerb.PLAN.value,
    MachineVerb.UNPLAN.value,
    MachineVerb.EXCLUDE.value,
    MachineVerb.READMIT.value,
}
"""After these a machine is in another wave, or takes part where it did not before."""

_AMEND = "amend"
AMENDED = 5000
"""So many facts of amended machines are followed one by one; beyond them a count is faster."""


@dataclass(frozen=True)
class Tally:
    """Machines by generation, site and state, and by wave and state, as of the row `fact`.

    `unclear` is the newest fact of which the history does not tell enough to follow it: a machine
    that a plan puts into another wave, or a transfer to another site; 0 when there is none. Until
    the next count these machines are where they are now, and are missing from nowhere.
    `wave_fact` is the newest fact of a wave itself.
    """

    fact: int
    numbers: Mapping[Place, int]
    waves: Mapping[int, Mapping[str, int]]
    unclear: int = 0
    wave_fact: int = 0

    @property
    def by_state(self) -> dict[str, int]:
        """Machines by state."""
        found: Counter[str] = Counter()
        for (_generation, _site, state), number in self.numbers.items():
            found[state] += number
        return dict(found)

    @property
    def by_place(self) -> list[Machines]:
        """Machines by generation, site and state."""
        return [Machines(*place, number) for place, number in self.numbers.items()]


def counted(database: Database) -> Tally:
    """Count every machine."""
    with database.read() as session:
        return Tally(
            measures.newest_fact(session),
            {
                (row.generation, row.site, row.state): row.number
                for row in measures.machines(session)
            },
            waves.counts(session),
        )


def followed(database: Database, tally: Tally) -> Tally:
    """The same with what has happened since; the same one when nothing has."""
    with database.read() as session:
        fact = measures.newest_fact(session)
        if fact == tally.fact:
            return tally
        rows = measures.moved(session, tally.fact, fact)
        of_waves = measures.newest_fact_of(session, "wave", tally.fact, fact)
        told = (
            measures.told_of_amended(session, tally.fact, fact, AMENDED + 1)
            if any(row.verb == _AMEND for row in rows)
            else []
        )
    numbers, members = Counter(tally.numbers), dict(tally.waves)
    for row in rows:
        if row.after is None or row.before == row.after:
            continue
        if row.before is not None:
            numbers[row.generation, row.site, row.before] -= row.number
        numbers[row.generation, row.site, row.after] += row.number
        if row.wave_id is not None:
            members[row.wave_id] = _stepped(members.get(row.wave_id, {}), row)
    unclear = any(map(_is_unclear, rows)) or len(told) > AMENDED
    for was, now in _relocated(told):
        if was is None:
            unclear = True
        else:
            numbers[was] -= 1
            numbers[now] += 1
    return Tally(
        fact,
        {place: number for place, number in numbers.items() if number > 0},
        members,
        fact if unclear else tally.unclear,
        of_waves or tally.wave_fact,
    )


def _stepped(states: Mapping[str, int], row: Moved) -> dict[str, int]:
    found = Counter(states)
    if row.before is not None:
        found[row.before] -= row.number
    found[row.after or ""] += row.number
    return {state: number for state, number in found.items() if number > 0}


def _relocated(told: Sequence[Told]) -> Iterator[tuple[Place | None, Place]]:
    """Where every amended machine stood and where it stands, both with the state it had before.

    None: the history does not tell where it stood. What it has done since is counted apart.
    """
    facts: dict[int, list[Told]] = {}
    for one in told:
        facts.setdefault(one.machine_id, []).append(one)
    for its in facts.values():
        moves = [one for one in its if one.verb != _AMEND and one.after is not None]
        state = moves[0].before if moves else its[0].state
        if state is None:
            continue  # it is new
        now = (its[0].generation, its[0].site, state)
        old: dict[str, str] | None = {}
        for one in its:
            if one.verb == _AMEND and old is not None:
                said = _stood(one.detail)
                old = None if said is None else {**said, **old}
        if old is None:
            yield None, now
        elif (was := (old.get("generation", now[0]), old.get("site", now[1]), state)) != now:
            yield was, now


def _stood(detail: str | None) -> dict[str, str] | None:
    """What an amendment says of the place before it; None when it says too little.

    A transfer says which department it was and not which site; a redacted fact says nothing.
    """
    said = json.loads(detail) if detail else {}
    if not said or "department_id" in said:
        return None
    return {field: said[field][0] or "" for field in ("generation", "site") if field in said}


def _is_unclear(row: Moved) -> bool:
    if row.verb == _AMEND and row.after is None:
        return False  # it is followed machine by machine
    # A replaced PC leaves its wave when its disk is erased.
    return (
        row.before is None
        or row.verb in _ELSEWHERE
        or row.after in (None, MachineState.ERASING.value)
    )
