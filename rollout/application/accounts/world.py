"""The directory as it was read once, arranged for questions about people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from rollout.application.accounts.directory import Directory, DirectoryGroup, DirectoryUser, Product
from rollout.domain.account import CloudService
from rollout.settings.accounts import Accounts


@dataclass(frozen=True)
class World:
    """What the directory says. Names are compared in small letters."""

    products: Mapping[str, Product]
    """By part number."""
    by_upn: Mapping[str, DirectoryUser] = field(default_factory=dict)
    by_number: Mapping[str, tuple[DirectoryUser, ...]] = field(default_factory=dict)
    groups: Mapping[str, DirectoryGroup] = field(default_factory=dict)
    """By nickname."""
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """User ids by group id."""

    def matches(self, upn: str, staff_number: str) -> tuple[DirectoryUser, ...]:
        """Users of that name or staff number; more than one is a contradiction."""
        found = {user.id: user for user in self.by_number.get(staff_number, ())}
        named = self.by_upn.get(upn.casefold())
        if named is not None:
            found[named.id] = named
        return tuple(found.values())


def read(directory: Directory, settings: Accounts, nicknames: Collection[str]) -> World:
    """Ask for everything that a plan needs. Raises DirectoryAway."""
    with_groups = bool(
        {CloudService.GROUPWARE, CloudService.CHAT} & set(settings.services)
        or settings.licence_groups
    )
    found = directory.inventory(with_groups=with_groups)
    numbers: dict[str, tuple[DirectoryUser, ...]] = {}
    for user in found.users:
        if user.employee_id:
            numbers[user.employee_id] = (*numbers.get(user.employee_id, ()), user)
    groups = {group.nickname.casefold(): group for group in found.groups}
    wanted = [groups[name.casefold()].id for name in nicknames if name.casefold() in groups]
    return World(
        products={product.part_number: product for product in found.products},
        by_upn={user.upn.casefold(): user for user in found.users},
        by_number=numbers,
        groups=groups,
        members=directory.members(wanted) if wanted else {},
    )
