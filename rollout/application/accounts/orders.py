"""What a directory is asked to do, and what can come of it.

`row` of an order is the id of the account or cloud group that its outcome belongs to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

PROPERTIES = {
    "display_name": "displayName",
    "enabled": "accountEnabled",
    "department": "department",
    "employee_id": "employeeId",
    "usage_location": "usageLocation",
}
"""How the directory calls what `ChangeUser` sets."""


@dataclass(frozen=True, slots=True)
class FindUser:
    """Ask whether a user of that name or staff number is there."""

    row: int
    upn: str
    employee_id: str


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Make a user. The password is in no log and no table."""

    row: int
    upn: str
    nickname: str
    display_name: str
    employee_id: str
    department: str | None
    usage_location: str
    language: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChangeUser:
    """Set properties of a user: names of the port's `DirectoryUser`, and values."""

    row: int
    user: str
    values: Mapping[str, str | bool | None]


@dataclass(frozen=True, slots=True)
class RevokeSessions:
    """End every sign-in of a user."""

    row: int
    user: str


@dataclass(frozen=True, slots=True)
class SetLicences:
    """Give and take products, all or nothing."""

    row: int
    user: str
    add: tuple[str, ...]
    remove: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckLicences:
    """Ask whether a user has products that a group gives."""

    row: int
    user: str
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetMailbox:
    """Set language and time zone of a mailbox, which proves that it is there."""

    row: int
    user: str
    locale: str
    timezone: str


@dataclass(frozen=True, slots=True)
class CheckMailbox:
    """Ask whether a mailbox is there that was set once; it is its user's from then on."""

    row: int
    user: str


@dataclass(frozen=True, slots=True)
class FindGroup:
    """Ask whether a group of that nickname is there."""

    row: int
    nickname: str


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """Make a Microsoft 365 group."""

    row: int
    nickname: str
    display_name: str


@dataclass(frozen=True, slots=True)
class RenameGroup:
    """Give a group another name; its address stays."""

    row: int
    group: str
    display_name: str


@dataclass(frozen=True, slots=True)
class CreateTeam:
    """Make the team of a group."""

    row: int
    group: str


@dataclass(frozen=True, slots=True)
class CreateChannel:
    """Make a channel of a team."""

    row: int
    team: str
    name: str


@dataclass(frozen=True, slots=True)
class AddMember:
    """Take a user into a group."""

    row: int
    group: str
    user: str


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """Take a user out of a group."""

    row: int
    group: str
    user: str


@dataclass(frozen=True, slots=True)
class AssignApp:
    """Let a user use an enterprise application."""

    row: int
    application: str
    role: str
    user: str


@dataclass(frozen=True, slots=True)
class ProvisionApp:
    """Make a user in an enterprise application now."""

    row: int
    application: str
    job: str
    rule: str
    user: str


@dataclass(frozen=True, slots=True)
class FindMember:
    """Ask whether a team shows a user; asked of many users of a team, it is one question."""

    row: int
    team: str
    user: str


@dataclass(frozen=True, slots=True)
class WipeApps:
    """Take the organisation's data out of the protected apps of one private device.

    There is no order that wipes a device: a private one is its owner's.
    """

    row: int
    user: str
    tag: str


SingleOrder = (
    FindUser
    | CreateUser
    | ChangeUser
    | RevokeSessions
    | SetLicences
    | CheckLicences
    | SetMailbox
    | CheckMailbox
    | FindGroup
    | CreateGroup
    | RenameGroup
    | CreateTeam
    | CreateChannel
    | AddMember
    | RemoveMember
    | AssignApp
    | ProvisionApp
    | WipeApps
)
"""What is one request."""
Order = SingleOrder | FindMember


@dataclass(frozen=True, slots=True)
class Done:
    """The directory says that it is so; `id` is that of what was found or made."""

    id: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A search found nothing."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """What the order needs is not there (any more, or yet): ask again later."""

    why: str
    request_id: str | None = None
    client_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Something with this name is there already: look what it is."""

    why: str
    request_id: str | None = None
    client_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The directory does not do it; `code` and `why` are its own words."""

    code: str
    why: str
    request_id: str | None = None
    client_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """No answer, or one that does not tell whether it was done."""

    why: str
    request_id: str | None = None
    client_request_id: str | None = None


Outcome = Done | Missing | NotYet | Taken | Refused | Doubtful
Answer = tuple[Order, Outcome]
