"""What a user that is there has to look like, and how it differs from that."""

from rollout.application.accounts.directory import DirectoryUser
from rollout.application.accounts.naming import department_name
from rollout.application.accounts.orders import PROPERTIES
from rollout.settings.accounts import Accounts
from rollout.store.accounts import AccountPerson

Values = dict[str, str | bool | None]


def ours(settings: Accounts) -> Values:
    """What is set of every user, also of one that directory synchronisation made.

    Not the language: it is given when the user is made, and then it is the user's own.
    """
    return {"enabled": True, "usage_location": settings.usage_location}


def of_person(person: AccountPerson, settings: Accounts) -> Values:
    """What is set of a user in cloud mode, unless directory synchronisation owns it.

    Not the displayed name: offices add to it in the directory.
    """
    if settings.identity != "cloud":
        return {}
    values: Values = {"employee_id": person.staff_number}
    department = department_name(person.bureau or "", person.division or "")
    return values | {"department": department} if department else values


def differences(user: DirectoryUser, person: AccountPerson, settings: Accounts) -> str:
    """What is to be changed, in the directory's own names; empty while nothing is."""
    wanted = ours(settings) | ({} if user.synced else of_person(person, settings))
    return ", ".join(
        f"{PROPERTIES[name]} {_shown(getattr(user, name))} → {_shown(value)}"
        for name, value in wanted.items()
        if getattr(user, name) != value
    )


def _shown(value: str | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else value or "-"
