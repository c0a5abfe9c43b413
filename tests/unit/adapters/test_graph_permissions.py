"""Which application roles what is switched on needs; the lab's tenant asks for the same."""

from datetime import date
from typing import Any

import pytest

from rollout.adapters.graph.permissions import could_wipe, lacking, needed
from rollout.cli.lab_tenant import ROLES
from rollout.lab.graph.gateway import _TABLES
from rollout.settings import Notices, Programme, Settings
from rollout.settings.accounts import Accounts
from rollout.settings.byod import Byod

CHAT = {"provider": "enterprise_app", "service_principal": "a", "app_role": "b", "job": "c",
        "rule": "d"}  # fmt: skip


DEVICES = {
    *("GroupMember.Read.All", "GroupMember.ReadWrite.All", "User.RevokeSessions.All"),
    *("Device.Read.All", "DeviceManagementManagedDevices.Read.All"),
    *("DeviceManagementApps.ReadWrite.All", "DeviceManagementServiceConfig.Read.All"),
}
TENANT = {"tenant_id": "t", "client_id": "c", "credential": "managed-identity"}


def settings(sender: str = "", group: str = "", **accounts: Any) -> Settings:
    return Settings.model_construct(
        programme=Programme(start=date(2022, 11, 1), cutover=date(2023, 5, 1)),
        accounts=Accounts.model_validate(accounts),
        notices=Notices(sender=sender),
        byod=Byod(group=group),
    )


def least(of: Settings) -> set[str]:
    return {one.roles[0] for one in needed(of)}


def test_nothing_but_reading_users_is_needed_for_what_is_switched_off() -> None:
    assert least(settings(services=())) == {"User.Read.All"}


@pytest.mark.parametrize(
    ("of", "more"),
    [
        (settings(services=["identity"]), {"User.ReadWrite.All", "User.RevokeSessions.All"}),
        (settings(services=(), reimage_needs="sign-in"), {"AuditLog.Read.All"}),
        (settings("dx@pref.example.jp", services=()), {"Mail.Send", "Mail.Read"}),
        (settings(group="phones", services=(), tenant=TENANT), DEVICES),
        (settings(group="phones", services=()), set()),
        (settings(services=["mailbox"]), {"MailboxSettings.ReadWrite"}),
        (
            settings(services=["groupware"], renamed_groups="new"),
            {"GroupMember.Read.All", "Group.Create", "GroupMember.ReadWrite.All"},
        ),
        (
            settings(services=["chat"], chat=CHAT),
            {"AppRoleAssignment.ReadWrite.All", "Application.Read.All",
             "Synchronization.ReadWrite.All"},
        ),
        (
            settings(services=["licence"], licence_groups={"SPE_E3": "E3"}),
            {"LicenseAssignment.Read.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All"},
        ),
    ],
)  # fmt: skip
def test_each_feature_needs_its_own_roles(of: Settings, more: set[str]) -> None:
    assert least(of) == {"User.Read.All"} | more


def test_a_higher_role_suffices_and_each_lacking_one_is_named() -> None:
    of = settings(services=["identity", "groupware"])

    assert lacking(of, {"Directory.ReadWrite.All"}) == ()
    assert [one.roles[0] for one in lacking(of, {"User.ReadWrite.All", "Group.Create"})] == [
        "GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All",
    ]  # fmt: skip


def test_the_least_of_everything_opens_every_call_that_the_product_makes() -> None:
    """A call that the lab's tenant refuses with these roles would be missing from the list."""
    granted = least(
        settings("dx@pref.example.jp", reimage_needs="registration", chat={"channels": ["a"]})
    )
    granted |= least(settings(chat=CHAT))
    made = {
        ("GET", "/users"), ("GET", "/users/delta"), ("POST", "/users"), ("PATCH", "/users/{user}"),
        ("POST", "/users/{user}/revokeSignInSessions"), ("POST", "/users/{user}/assignLicense"),
        ("GET", "/users/{user}"), ("PATCH", "/users/{user}/mailboxSettings"), ("GET", "/groups"),
        ("GET", "/users/{user}/mailboxSettings"),
        ("POST", "/groups"), ("PATCH", "/groups/{group}"), ("GET", "/groups/{group}/members"),
        ("POST", "/groups/{group}/members/$ref"), ("PUT", "/groups/{group}/team"),
        ("DELETE", "/groups/{group}/members/{member}/$ref"), ("GET", "/subscribedSkus"),
        ("GET", "/teams/{team}/members"), ("POST", "/teams/{team}/channels"),
        ("POST", "/servicePrincipals/{app}/appRoleAssignedTo"),
        ("POST", "/servicePrincipals/{app}/synchronization/jobs/{job}/provisionOnDemand"),
        ("GET", "/reports/authenticationMethods/userRegistrationDetails"),
        ("POST", "/users/{user}/sendMail"), ("GET", "/users/{user}/messages"),
    }  # fmt: skip
    routes = {(route.method, route.template): route for table in _TABLES for route in table.routes}

    assert made <= routes.keys()
    assert [call for call in sorted(made) if not set(routes[call].roles) & granted] == []


def test_the_tenant_of_the_lab_lets_everything_be_rehearsed() -> None:
    everything = settings(
        "dx@pref.example.jp", "phones", tenant=TENANT, reimage_needs="registration",
        licence_groups={"SPE_E3": "E3"}, chat={"channels": ["a"]},
    )  # fmt: skip

    assert lacking(everything, ROLES) == ()
    assert could_wipe(ROLES) == ()
