"""What the accounts need of a cloud directory; `adapters.graph` fulfils it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from rollout.domain.errors import RolloutError
from rollout.settings_accounts import Accounts


class DirectoryAway(RolloutError):
    """The directory cannot be asked now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class LicenceError:
    """A licence of a group that the directory could not give: its own word for why."""

    sku_id: str
    error: str


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A user as the directory tells; `licences` are ids of products that he has."""

    id: str
    upn: str
    display_name: str
    enabled: bool
    employee_id: str | None
    department: str | None
    usage_location: str | None
    mail: str | None
    synced: bool
    licences: frozenset[str]
    inherited: frozenset[str]
    """Those of `licences` that come from a group."""
    errors: tuple[LicenceError, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """A subscription: seats in all, and how many are taken."""

    sku_id: str
    part_number: str
    enabled: int
    consumed: int
    suspended: int

    @property
    def free(self) -> int:
        """Seats that can still be given; below 0 when more are taken than were bought."""
        return self.enabled - self.consumed


@dataclass(frozen=True, slots=True)
class DirectoryGroup:
    """A group with an address of its own, or one that gives licences."""

    id: str
    display_name: str
    nickname: str
    mail: str | None
    has_team: bool


# Orders. `row` is the id of the account or cloud group that the outcome belongs to.


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


Order = (
    FindUser
    | CreateUser
    | ChangeUser
    | RevokeSessions
    | SetLicences
    | CheckLicences
    | SetMailbox
    | FindGroup
    | CreateGroup
    | CreateTeam
    | CreateChannel
    | AddMember
    | RemoveMember
    | AssignApp
    | ProvisionApp
)


# Outcomes.


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


@dataclass(frozen=True, slots=True)
class Taken:
    """Something with this name is there already: look what it is."""

    why: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The directory does not do it; `code` and `why` are its own words."""

    code: str
    why: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """No answer, or one that does not tell whether it was done."""

    why: str
    request_id: str | None = None


Outcome = Done | Missing | NotYet | Taken | Refused | Doubtful
Report = Callable[[Sequence[tuple[Order, Outcome]]], None]


@dataclass(frozen=True, slots=True)
class Lacking:
    """Something that is switched on and that the application may not do.

    One of `roles` suffices; the first is the least privilege.
    """

    purpose: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignIn:
    """How the product stands at the directory: what it lacks, and how far its clock is ahead."""

    lacking: tuple[Lacking, ...]
    clock_ahead: timedelta


class Directory(Protocol):
    """A cloud directory. Raises DirectoryAway from every method when it cannot be asked at all."""

    def sign_in(self, settings: Accounts) -> SignIn:
        """Sign in, and see whether what `settings` switch on is granted."""

    def users(self) -> Sequence[DirectoryUser]:
        """Everybody that the directory knows."""

    def products(self) -> Sequence[Product]:
        """What was bought."""

    def groups(self) -> Sequence[DirectoryGroup]:
        """Every group."""

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """User ids by group id; a group that is not there is left out."""

    def team_members(self, teams: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """User ids by team id; a team that is not there is left out."""

    def signed_in(self) -> Mapping[str, datetime]:
        """The last sign-in of users that ever signed in, by id."""

    def carry_out(self, orders: Iterable[Order], report: Report, stop: Callable[[], bool]) -> None:
        """Carry out orders in any sequence; outcomes are reported in portions as they come.

        Throttling is waited for and never reported. After `stop` says so nothing more is begun,
        and what was not begun is not reported.
        """

    def close(self) -> None:
        """Give connections back."""
