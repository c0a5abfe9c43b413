"""Whose address is whose."""

from rollout.application.notices.mail import is_address
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import personal
from rollout.store.database import Database


class NoAddress(RolloutError):
    """Mails would go to no address."""


def rehearsal_address(database: Database, settings: Settings, given: str, operator: str) -> str:
    """Where a rehearsal goes: to `given`, or with `me` to whoever rehearses. Raises NoAddress."""
    if given == "me":
        return _own_address(database, settings, operator)
    if not is_address(given):
        raise NoAddress(_("{address} is no mail address").format(address=repr(given)))
    return given


def _own_address(database: Database, settings: Settings, operator: str) -> str:
    """An operator's name is an address, a name to sign in with, or a staff number."""
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
