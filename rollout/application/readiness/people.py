"""People with what they lack, a window at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.application.readiness.query import PersonReadiness, readiness
from rollout.application.readiness.query import Wanted as Group
from rollout.domain.readiness import Part
from rollout.domain.text import match_key
from rollout.settings import Settings
from rollout.store.database import Database


@dataclass(frozen=True)
class Wanted:
    """Which people; what is empty does not restrict. `text` is part of number or name."""

    departments: tuple[str, ...] = ()
    waves: tuple[int, ...] = ()
    missing: tuple[Part, ...] = ()
    ready: bool | None = None
    text: str = ""

    def keeps(self, person: PersonReadiness) -> bool:
        """Whether the person is among them, as far as readiness and text go."""
        text = match_key(self.text)
        return (
            (not self.missing or any(part in person.missing for part in self.missing))
            and (self.ready is None or person.ready is self.ready)
            and (not text or text in match_key(f"{person.staff_number} {person.name}"))
        )


def page(
    database: Database,
    settings: Settings,
    at: datetime,
    wanted: Wanted,
    *,
    after: str,
    limit: int,
) -> Sequence[PersonReadiness]:
    """The first `limit` people behind the staff number `after`, by department and staff number.

    Everybody is measured each time, in one statement; somebody who has left since the last page
    was read makes the next one begin at the start.
    """
    found = readiness(database, settings, at, Group(wanted.departments, wanted.waves)).people
    kept = [person for person in found if wanted.keeps(person)]
    numbers = [person.staff_number for person in kept]
    start = numbers.index(after) + 1 if after in numbers else 0
    return kept[start : start + limit]
