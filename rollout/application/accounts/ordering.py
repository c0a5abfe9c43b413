"""The next orders of an open account or group, from what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rollout.application.accounts import properties
from rollout.application.accounts.naming import department_name, needs, nickname_of, upn_of
from rollout.application.accounts.orders import (
    AddMember,
    AssignApp,
    ChangeUser,
    CheckLicences,
    CheckMailbox,
    CreateChannel,
    CreateGroup,
    CreateTeam,
    CreateUser,
    FindGroup,
    FindMember,
    FindUser,
    Order,
    ProvisionApp,
    RemoveMember,
    RenameGroup,
    RevokeSessions,
    SetLicences,
    SetMailbox,
)
from rollout.domain.account import AccountState, Aim, CloudService, GroupKind
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings.accounts import Accounts
from rollout.store.account_queue import GroupStanding, Need, Standing
from rollout.store.accounts import AccountPerson


class Passwords(Protocol):
    """First passwords, each kept where only the operator reads it before it is used."""

    def of(self, upn: str) -> str:
        """The password of that user, the same whenever it is asked for."""

    def keep(self) -> None:
        """Returns when every password given so far is on disk."""

    def close(self) -> None:
        """Nothing more will be asked."""


@dataclass(frozen=True)
class Wait:
    """Nothing can be ordered now: something of ours comes first, and wakes the row."""

    why: Told


@dataclass(frozen=True)
class Settled:
    """Nothing is left to be ordered: it is as it should be."""


@dataclass(frozen=True)
class Stuck:
    """Something that it needs is blocked: so is this."""

    why: Told


Next = list[Order] | Wait | Settled | Stuck


@dataclass(frozen=True)
class Known:
    """What the orders of one cycle are made from."""

    settings: Accounts
    accounts: Mapping[tuple[int, str], Need]
    """By person id and service."""
    groups: Mapping[tuple[int, str], GroupStanding]
    """By department id and kind."""
    skus: Mapping[str, str]
    """Product ids by part number."""
    licence_groups: Mapping[str, str]
    """Group ids by part number."""
    passwords: Passwords | None
    left: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Ids of groups in which people have been long enough after they moved, by person."""

    def user_of(self, person_id: int) -> str | None:
        """The directory's id of a person, once it is known."""
        row = self.accounts.get((person_id, CloudService.IDENTITY.value))
        return row.external_id if row is not None else None


def next_of_account(row: Standing, person: AccountPerson, known: Known) -> Next:
    """What to do for an open account."""
    service = CloudService(row.service)
    if row.aim == Aim.REVOKED:
        return _revoke(row, service, person, known)
    for needed in needs(service, known.settings):
        before = known.accounts.get((row.person_id, needed.value))
        if before is not None and before.state == AccountState.BLOCKED:
            return Stuck(told(msgid("{service} is blocked"), service=needed))
        if before is None or before.state != AccountState.READY:
            return Wait(told(msgid("waits until {service} is there"), service=needed))
    if service is CloudService.IDENTITY:
        return _identity(row, person, known)
    user = known.user_of(row.person_id)
    if user is None:
        return Wait(told(msgid("waits until {service} is there"), service=CloudService.IDENTITY))
    if service is CloudService.LICENCE:
        return _licence(row, user, known)
    if service is CloudService.MAILBOX:
        if row.external_id == user:
            return [CheckMailbox(row.id, user)]
        settings = known.settings
        return [SetMailbox(row.id, user, settings.locale, settings.timezone)]
    if service is CloudService.GROUPWARE:
        return _groupware(row, person, user, known)
    return _chat(row, person, user, known)


def _identity(row: Standing, person: AccountPerson, known: Known) -> Next:
    key, settings = row.id, known.settings
    upn = upn_of(person, settings)
    if row.external_id is not None:
        parts = (properties.ours(settings), properties.of_person(person, settings))
        # Apart: what synchronisation owns is refused, and with it everything beside it.
        return [ChangeUser(key, row.external_id, part) for part in parts if part]
    if row.in_doubt or settings.identity == "synced":
        return [FindUser(key, upn, person.staff_number)]
    if known.passwords is None:
        return Wait(told(msgid("needs a file for first passwords: [accounts] secrets_file")))
    return [
        CreateUser(
            key,
            upn,
            upn.partition("@")[0],
            person.name,
            person.staff_number,
            department_name(person.bureau or "", person.division or "") or None,
            settings.usage_location,
            settings.locale,
            known.passwords.of(upn),
        )
    ]


