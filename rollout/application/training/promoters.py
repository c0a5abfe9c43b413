"""The digital-use promoters of offices, and who of their office lacks a training."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session

from rollout.application.training.status import Missing, without_course
from rollout.domain.text import match_key
from rollout.settings import Settings
from rollout.store import training
from rollout.store.training import Trainee


def promoters_with_gaps(
    session: Session, settings: Settings, today: date
) -> dict[int, list[Missing]]:
    """The promoters, by id, with the people of their offices to whom a training is missing.

    Promoters are marked in the people's list or named in `[training.promoters]`. A division's own
    are told, else those of its bureau. Named ones who have left, and offices without any, are told
    by `without_promoter`.
    """
    trainees = training.trainees(session, today)
    ids = {person.staff_number: person.id for person in trainees}
    by_office = _by_office(settings, trainees)
    found: dict[int, list[Missing]] = defaultdict(list)
    for missing in without_course(session, settings, trainees):
        for number in _promoters_of(missing, by_office):
            if number in ids:
                found[ids[number]].append(missing)
    return dict(found)


def without_promoter(
    session: Session, settings: Settings, today: date
) -> tuple[list[str], dict[str, int]]:
    """Promoters nobody knows or who have left, and the offices where somebody is missing whom
    nobody is told of, with how many."""
    trainees = training.trainees(session, today)
    here = {person.staff_number for person in trainees}
    named = {number for numbers in settings.training.promoters.values() for number in numbers}
    by_office = _by_office(settings, trainees)
    offices: dict[str, int] = defaultdict(int)
    for missing in without_course(session, settings, trainees):
        if not here & set(_promoters_of(missing, by_office)):
            offices[office_of(missing)] += 1
    return sorted(named - here), dict(sorted(offices.items()))


def office_of(missing: Missing) -> str:
    """部局 and 所属 of somebody, with a space between."""
    return _office(missing.person)


def are_there(session: Session, settings: Settings) -> bool:
    """Whether there is any promoter."""
    return bool(settings.training.promoters) or training.any_promoter(session)


def _office(person: Trainee) -> str:
    return f"{person.bureau or ''} {person.division or ''}".strip()


def _by_office(settings: Settings, trainees: Sequence[Trainee]) -> Mapping[str, Sequence[str]]:
    """Staff numbers of promoters by division and by bureau; a bureau that names nobody has those
    of its divisions."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, numbers in settings.training.promoters.items():
        found[match_key(name)] += numbers
    named = frozenset(found)
    for person in trainees:
        own, bureau = match_key(_office(person)), match_key(person.bureau or "")
        for office in {own, *({bureau} - named)} if person.promoter else ():
            if person.staff_number not in found[office]:
                found[office].append(person.staff_number)
    return found


def _promoters_of(missing: Missing, by_office: Mapping[str, Sequence[str]]) -> Sequence[str]:
    own = by_office.get(match_key(office_of(missing)))
    return own or by_office.get(match_key(missing.person.bureau or ""), ())
