"""How many machines are where, kept up to date by what the history says has happened since.

A count of a million machines takes a tenth of a second; what a second has brought, a thousandth.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rollout.store import measures
from rollout.store.database import Database
from rollout.store.measures import Machines as Machines  # a front end shows them by place

Place = tuple[str, str, str]


@dataclass(frozen=True)
class Tally:
    """Machines by generation, site and state, when the history ended with the row `fact`.

    What the ledger says of a generation or a site is no change of a state: it is seen by the next
    count.
    """

    fact: int
    numbers: Mapping[Place, int]

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
        )


def followed(database: Database, tally: Tally) -> Tally:
    """The same with what has happened since; the same one when nothing has."""
    with database.read() as session:
        fact = measures.newest_fact(session)
        if fact == tally.fact:
            return tally
        numbers = Counter(tally.numbers)
        for row in measures.moved(session, tally.fact, fact):
            if row.before is not None:
                numbers[row.generation, row.site, row.before] -= row.number
            numbers[row.generation, row.site, row.after] += row.number
        return Tally(fact, {place: number for place, number in numbers.items() if number > 0})
