"""The application roles that each feature needs, least privilege first.

From the permissions sections of Microsoft's reference of the calls in this room. A feature that
comes to use further calls gets a function here, and its place in `FEATURES`: the doctor then names
what it lacks while it is switched on, and asks for nothing while it is not.
"""

from collections.abc import Callable, Collection, Iterator

from rollout.application.accounts.directory import Lacking
from rollout.domain.account import CloudService
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import Settings

Feature = Callable[[Settings], Iterator[Lacking]]

_USERS = ("User.ReadWrite.All", "Directory.ReadWrite.All")
_READ_USERS = (
    *("User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
)
_SESSIONS = ("User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
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
_READ_APPS = ("Application.Read.All", "Directory.Read.All")
_READ_MAIL = ("Mail.Read", "Mail.ReadWrite")
_DEVICES = ("Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All")
_ENROLLED = (
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementManagedDevices.ReadWrite.All",
)
_APPS = ("DeviceManagementApps.ReadWrite.All",)
_RULES = (
    "DeviceManagementServiceConfig.Read.All",
    "DeviceManagementServiceConfig.ReadWrite.All",
)
_COULD_WIPE = frozenset(
    {
        "DeviceManagementManagedDevices.PrivilegedOperations.All",
        "DeviceManagementManagedDevices.ReadWrite.All",
    }
)


def lacking(settings: Settings, granted: Collection[str]) -> tuple[Lacking, ...]:
    """What is switched on and not granted."""
    return tuple(one for one in needed(settings) if not set(one.roles) & set(granted))


def needed(settings: Settings) -> Iterator[Lacking]:
    """Everything that is switched on, granted or not."""
    for feature in FEATURES:
        yield from feature(settings)


def _people(settings: Settings) -> Iterator[Lacking]:
    asked = settings.accounts
    # Plans, delta queries and sign-ins read users, whoever makes them.
    yield Lacking(_("reading users"), _READ_USERS)
    if CloudService.IDENTITY in asked.services:
        yield Lacking(label(CloudService.IDENTITY), _USERS)
        yield Lacking(_("ending sessions of leavers"), _SESSIONS)
    if asked.reimage_needs != "nothing":
        yield Lacking(_("sign-ins"), ("AuditLog.Read.All",))


def _licences(settings: Settings) -> Iterator[Lacking]:
    asked = settings.accounts
    if CloudService.LICENCE not in asked.services:
        return
    yield Lacking(_("stock of licences"), _STOCK)
    if set(asked.licences) - asked.licence_groups.keys():
        yield Lacking(label(CloudService.LICENCE), _LICENCES)
    if asked.licence_groups:
        yield Lacking(label(CloudService.LICENCE), _READ_GROUPS)
        yield Lacking(label(CloudService.LICENCE), _MEMBERS)


def _mailboxes(settings: Settings) -> Iterator[Lacking]:
    if CloudService.MAILBOX in settings.accounts.services:
        yield Lacking(label(CloudService.MAILBOX), ("MailboxSettings.ReadWrite",))


def _groups(settings: Settings) -> Iterator[Lacking]:
    if CloudService.GROUPWARE not in settings.accounts.services:
        return
    for roles in (_READ_GROUPS, _GROUPS, _MEMBERS):
        yield Lacking(label(CloudService.GROUPWARE), roles)
    if settings.accounts.renamed_groups == "keep":
        yield Lacking(_("new names of groups"), _RENAME)


def _chat(settings: Settings) -> Iterator[Lacking]:
    if CloudService.CHAT not in settings.accounts.services:
        return
    chat, asked = label(CloudService.CHAT), settings.accounts.chat
    if asked.provider == "enterprise_app":
        # An assignment wants the first two together.
        yield Lacking(chat, ("AppRoleAssignment.ReadWrite.All",))
        yield Lacking(chat, _READ_APPS)
        yield Lacking(chat, ("Synchronization.ReadWrite.All",))
        return
    yield Lacking(chat, _TEAMS)
    yield Lacking(chat, _TEAM_MEMBERS)
    if asked.channels:
        yield Lacking(chat, _CHANNELS)


def _notices(settings: Settings) -> Iterator[Lacking]:
    if settings.notices.in_use:
        yield Lacking(_("mails to owners"), ("Mail.Send",))
        yield Lacking(_("what became of mails"), _READ_MAIL)


def _devices(settings: Settings) -> Iterator[Lacking]:
    if settings.byod_in_use:
        yield from needed_for_devices()


def needed_for_devices() -> tuple[Lacking, ...]:
    """What personal devices need: nothing of it lets a device be wiped."""
    return (
        Lacking(_("group of personal devices"), _READ_GROUPS),
        Lacking(_("group of personal devices"), _MEMBERS),
        Lacking(_("sign-ins of lost devices"), _SESSIONS),
        Lacking(_("registered devices"), _DEVICES),
        Lacking(_("enrolled devices"), _ENROLLED),
        Lacking(_("protected apps"), _APPS),
        Lacking(_("rules of enrolment"), _RULES),
    )


FEATURES: tuple[Feature, ...] = (
    *(_people, _licences, _mailboxes, _groups, _chat, _notices),
    _devices,
)


def lacking_for_devices(granted: Collection[str]) -> tuple[Lacking, ...]:
    """What personal devices need and is not granted."""
    return tuple(one for one in needed_for_devices() if not set(one.roles) & set(granted))


def could_wipe(granted: Collection[str]) -> tuple[str, ...]:
    """Granted roles with which whoever has the credential could wipe devices. None is needed."""
    return tuple(sorted(_COULD_WIPE & set(granted)))
