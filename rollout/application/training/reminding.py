"""Promoters are told at an operator's word who of their offices lacks a training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.application.choosing import today
from rollout.application.notices.planning import reminders
from rollout.application.operators import Operator
from rollout.application.training.promoters import are_there, promoters_with_gaps, without_promoter
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import OperatorRole, Settings
from rollout.store import notices, training
from rollout.store.database import Database


class NothingToRemindOf(RolloutError):
    """The configuration names no course or no promoter; the message says which."""


@dataclass(frozen=True)
class Promoter:
    """A promoter, and how many people of the offices are missing."""

    staff_number: str
    name: str
    missing: int


@dataclass(frozen=True)
class Reminded:
    """Who is told; `planned` of the mails were not in the outbox yet. `unknown` promoters are not
    in service, and nobody is told of the people of `offices_without`."""

    planned: int
    promoters: Sequence[Promoter]
    unknown: Sequence[str]
    offices_without: Mapping[str, int]


def remind(
    database: Database,
    settings: Settings,
    operator: Operator,
    at: datetime,
    *,
    dry_run: bool = False,
) -> Reminded:
    """Put a mail to every promoter into the outbox to whom somebody is missing, once a day.

    Raises NothingToRemindOf.
    """
    operator.must_be(OperatorRole.VIEWER if dry_run else OperatorRole.OPERATOR)
    if not settings.courses:
        raise NothingToRemindOf(_("no training is demanded: name courses under [training]"))
    day = today(settings, at)
    with database.write() as session:
        if not are_there(session, settings):
            raise NothingToRemindOf(
                _(
                    "there is no promoter: mark them in the people's list (column "
                    "デジタル活用推進員), or write staff numbers under [training.promoters]"
                )
            )
        new = reminders(session, settings, day)
        if not dry_run:
            notices.add(session, new, at=at)
        people = {person.id: person for person in training.trainees(session, day)}
        found = [
            Promoter(people[id_].staff_number, people[id_].name, len(missing))
            for id_, missing in promoters_with_gaps(session, settings, day).items()
        ]
        unknown, offices = without_promoter(session, settings, day)
    return Reminded(
        0 if dry_run else len(new),
        sorted(found, key=lambda one: one.staff_number),
        unknown,
        offices,
    )
