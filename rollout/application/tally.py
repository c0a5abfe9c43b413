"""How many machines are where, kept up to date by what the history says has happened since.

A count of a million machines takes a tenth of a second; what a second has brought, a thousandth.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rollout.domain.machine import MachineState, MachineVerb
from rollout.store import measures, waves
from rollout.store.database import Database
from rollout.store.measures import Machines as Machines  # a front end shows them by place
from rollout.store.measures import Moved

Place = tuple[str, str, str]

_ELSEWHERE = {
    MachineVerb.PLAN.value,
    MachineVerb.UNPLAN.value,
    MachineVerb.EXCLUDE.value,
    MachineVerb.READMIT.value,
}
"""After these a machine is in another wave, or takes part where it did not before."""


@dataclass(frozen=True)
class Tally:
    """Machines by generation, site and state, and by wave and state, as of the row `fact`.

    `unclear` is the newest fact of which the history does not tell enough to follow it: a machine
    that the ledger puts elsewhere, or a plan another wave; 0 when there is none. Until the next
    count these machines are where they are now, and are missing from nowhere.
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
    numbers, members = Counter(tally.numbers), dict(tally.waves)
    for row in rows:
        if row.after is None or row.before == row.after:
            continue
        if row.before is not None:
            numbers[row.generation, row.site, row.before] -= row.number
        numbers[row.generation, row.site, row.after] += row.number
        if row.wave_id is not None:
            members[row.wave_id] = _stepped(members.get(row.wave_id, {}), row)
    return Tally(
        fact,
        {place: number for place, number in numbers.items() if number > 0},
        members,
        fact if any(map(_is_unclear, rows)) else tally.unclear,
        of_waves or tally.wave_fact,
    )


def _stepped(states: Mapping[str, int], row: Moved) -> dict[str, int]:
    found = Counter(states)
    if row.before is not None:
        found[row.before] -= row.number
    found[row.after or ""] += row.number
    return {state: number for state, number in found.items() if number > 0}


def _is_unclear(row: Moved) -> bool:
    # A replaced PC leaves its wave when its disk is erased.
    return (
        row.before is None
        or row.verb in _ELSEWHERE
        or row.after in (None, MachineState.ERASING.value)
    )
