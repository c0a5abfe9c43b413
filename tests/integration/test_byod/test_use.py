"""Invitation, registration, compliance, ownership: on a tenant, with least privilege."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.adapters.ledger.lists import open_list
from rollout.application.byod.inviting import ask
from rollout.application.byod.listing import DeviceAlarm, alarms, detail, devices, strays
from rollout.application.byod.syncing import NotBelieved, take
from rollout.application.people.importing import Order, import_people
from rollout.domain.errors import RolloutError
from rollout.domain.personal_device import DeviceState, StrayReason
from rollout.store import personal_devices
from rollout.store.personal_devices import Wanted
from rollout.store.tables import Machine
from tests.integration.test_byod.conftest import CLERK, START, Office, renamed_group


def test_who_is_invited_joins_the_group_and_gets_the_steps_once(office: Office) -> None:
    person = office.hire()
    number = office.approved(person)
    assert office.ask(number).asked == [number]

    first, second = office.work(), office.work()

    assert (first.joined, first.invited, second.joined, second.invited) == (1, 1, 0, 0)
    assert office.one(number)["state"] == "invited"
    assert person in office.members()
    (mail,) = office.mails(person)
    assert mail["subject"] == "【私有端末】iPhone 13 の設定をお願いします"
    for words in ("手順(iPhone・iPad)", "端末全体が消去されることはありません", "059-000-0000"):
        assert words in mail["body"]["content"]


def test_an_answer_that_is_lost_sends_no_second_invitation(office: Office) -> None:
    person = office.hire()
    number = office.approved(person)
    office.ask(number)
    office.behave(lost_answer_share=1.0)
    office.work()
    assert office.one(number)["trouble"]
    office.behave(lost_answer_share=0.0)
    office.later(minutes=2)
    office.app.devices_work.carry_out()
    office.behave(lost_answer_share=1.0)
    office.work()
    assert office.one(number)["state"] == "approved"
    office.behave(lost_answer_share=0.0)

    for _round in range(3):
        office.later(minutes=20)
        office.work()

    assert office.one(number)["state"] == "invited"
    assert len(office.mails(person)) == 1


def test_an_invitation_that_comes_back_is_an_alarm_until_the_address_is_mended(
    office: Office, tmp_path: Path
) -> None:
    person = office.hire()
    with office.app.database.write() as session:
        row = personal_devices.person(session, person)
        assert row is not None
        row.upn = "gone@pref.example.jp"
    number = office.invited(person)
    assert office.outbox.take_back(datetime.now(UTC) - timedelta(hours=1)) == 1

    assert office.one(number)["alarms"] == [DeviceAlarm.UNTOLD]
    (reason,) = office.one(number)["alarm_reasons"]
    assert "550" in reason
    assert "rollout notice retry" in reason
    app, file = office.app, tmp_path / "list.csv"
    file.write_text(f"職員番号,UPN\n{person},{person}@pref.example.jp\n", encoding="utf-8")
    report = import_people(
        app.database, app.settings, open_list(file, "people"),
        operator=CLERK, now=office.clock.now(), order=Order(),
    )  # fmt: skip
    assert report.mails_again == 1
    office.work()

    assert office.one(number)["alarms"] == []
    assert len(office.mails(person)) == 1
    assert len(office.mails("gone")) == 1


def test_who_cannot_be_invited_is_told_why_all_at_once(office: Office) -> None:
    no_account, left = office.approved(office.hire(account=False)), office.approved(office.hire())
    with office.app.database.write() as session:
        found = personal_devices.one(session, left)
        assert found is not None
        found[1].left_on = START.date()
        session.add(found[1])

    refused = dict(office.ask(no_account, left, 99_999).refused)

    assert "no account that is ready" in refused[no_account]
    assert "no licence for app protection: SPE_E3" in refused[no_account]
    assert "left on 2022-11-01" in refused[left]
    assert "there is no application 99999" in refused[99_999]


def test_nobody_is_invited_without_a_group_of_exactly_that_name(office: Office) -> None:
    number = office.approved(office.hire())
    unnamed, unknown = renamed_group(office, ""), renamed_group(office, "nobody's")
    with pytest.raises(RolloutError, match="name the group under"):
        ask(unnamed.database, unnamed.settings, [number], CLERK, office.clock.now())
    assert office.ask(number).asked == [number]

    with unknown.directory_closed(), pytest.raises(RolloutError, match="has 0 groups named"):
        unknown.devices_work.carry_out()

    assert office.one(number)["state"] == "approved"
    office.work()
    assert office.one(number)["state"] == "invited"


def test_a_protected_app_makes_the_device_compliant_and_its_flag_breaks_the_rule(
    office: Office,
) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-a")
    assert office.one(number)["state"] == "compliant"

    office.app_on(person, "tag-a", flaggedReasons=["rootedDevice"])
    office.app.devices_work.sync()

    row = office.one(number)
    assert (row["state"], "rootedDevice" in row["cause"]) == ("noncompliant", True)


def test_enrolment_and_registration_of_one_device_are_one_device(office: Office) -> None:
    person = office.hire()
    number = office.invited(person)
    user = office.users[person]
    office.plant("devices", id="dev-b", deviceId="aad-b", user=user, operatingSystem="IPhone",
                 trustType="Workplace", displayName="phone")  # fmt: skip
    before = office.app.devices_work.sync()
    assert office.one(number)["state"] == "enrolled"
    office.plant("managedDevices", id="mdm-b", azureADDeviceId="aad-b", userId=user,
                 operatingSystem="iOS", managedDeviceOwnerType="personal", model="iPhone 13",
                 complianceState="inGracePeriod")  # fmt: skip
    after = office.app.devices_work.sync()

    assert (before.devices, before.stray) == (after.devices, after.stray)
    row = office.one(number)
    assert (row["state"], row["seen_as"]) == ("noncompliant", "personal")
    office.plant("managedDevices", id="mdm-b", complianceState="compliant")
    office.app.devices_work.sync()
    assert office.one(number)["state"] == "compliant"
    office.plant("managedDevices", id="mdm-b", complianceState="unknown")
    office.app.devices_work.sync()
    assert office.one(number)["state"] == "enrolled"


def test_a_private_device_that_the_service_calls_the_organisations_is_an_alarm(
    office: Office,
) -> None:
    person = office.hire()
    number = office.invited(person)
    row = {"id": "mdm-c", "userId": office.users[person], "operatingSystem": "iOS"}
    office.plant("managedDevices", **row, managedDeviceOwnerType="company")

    done = office.app.devices_work.sync()

    assert number in done.company
    now, app = office.clock.now(), office.app
    (alarm,) = [a for a in alarms(app.database, app.settings, now) if a.number == number]
    assert alarm.kind == "company"
    shown = detail(app.database, app.settings, number, now)
    assert shown is not None
    assert shown["history"][-1 if shown["state"] == "invited" else -2]["verb"] == "alarm"
    office.app.devices_work.sync()
    again = detail(app.database, app.settings, number, now)
    assert again is not None
    assert [fact["verb"] for fact in again["history"]].count("alarm") == 1
    office.plant("managedDevices", **row, managedDeviceOwnerType="personal")
    office.app.devices_work.sync()
    assert number not in {a.number for a in alarms(app.database, app.settings, now)}
    assert devices(app.database, app.settings, now, Wanted(number=number, alarmed=True)) == []


def test_what_is_registered_without_an_application_in_use_is_stray_with_the_reason(
    office: Office,
) -> None:
    unapplied, uninvited, ended = office.hire(), office.hire(), office.hire()
    office.approved(uninvited)
    from rollout.application.byod.leaving import release

    number = office.approved(ended)
    release(office.app.database, number, CLERK, office.clock.now())
    for person in (unapplied, uninvited, ended):
        office.app_on(person, f"stray-{person}")
    office.plant("managedAppRegistrations", id="x", deviceTag="x", userId="nobody",
                 deviceType="Android")  # fmt: skip
    with office.app.database.write() as session:
        session.add(
            Machine(asset_tag="DK20-1", serial="OWN1", generation="DK20", state_since=START)
        )
    user = office.users[unapplied]
    office.plant("managedDevices", id="own", serialNumber="own1", userId=user,
                 operatingSystem="Windows", managedDeviceOwnerType="company")  # fmt: skip
    office.plant("devices", id="joined", deviceId="aad-j", user=user, operatingSystem="Windows",
                 trustType="AzureAd")  # fmt: skip

    office.app.devices_work.sync()
    office.app.devices_work.sync()

    seen = {one.key: one for one in strays(office.app.database)}
    reasons = {one.staff_number: one.reason for one in seen.values()}
    assert reasons[unapplied] is StrayReason.UNAPPLIED
    assert reasons[uninvited] is StrayReason.UNINVITED
    assert reasons[ended] is StrayReason.ENDED
    assert seen["app:nobody:x"].reason is StrayReason.UNKNOWN_OWNER
    assert not [key for key in seen if key in ("managed:own", "device:joined")]


def test_what_is_registered_no_more_is_awaited_again(office: Office) -> None:
    person = office.hire()
    number = office.enrolled(person, "tag-d")
    office.plant("managedAppRegistrations", id="app-tag-d", gone=True)

    done = office.app.devices_work.sync()

    assert done.missing == 1
    assert office.one(number)["state"] == "invited"
    office.app_on(person, "tag-e")
    office.app.devices_work.sync()
    assert office.one(number)["state"] == "compliant"
    assert len(office.mails(person)) == 1


def test_an_empty_answer_is_not_believed_when_devices_are_known(office: Office) -> None:
    from dataclasses import replace

    for place in range(6):
        office.enrolled(office.hire(), f"many-{place}")
    reading = office.app.devices.reading(office.clock.now())
    with pytest.raises(NotBelieved, match="no protected apps"):
        take(office.app.database, replace(reading, apps=()), office.clock.now())
    states = {row["state"] for row in devices(
        office.app.database, office.app.settings, office.clock.now(),
        Wanted(states=(DeviceState.COMPLIANT.value,)))}  # fmt: skip
    assert states == {"compliant"}


def test_the_daemons_cycle_reads_seldom_and_orders_at_once(office: Office) -> None:
    office.app.devices_work.cycle()
    first = len(office.requests())
    office.app.devices_work.cycle()
    assert len(office.requests()) == first
    person = office.hire()
    number = office.approved(person)
    office.ask(number)
    office.app.devices_work.cycle()
    assert person in office.members()
    office.work()
    assert office.one(number)["state"] == "invited"
    office.later(hours=2)
    office.app_on(person, "tag-f")
    office.app.devices_work.cycle()
    assert office.one(number)["state"] == "compliant"


def test_an_application_that_waits_for_too_long_expires(office: Office) -> None:
    number = office.approved(office.hire())
    office.later(days=91)
    office.app.devices_work.expire()
    row = office.one(number)
    assert (row["state"], "90 days" in row["cause"]) == ("expired", True)
    assert row["actions"] == []
