"""The application roles that each feature needs, least privilege first.

From the permissions sections of Microsoft's reference of the calls in `calls.py`.
"""

from collections.abc import Collection, Iterator

from rollout.application.accounts.directory import Lacking
from rollout.domain.account import CloudService
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings.accounts import Accounts

_USERS = ("User.ReadWrite.All", "Directory.ReadWrite.All")
_READ_USERS = (
    *("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
)
_STOCK = ("LicenseAssignment.Read.All", "Organization.Read.All", "Directory.Read.All")
_LICENCES = ("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
_MEMBERS = ("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_READ_GROUPS = (
    *("GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"),
    "Directory.ReadWrite.All",
)
_GROUPS = ("Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_RENAME = ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_TEAMS = ("Team.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All")
_TEAM_MEMBERS = ("TeamMember.Read.All", "TeamMember.ReadWrite.All", "Group.Read.All")
_CHANNELS = ("Channel.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All")


def lacking(settings: Accounts, granted: Collection[str]) -> tuple[Lacking, ...]:
    """What is switched on and not granted."""
    return tuple(one for one in _needed(settings) if not set(one.roles) & set(granted))


def _needed(settings: Accounts) -> Iterator[Lacking]:
    services = settings.services
    if settings.reimage_needs != "nothing":
        yield Lacking(_("sign-ins"), ("AuditLog.Read.All",))
    if CloudService.IDENTITY in services:
        yield Lacking(label(CloudService.IDENTITY), _USERS)
    if settings.identity == "synced":
        yield Lacking(_("users that come and go"), _READ_USERS)
    if CloudService.LICENCE in services:
        yield Lacking(_("stock of licences"), _STOCK)
        if set(settings.licences) - settings.licence_groups.keys():
            yield Lacking(label(CloudService.LICENCE), _LICENCES)
        if settings.licence_groups:
            yield Lacking(label(CloudService.LICENCE), _MEMBERS)
    if CloudService.MAILBOX in services:
        yield Lacking(label(CloudService.MAILBOX), ("MailboxSettings.ReadWrite",))
    if CloudService.GROUPWARE in services:
        yield Lacking(label(CloudService.GROUPWARE), _READ_GROUPS)
        yield Lacking(label(CloudService.GROUPWARE), _GROUPS)
        yield Lacking(label(CloudService.GROUPWARE), _MEMBERS)
        if settings.renamed_groups == "keep":
            yield Lacking(_("new names of groups"), _RENAME)
    if CloudService.CHAT in services:
        chat = label(CloudService.CHAT)
        if settings.chat.provider == "enterprise_app":
            yield Lacking(chat, ("AppRoleAssignment.ReadWrite.All",))
            yield Lacking(chat, ("Synchronization.ReadWrite.All",))
            return
        yield Lacking(chat, _TEAMS)
        yield Lacking(chat, _TEAM_MEMBERS)
        if settings.chat.channels:
            yield Lacking(chat, _CHANNELS)
