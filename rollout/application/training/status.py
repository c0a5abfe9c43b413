"""Who has had the trainings that are demanded, and who is missing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from rollout.domain.errors import RolloutError
from rollout.domain.text import match_key
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import training as store
from rollout.store.database import Database
from rollout.store.training import Trainee


class NoSuchDepartment(RolloutError):
    """Nobody belongs to it; the message says where the names come from."""


@dataclass(frozen=True)
class Share:
    """How many of a group are trained; `name` is None for people without one."""

    name: str | int | None
    people: int
    trained: int


@dataclass(frozen=True)
class Missing:
    """Somebody to whom trainings are missing."""

    person: Trainee
    courses: Sequence[str]


@dataclass(frozen=True)
class Course:
    """A course with the number of its records; `demanded` is what the configuration says."""

    name: str
    records: int
    demanded: bool


@dataclass(frozen=True)
class TrainingStatus:
    """Everybody once, by department and by the first wave of their machines."""

    courses: Sequence[Course]
    people: int
    trained: int
    by_department: Sequence[Share]
    by_wave: Sequence[Share]
    missing: Sequence[Missing]
    promoters: Sequence[Trainee] = ()
    """Those whom the people's list marks."""

    @property
    def demanded(self) -> list[str]:
        """The names of the courses that everybody needs."""
        return [course.name for course in self.courses if course.demanded]


def status(
    database: Database, settings: Settings, today: date, *, department: str | None = None
) -> TrainingStatus:
    """Who is trained, of those who have not left by `today`.

    `department` is a bureau, or bureau and division with a space between; None is everybody.
    Without a demanded course nobody is missing and nobody counts as trained.
    Raises NoSuchDepartment.
    """
    wanted = demanded(settings)
    with database.read() as session:
        trainees = store.trainees(session, today)
        known = store.courses(session)
        missing = without_course(session, settings, trainees)
    if department is not None:
        trainees = _of(trainees, department)
        chosen = {person.id for person in trainees}
        missing = [entry for entry in missing if entry.person.id in chosen]
    without = {entry.person.id for entry in missing}

    def by(name_of: Callable[[Trainee], str | int | None]) -> list[Share]:
        return _shares(trainees, without, name_of, bool(wanted))

    return TrainingStatus(
        courses=_courses(wanted, known),
        people=len(trainees),
        trained=len(trainees) - len(without) if wanted else 0,
        by_department=by(lambda person: person.bureau),
        by_wave=by(lambda person: person.wave),
        missing=missing,
        promoters=[person for person in trainees if person.promoter],
    )


def demanded(settings: Settings) -> dict[str, str]:
    """The courses that everybody needs, by the names as they are compared."""
    return {match_key(course): course for course in settings.courses}


def without_course(
    session: Session, settings: Settings, trainees: Sequence[Trainee]
) -> list[Missing]:
    """Those to whom a course is missing that everybody needs."""
    wanted = demanded(settings)
    had = store.had(session, wanted, settings.training.pass_score) if wanted else {}
    missing = [
        Missing(person, [name for key, name in wanted.items() if key not in had.get(person.id, ())])
        for person in trainees
    ]
    return [entry for entry in missing if entry.courses]


def _of(trainees: Sequence[Trainee], department: str) -> list[Trainee]:
    key = match_key(department)
    found = [
        person
        for person in trainees
        if key in (match_key(person.bureau or ""), match_key(_full_name(person)))
    ]
    if not found:
        raise NoSuchDepartment(
            _("nobody belongs to {department}: write it as `rollout training status` does").format(
                department=department
            )
        )
    return found


def _full_name(person: Trainee) -> str:
    return f"{person.bureau or ''} {person.division or ''}".strip()


def _shares(
    trainees: Sequence[Trainee],
    without: set[int],
    name_of: Callable[[Trainee], str | int | None],
    asked: bool,
) -> list[Share]:
    people: dict[str | int | None, int] = {}
    trained: dict[str | int | None, int] = {}
    for person in trainees:
        name = name_of(person)
        people[name] = people.get(name, 0) + 1
        trained[name] = trained.get(name, 0) + (asked and person.id not in without)
    # People without a name of that kind come last; numbers sort as numbers.
    names = sorted(
        people, key=lambda name: (name is None, name if isinstance(name, int) else 0, str(name))
    )
    return [Share(name, people[name], trained[name]) for name in names]


def _courses(wanted: dict[str, str], known: Sequence[tuple[str, str, int]]) -> list[Course]:
    counts = {key: count for key, _name, count in known}
    demanded = [Course(name, counts.get(key, 0), True) for key, name in wanted.items()]
    return demanded + [
        Course(name, count, False) for key, name, count in known if key not in wanted
    ]
