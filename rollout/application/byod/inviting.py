"""Asking for the invitation of people whose devices were approved."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from rollout.application.byod.applying import ApplicationRefused, lacks, upn_of
from rollout.application.notices.mail import is_address
from rollout.application.operators import Operator
from rollout.domain.personal_device import DeviceState
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole, Settings
from rollout.store import device_work
from rollout.store import personal_devices as store
from rollout.store.database import Database
from rollout.store.tables import Person, PersonalDevice


@dataclass
class Asked:
    """The applications whose owners are to be invited, and those that cannot be, with the reason.

    `before` were asked for already and are under way.
    """

    asked: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)


def ask(
    database: Database,
    settings: Settings,
    numbers: Sequence[int] | None,
    operator: Operator,
    at: datetime,
) -> Asked:
    """Ask for these invitations, or for all that were approved; each that cannot be is told.

    Nothing is sent here. Raises ApplicationRefused when nobody can be invited at all, NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    must_be_able(settings)
    today = at.astimezone(settings.programme.zone).date()
    done = Asked()
    with database.write() as session:
        chosen = list(dict.fromkeys(numbers)) if numbers is not None else store.approved(session)
        for number in chosen:
            found = store.one(session, number)
            why = (
                _("there is no application {number}: see `rollout byod list`").format(number=number)
                if found is None
                else _why_not(session, *found, settings, today)
            )
            if found is None or why:
                done.refused.append((number, why))
            elif found[0].asked_at is not None:
                done.before.append(number)
            else:
                done.asked.append(number)
        # What was refused by the service before is tried again at once.
        device_work.write(session, [{"id": n, "asked_at": at, "due_at": None} for n in done.asked])
        device_work.write(session, [{"id": n, "due_at": None} for n in done.before])
    return done


def must_be_able(settings: Settings) -> None:
    """Raises ApplicationRefused where the configuration lacks what an invitation needs."""
    for missing, remedy in (
        (not settings.accounts.in_use, _("name the directory under [accounts.tenant]")),
        (not settings.byod.group, _("name the group under [byod] group")),
        (not settings.notices.in_use, _("name the mailbox under [notices] sender")),
    ):
        if missing:
            raise ApplicationRefused(_("nobody can be invited: {remedy}").format(remedy=remedy))


def _why_not(
    session: Session, row: PersonalDevice, person: Person, settings: Settings, today: date
) -> str:
    if row.state != DeviceState.APPROVED:
        return _("application {number} is {state}: only an approved one is invited").format(
            number=row.id, state=label(DeviceState(row.state))
        )
    if person.left_on is not None and person.left_on <= today:
        return _("{number} left on {day}").format(
            number=person.staff_number, day=person.left_on.isoformat()
        )
    if not is_address(upn_of(person, settings)):
        return _("{address} is no mail address").format(address=repr(upn_of(person, settings)))
    return "; ".join(lacks(session, person, settings))
