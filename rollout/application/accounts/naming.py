"""How people and departments are called in the directory, and which service needs which."""

from functools import cache

from rollout.domain.account import NEEDS, CloudService
from rollout.settings.accounts import Accounts
from rollout.store.accounts import AccountPerson


def upn_of(person: AccountPerson, settings: Accounts) -> str:
    """The name to sign in with; empty while no list gave one and the rule needs a list."""
    return person.upn or settings.upn_by_number(person.staff_number)


def department_name(bureau: str, division: str) -> str:
    """A department as people and the configuration write it."""
    return f"{bureau} {division}".strip()


def nickname_of(department_id: int, name: str, settings: Accounts) -> str:
    """The address of a department's group before the @: as configured, else by its number."""
    return settings.nicknames.get(name) or f"department-{department_id}"


def needs(service: CloudService, settings: Accounts) -> tuple[CloudService, ...]:
    """The services in use that have to be there first; a chat that is no team needs no group."""
    return _needs(service, settings.services, settings.chat.provider == "teams")


@cache
def _needs(
    service: CloudService, in_use: tuple[CloudService, ...], teams: bool
) -> tuple[CloudService, ...]:
    # Asked for every row of every round.
    return tuple(
        one
        for one in NEEDS.get(service, ())
        if one in in_use
        and (teams or (service, one) != (CloudService.CHAT, CloudService.GROUPWARE))
    )