def _licence(row: Standing, user: str, known: Known) -> Next:
    """Products that a group gives are joined once and then asked for; others are assigned."""
    key = row.id
    if lost := _without_its_group(known):
        return lost
    by_group = [part for part in known.settings.licences if part in known.licence_groups]
    direct = [part for part in known.settings.licences if part not in known.licence_groups]
    unknown = [part for part in known.settings.licences if part not in known.skus]
    if unknown:
        return Wait(
            told(msgid("{part} was never bought: correct [accounts] licences"), part=unknown[0])
        )
    if by_group and row.external_id is not None:
        return [CheckLicences(key, user, tuple(known.skus[part] for part in by_group))]
    orders: list[Order] = [AddMember(key, known.licence_groups[part], user) for part in by_group]
    if direct:
        orders.append(SetLicences(key, user, tuple(known.skus[part] for part in direct), ()))
    return orders or Settled()


def _without_its_group(known: Known) -> Stuck | None:
    """What to say when a product's group is not to be found: to assign it by hand would go around
    the group, and to take it away by hand is refused."""
    for part in known.settings.licences:
        name = known.settings.licence_groups.get(part)
        if name is not None and part not in known.licence_groups:
            return Stuck(
                told(
                    msgid(
                        "{part}: the directory has not exactly one group named {name}: correct "
                        "[accounts] licence_groups, or the group"
                    ),
                    part=part,
                    name=name,
                )
            )
    return None


def _groupware(row: Standing, person: AccountPerson, user: str, known: Known) -> Next:
    group = known.groups.get((person.department_id or 0, GroupKind.GROUP.value))
    missing = _without(group)
    if group is None or group.external_id is None:
        return missing
    key = row.id
    old = [one for one in known.left.get(row.person_id, ()) if one != group.external_id]
    return [AddMember(key, group.external_id, user), *(RemoveMember(key, one, user) for one in old)]


def _without(group: GroupStanding | None) -> Wait | Stuck:
    """What to say while a group is not there. One that is there is used whatever its state: that
    its new name was refused keeps nobody out."""
    if group is not None and group.state == AccountState.BLOCKED:
        return Stuck(told(msgid("the group of the department is blocked")))
    return Wait(told(msgid("waits for the group of the department")))


def _chat(row: Standing, person: AccountPerson, user: str, known: Known) -> Next:
    key, chat = row.id, known.settings.chat
    if chat.provider == "enterprise_app":
        if row.external_id is None:
            return [AssignApp(key, chat.service_principal, chat.app_role, user)]
        return [ProvisionApp(key, chat.service_principal, chat.job, chat.rule, user)]
    team = known.groups.get((person.department_id or 0, GroupKind.TEAM.value))
    if team is not None and team.state == AccountState.BLOCKED:
        return Stuck(told(msgid("the team of the department is blocked")))
    if team is None or team.external_id is None or team.state != AccountState.READY:
        return Wait(told(msgid("waits for the team of the department")))
    return [FindMember(key, team.external_id, user)]


def _revoke(row: Standing, service: CloudService, person: AccountPerson, known: Known) -> Next:
    key = row.id
    user = known.user_of(row.person_id)
    if user is None:
        if service is CloudService.IDENTITY and row.in_doubt:
            # Somebody was making the user when the end was asked for.
            return [FindUser(key, upn_of(person, known.settings), person.staff_number)]
        return Settled()
    if service is CloudService.IDENTITY:
        return [ChangeUser(key, user, {"enabled": False}), RevokeSessions(key, user)]
    if service is CloudService.LICENCE:
        if lost := _without_its_group(known):
            return lost
        orders: list[Order] = []
        for part in known.settings.licences:
            if part in known.licence_groups:
                orders.append(RemoveMember(key, known.licence_groups[part], user))
            elif part in known.skus:
                # One by one: removing what is not there would keep the others back.
                orders.append(SetLicences(key, user, (), (known.skus[part],)))
        return orders or Settled()
    if service is CloudService.GROUPWARE:
        # Also those of departments where the person was before, whatever days were left there.
        ids = set(known.left.get(row.person_id, ()))
        group = known.groups.get((person.department_id or 0, GroupKind.GROUP.value))
        if group is not None and group.external_id is not None:
            ids.add(group.external_id)
        return [RemoveMember(key, one, user) for one in sorted(ids)] or Settled()
    # A mailbox goes with its licence, a chat with the sign-in.
    return Settled()


def next_of_group(row: GroupStanding, department: tuple[str, str], known: Known) -> Next:
    """What to do for an open group or team; `department` is bureau and division."""
    key = row.id
    name = department_name(*department)
    nickname = nickname_of(row.department_id, name, known.settings)
    if row.kind == GroupKind.GROUP:
        if row.external_id is not None:
            return [RenameGroup(key, row.external_id, name)]
        if row.in_doubt:
            return [FindGroup(key, nickname)]
        return [CreateGroup(key, nickname, name)]
    group = known.groups.get((row.department_id, GroupKind.GROUP.value))
    if group is None or group.external_id is None:
        return _without(group)
    if row.external_id is None:
        return [CreateTeam(key, group.external_id)]
    channels = known.settings.chat.channels
    return [CreateChannel(key, row.external_id, channel) for channel in channels] or Settled()
