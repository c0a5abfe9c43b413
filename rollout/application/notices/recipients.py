"""Whose address is whose."""

from rollout.application.notices.mail import is_address
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import personal
from rollout.store.database import Database


class NoAddress(RolloutError):
    """An operator's own address is not known."""


def own_address(database: Database, settings: Settings, operator: str) -> str:
    """The address of an operator, whose name is an address, a name to sign in with or a staff
    number. Raises NoAddress."""
    if is_address(operator):
        return operator
    with database.read() as session:
        person = personal.by_number(session, operator)
    if person is None:
        raise NoAddress(
            _("{name} is no staff number: give the address, --send-to NAME@DOMAIN").format(
                name=operator
            )
        )
    return person.upn or settings.accounts.upn_by_number(person.staff_number)
