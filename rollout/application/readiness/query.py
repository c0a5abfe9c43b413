"""Who is ready, by person, office, department and programme; obstacles in the order of their
effect."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollout.application.choosing import today
from rollout.domain.readiness import Part
from rollout.domain.text import match_key
from rollout.settings import Settings
from rollout.store import readiness as store
from rollout.store.database import Database
from rollout.store.readiness import Measured

_ACCOUNT_SERVICES = 3


@dataclass(frozen=True)
class PersonReadiness:
    """One person; `missing` is empty for somebody who is ready."""

    staff_number: str
    name: str
    bureau: str
    division: str
    wave: int | None
    missing: Sequence[Part]
    promoter: bool = False

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


@dataclass(frozen=True)
class DepartmentReadiness:
    """A bureau with its people; those without a department have an empty name. `missing` says how
    many people lack each part."""

    bureau: str
    people: int
    ready: int
    missing: Mapping[Part, int] = field(default_factory=dict)


@dataclass(frozen=True)
class OfficeReadiness:
    """A division (所属) of a bureau with its people; an empty name is the bureau's own."""

    bureau: str
    division: str
    people: int
    ready: int
    missing: Mapping[Part, int]


@dataclass(frozen=True)
class ObstacleEffect:
    """How many people lack a part, and how many of them lack nothing else."""

    part: Part
    people: int
    alone: int


@dataclass(frozen=True)
class Readiness:
    """The people that were asked for, and what their figures add up to."""

    people: Sequence[PersonReadiness]
    departments: Sequence[DepartmentReadiness]
    obstacles: Sequence[ObstacleEffect]
    demanded: Sequence[Part]
    offices: Sequence[OfficeReadiness] = ()

    @property
    def missing(self) -> Mapping[Part, int]:
        """How many people of the whole programme lack each part that is demanded."""
        lacking = {entry.part: entry.people for entry in self.obstacles}
        return {part: lacking.get(part, 0) for part in self.demanded}

    @property
    def ready(self) -> int:
        """How many people are ready."""
        return sum(person.ready for person in self.people)


@dataclass(frozen=True)
class Wanted:
    """Whom to look at; what is empty wants everybody."""

    departments: tuple[str, ...] = ()
    waves: tuple[int, ...] = ()
    staff_numbers: tuple[str, ...] = ()


EVERYBODY = Wanted()


def readiness(
    database: Database, settings: Settings, at: datetime, wanted: Wanted = EVERYBODY
) -> Readiness:
    """Where the people in service stand."""
    courses = {match_key(course) for course in settings.courses}
    with database.read() as session:
        rows = store.measured(session, today(settings, at), courses, settings.training.pass_score)
    demanded = settings.readiness.parts
    return summed(
        [_person(row, demanded, len(courses)) for row in rows if _is_wanted(row, wanted)], demanded
    )


def summed(people: Sequence[PersonReadiness], demanded: Sequence[Part]) -> Readiness:
    """The figures of these people."""
    offices: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
    departments: dict[str, _Sum] = defaultdict(_Sum)
    for person in people:
        offices[person.bureau, person.division].add(person)
        departments[person.bureau].add(person)
    return Readiness(
        people,
        [
            DepartmentReadiness(name, found.people, found.ready, found.of(demanded))
            for name, found in sorted(departments.items())
        ],
        _obstacles(people, demanded),
        demanded,
        [
            OfficeReadiness(*names, found.people, found.ready, found.of(demanded))
            for names, found in sorted(offices.items())
        ],
    )


class _Sum:
    """People of one group, counted."""

    def __init__(self) -> None:
        self.people = self.ready = 0
        self._missing: Counter[Part] = Counter()

    def add(self, person: PersonReadiness) -> None:
        self.people += 1
        self.ready += person.ready
        self._missing.update(person.missing)

    def of(self, demanded: Sequence[Part]) -> dict[Part, int]:
        return {part: self._missing[part] for part in demanded}


def _obstacles(people: Iterable[PersonReadiness], demanded: Sequence[Part]) -> list[ObstacleEffect]:
    together: Counter[Part] = Counter()
    alone: Counter[Part] = Counter()
    for person in people:
        together.update(person.missing)
        if len(person.missing) == 1:
            alone.update(person.missing)
    found = [ObstacleEffect(part, together[part], alone[part]) for part in demanded]
    return sorted(
        (entry for entry in found if entry.people), key=lambda entry: (-entry.people, -entry.alone)
    )


def _person(row: Measured, demanded: Sequence[Part], courses: int) -> PersonReadiness:
    lacking = {
        Part.PC: row.pcs_open > 0,
        Part.ACCOUNT: row.account_ready < _ACCOUNT_SERVICES,
        Part.CHAT: row.chat_ready < 1,
        Part.TRAINING: row.courses < courses,
        Part.NOTICE: row.pcs > 0 and row.notices < 1,
        Part.BYOD: row.devices_waiting > 0,
    }
    return PersonReadiness(
        row.staff_number,
        row.name,
        row.bureau or "",
        row.division or "",
        row.wave,
        tuple(part for part in demanded if lacking[part]),
        row.promoter,
    )


def _is_wanted(row: Measured, wanted: Wanted) -> bool:
    bureau, division = row.bureau or "", row.division or ""
    names = {match_key(bureau), match_key(f"{bureau} {division}".strip())}
    return (
        (not wanted.departments or any(match_key(name) in names for name in wanted.departments))
        and (not wanted.waves or row.wave in wanted.waves)
        and (not wanted.staff_numbers or row.staff_number in wanted.staff_numbers)
    )
