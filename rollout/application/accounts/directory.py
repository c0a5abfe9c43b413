"""What the accounts need of a cloud directory; `adapters.graph` fulfils it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from rollout.application.accounts.orders import Answer, Order
from rollout.domain.errors import RolloutError
from rollout.settings import Settings


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


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that a directory has, read at one time."""

    users: Sequence[DirectoryUser]
    products: Sequence[Product]
    groups: Sequence[DirectoryGroup]


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


@dataclass(frozen=True, slots=True)
class FoundUser:
    """What tells whose user it is."""

    id: str
    upn: str
    employee_id: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to users since a link, which the next question begins with.

    `whole`: the directory told everybody that it has, since it knew no state behind the link;
    who is not among `users` is not there.
    """

    users: tuple[FoundUser, ...]
    removed: frozenset[str]
    link: str
    whole: bool


class Exchange(Protocol):
    """Orders under way, in any sequence, while their asker does something else."""

    def send(self, orders: Sequence[Order]) -> None:
        """Take more orders in; returns at once."""

    def answers(self) -> Sequence[Answer]:
        """What came of orders since the last call, waiting for the first.

        Throttling is waited for and never an answer. Empty when nothing is under way any more, or
        what is left is not begun because of `stop`. Raises DirectoryAway.
        """

    def end(self) -> Sequence[Order]:
        """Begin nothing more, wait for nothing more: the orders of which nothing was sent."""


class Directory(Protocol):
    """A cloud directory. Raises DirectoryAway from every method when it cannot be asked at all."""

    def sign_in(self, settings: Settings) -> SignIn:
        """Sign in, and see whether what `settings` switch on is granted."""

    def inventory(self, *, with_groups: bool) -> Inventory:
        """Everybody that the directory knows, what was bought, and every group if asked for."""

    def changed_users(self, since: str | None) -> Changes:
        """Users that came, changed or went since the link of the last answer; None: everybody."""

    def products(self) -> Sequence[Product]:
        """What was bought."""

    def groups(self) -> Sequence[DirectoryGroup]:
        """Every group."""

    def members(self, groups: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """User ids by group id; a group that is not there is left out."""

    def signed_in(self) -> Mapping[str, datetime]:
        """The last sign-in of users that ever signed in, by id."""

    def registered(self) -> frozenset[str]:
        """Ids of users who registered for multi-factor sign-in."""

    def exchange(self, stop: Callable[[], bool]) -> Exchange:
        """Begin to carry out orders. After `stop` says so none is begun any more."""

    def close(self) -> None:
        """Give connections back."""
