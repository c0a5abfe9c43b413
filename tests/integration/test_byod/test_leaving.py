"""Lost and released devices: only the organisation's data in its apps, pending until it happens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollout.application.byod.applying import ApplicationRefused
from rollout.application.byod.leaving import lose, release
from rollout.application.byod.listing import alarms
from rollout.domain.personal_device import ApplicationKind, Platform
from tests.integration.test_byod.conftest import CLERK, Office, renamed_group

WIPE = "wipeManagedAppRegistrationsByDeviceTag"


def _lose(office: Office, number: int, **more: Any) -> None:
    app = office.app
    lose(app.database, app.settings, number, CLERK, office.clock.now(), **more)


def _release(office: Office, number: int) -> None:
    release(office.app.database, number, CLERK, office.clock.now(), reason="機種変更")


def _orders(office: Office, person: str) -> list[str]:
    """What was ordered for somebody since the beginning, by the last word of the path."""
    return [
        request["path"].rpartition("/")[2]
        for request in office.requests()
        if request["method"] == "POST" and office.users[person] in request["path"]
    ]


def test_a_lost_device_ends_sign_ins_and_loses_its_apps_data_when_the_app_is_opened(
    office: Office,
) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-lost")
    _lose(office, number)
    assert office.one(number)["state"] == "lost"

    office.app.devices_work.carry_out()

    row = office.one(number)
    assert row["state"] == "wipe_pending"
    assert row["sessions_ended_at"]
    assert row["wipe_ordered_at"]
    assert _orders(office, person) == ["revokeSignInSessions", WIPE]
    assert "signInSessionsValidFromDateTime" in office.dump()["users"][office.users[person]]
    office.later(days=20)
    office.app.devices_work.sync()
    row = office.one(number)
    assert (row["state"], row["leaving_days"], row["alarms"]) == ("wipe_pending", 20, ["pending"])
    (alarm,) = [
        one
        for one in alarms(office.app.database, office.app.settings, office.clock.now())
        if one.number == number
    ]
    assert "20 days" in alarm.why
    assert person in office.members()

    office.opened("tag-lost")
    assert office.app.devices_work.sync().released == 1
    office.app.devices_work.carry_out()

    assert office.one(number)["state"] == "released"
    assert person not in office.members()


def test_a_lost_device_is_seen_to_while_the_group_of_those_who_join_is_gone(
    office: Office,
) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-no-group")
    waits = office.approved(office.hire())
    assert office.ask(waits).asked == [waits]
    _lose(office, number)
    unknown = renamed_group(office, "nobody's")

    with unknown.directory_closed(), pytest.raises(ApplicationRefused, match="0 groups named"):
        unknown.devices_work.carry_out()

    assert office.one(number)["state"] == "wipe_pending"
    assert _orders(office, person) == ["revokeSignInSessions", WIPE]
    assert office.one(waits)["state"] == "approved"


def test_a_released_device_leaves_the_person_signed_in(office: Office) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-released")
    _release(office, number)
    office.app.devices_work.carry_out()
    office.app.devices_work.carry_out()

    assert _orders(office, person) == [WIPE]
    assert (office.one(number)["state"], office.one(number)["cause"]) == (
        "wipe_pending",
        "機種変更",
    )
    office.later(minutes=1)
    office.opened("tag-released")
    office.app.devices_work.sync()
    assert office.one(number)["state"] == "released"


def test_the_group_is_kept_for_another_device_of_the_same_person(office: Office) -> None:
    person = office.hire()
    first = office.enrolled(person, "tag-one")
    second = office.enrolled(
        person, "tag-two", kind=ApplicationKind.ADDITIONAL, model="iPad", platform=Platform.IOS
    )
    _release(office, first)
    office.app.devices_work.carry_out()
    office.later(minutes=1)
    office.opened("tag-one")
    office.app.devices_work.sync()
    office.app.devices_work.carry_out()

    assert office.one(first)["state"] == "released"
    assert (office.one(second)["state"], person in office.members()) == ("compliant", True)
    apps = office.dump()["managedAppRegistrations"]
    assert "app-tag-two" in apps
    assert not apps["app-tag-two"].get("wipePending")


def test_a_device_that_was_registered_after_it_was_lost_loses_its_data_too(office: Office) -> None:
    person = office.hire()
    number = office.invited(person)
    _lose(office, number)
    office.app.devices_work.carry_out()
    assert office.one(number)["state"] == "wipe_pending"
    office.later(minutes=1)
    office.app_on(person, "tag-late")

    office.app.devices_work.sync()
    office.app.devices_work.carry_out()

    assert office.dump()["managedAppRegistrations"]["app-tag-late"]["wipePending"]
    assert office.one(number)["state"] == "wipe_pending"


def test_an_app_that_was_opened_and_is_still_there_is_ordered_again(office: Office) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-again")
    _release(office, number)
    office.app.devices_work.carry_out()
    opened = office.clock.now() + timedelta(hours=1)
    office.app_on(person, "tag-again", lastSyncDateTime=opened.astimezone(UTC).isoformat())

    office.later(hours=2)
    office.app.devices_work.sync()
    assert office.one(number)["wipe_ordered_at"] is None
    office.app.devices_work.carry_out()

    assert _orders(office, person) == [WIPE, WIPE]


def test_a_managed_private_device_is_released_when_its_owner_took_the_account_off(
    office: Office,
) -> None:
    person = office.hire()
    number = office.invited(person, platform=Platform.WINDOWS, model="Surface")
    office.plant("managedDevices", id="mdm-r", userId=office.users[person], model="Surface",
                 operatingSystem="Windows", managedDeviceOwnerType="personal",
                 complianceState="compliant")  # fmt: skip
    office.app.devices_work.sync()
    assert office.one(number)["state"] == "compliant"
    _release(office, number)
    office.later(minutes=1)
    office.app.devices_work.carry_out()
    office.app.devices_work.sync()
    assert office.one(number)["state"] == "wipe_pending"

    office.plant("managedDevices", id="mdm-r", gone=True)
    office.later(minutes=1)
    office.app.devices_work.sync()

    assert office.one(number)["state"] == "released"
    assert _orders(office, person) == []


def test_a_device_of_which_no_app_is_known_is_not_said_to_lose_its_apps_data(
    office: Office,
) -> None:
    person = office.hire()
    number = office.invited(person, platform=Platform.WINDOWS, model="Surface")
    app, now = office.app, office.clock.now()
    assert not release(app.database, number, CLERK, now).apps
    _lose(office, number)
    app.devices_work.carry_out()
    row = office.one(number)
    assert (row["state"], "no protected app" in row["cause"]) == ("wipe_pending", True)
    assert _orders(office, person) == ["revokeSignInSessions"]

    known = office.enrolled(office.hire(), "tag-known")
    assert release(app.database, known, CLERK, now).apps


def test_the_days_of_an_order_that_a_faster_clock_wrote_are_none(office: Office) -> None:
    number = office.enrolled(office.hire(), "tag-ahead")
    ahead = office.clock.now() + timedelta(seconds=5)
    release(office.app.database, number, CLERK, ahead)
    assert office.one(number)["leaving_days"] == 0


def test_what_the_service_does_not_answer_is_ordered_again(office: Office) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-doubt")
    _lose(office, number)
    office.behave(lost_answer_share=1.0)
    office.app.devices_work.carry_out()
    row = office.one(number)
    assert (row["state"], row["alarms"]) == ("lost", ["trouble"])
    office.behave(lost_answer_share=0.0)
    office.app.devices_work.carry_out()
    assert office.one(number)["state"] == "lost"

    office.later(minutes=2)
    office.app.devices_work.carry_out()

    row = office.one(number)
    assert (row["state"], row["trouble"], row["alarms"]) == ("wipe_pending", None, [])


def test_a_device_found_again_and_lost_again_ends_sign_ins_again(office: Office) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-twice")
    _release(office, number)
    office.app.devices_work.carry_out()
    _lose(office, number)
    _lose(office, number)
    office.app.devices_work.carry_out()
    assert _orders(office, person) == [WIPE, "revokeSignInSessions", WIPE]
    assert office.one(number)["state"] == "wipe_pending"


def test_an_application_that_nobody_was_invited_on_is_taken_back(office: Office) -> None:
    number = office.approved(office.hire())
    with pytest.raises(ApplicationRefused, match="was not in use yet"):
        _lose(office, number)
    _release(office, number)
    assert office.one(number)["state"] == "withdrawn"
    for again in (_lose, _release):
        with pytest.raises(ApplicationRefused, match="it is not in use"):
            again(office, number)


def test_a_person_who_joined_and_whose_application_was_taken_back_leaves_the_group(
    office: Office,
) -> None:
    person = office.hire()
    number = office.approved(person)
    office.ask(number)
    office.app.devices_work.carry_out()
    assert (office.one(number)["state"], person in office.members()) == ("approved", True)
    _release(office, number)
    office.work()
    assert person not in office.members()
    assert office.mails(person) == []


def test_a_day_that_has_not_come_is_refused(office: Office) -> None:
    number = office.invited(office.hire())
    with pytest.raises(ApplicationRefused, match="has not come yet"):
        _lose(office, number, lost_on=datetime(2030, 1, 1, tzinfo=UTC).date())


def test_the_service_itself_refuses_to_wipe_with_the_roles_that_the_product_has(
    office: Office,
) -> None:
    """Past every guard of ours: the token is used by hand."""
    import ssl

    import httpx

    tenant, secret = office.tenant, office.tenant.secret_file.read_text().strip()
    trust = ssl.create_default_context(cafile=tenant.ca_file)
    office.plant("managedDevices", id="mine", managedDeviceOwnerType="personal")
    form = {
        "grant_type": "client_credentials", "client_id": tenant.client_id,
        "client_secret": secret, "scope": "https://graph.microsoft.com/.default",
    }  # fmt: skip
    with httpx.Client(verify=trust) as http:
        token = http.post(
            f"{tenant.origin}/{tenant.tenant_id}/oauth2/v2.0/token", data=form
        ).json()["access_token"]
        statuses = {
            http.post(
                f"{tenant.graph_url}/deviceManagement/managedDevices/mine/{action}",
                json={},
                headers={"Authorization": f"Bearer {token}"},
            ).status_code
            for action in ("wipe", "retire")
        }
    office.forged = ["mine/wipe", "mine/retire"]
    assert statuses == {403}
    assert "deviceActionResults" not in office.dump()["managedDevices"]["mine"]


def test_who_joined_unseen_and_is_withdrawn_leaves_the_group(office: Office) -> None:
    """The answer to the joining was lost, so nobody wrote down that it was done."""
    person = office.hire()
    number = office.approved(person)
    office.ask(number)
    office.behave(lost_answer_share=1.0)
    office.app.devices_work.carry_out()
    office.behave(lost_answer_share=0.0)
    assert person in office.members()
    _release(office, number)

    office.later(minutes=2)
    office.app.devices_work.carry_out()

    assert office.one(number)["state"] == "withdrawn"
    assert person not in office.members()
