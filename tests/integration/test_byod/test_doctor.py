"""What the doctor says of personal devices, and of rules that would shut out our own PCs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollout.application.doctor import devices
from rollout.application.doctor.finding import Finding, Level
from rollout.store.tables import Machine
from tests.integration.test_byod.conftest import ROLES, START, Office

COULD_WIPE = "DeviceManagementManagedDevices.PrivilegedOperations.All"
RULE = {
    "@odata.type": "#microsoft.graph.deviceEnrollmentPlatformRestrictionsConfiguration",
    "id": "rule-1",
    "displayName": "すべてのユーザー",
    "priority": 0,
    "windowsRestriction": {"platformBlocked": False, "personalDeviceEnrollmentBlocked": True},
}
LIMIT = {
    "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration",
    "id": "rule-2",
    "displayName": "台数",
    "priority": 0,
}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose tenant blocks private Windows."""
    root: Path = tmp_path_factory.mktemp("strict")
    opened = Office(root, roles=(*ROLES, COULD_WIPE), enrolment=[LIMIT, RULE])
    with opened.app.database.write() as session:
        for number, state in ((1, "planned"), (2, "registered"), (3, "migrated")):
            tag = f"DK20-00000{number}"
            session.add(
                Machine(asset_tag=tag, serial=f"SN{number}", generation="DK20", state=state,
                        state_since=START, in_ledger=True)
            )  # fmt: skip
    yield opened
    opened.close()


def _findings(office: Office) -> dict[str, Finding]:
    app = office.app
    found = devices.examine(app.database, app.settings, office.clock.now(), app.devices)
    return {one.key: one for one in found}


def test_our_own_pcs_that_autopilot_does_not_know_are_told(strict: Office) -> None:
    strict.plant("autopilot", id="a1", serialNumber="sn1")
    found = _findings(strict)["devices_enrolment"]
    assert found.level is Level.WARNING
    assert "すべてのユーザー blocks private Windows, and 1 of our 2 PCs" in found.found
    assert "DK20-000002" in found.found

    strict.plant("autopilot", id="a2", serialNumber="SN2")
    found = _findings(strict)["devices_enrolment"]
    assert (found.level, "knows all 2 PCs" in found.found) == (Level.OK, True)


def test_a_role_with_which_private_devices_could_be_wiped_is_a_warning(strict: Office) -> None:
    found = _findings(strict)["devices_wipe"]
    assert (found.level, COULD_WIPE in found.found) == (Level.WARNING, True)


def test_all_is_well_with_the_least_privileges(office: Office) -> None:
    office.app.devices_work.sync()
    found = _findings(office)
    assert {key: one.found for key, one in found.items() if one.level is not Level.OK} == {}
    assert found["devices_wipe"].found == "the service would refuse it"


def test_an_alarm_and_a_late_reading_are_told(office: Office) -> None:
    person = office.hire()
    number = office.invited(person)
    office.plant("managedDevices", id="m", userId=office.users[person], operatingSystem="iOS",
                 managedDeviceOwnerType="company")  # fmt: skip
    office.app.devices_work.sync()
    office.later(hours=4)
    found: Any = _findings(office)
    assert found["devices_alarms"].found.startswith(f"{number} 職員 {person} (")
    assert found["devices_reading"].level is Level.WARNING


def test_missing_roles_are_named_with_the_least_that_is_needed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bare = Office(tmp_path_factory.mktemp("bare"), roles=("Device.Read.All",))
    found = _findings(bare)["devices_roles"]
    bare.close()
    assert found.level is Level.PROBLEM
    assert "protected apps: DeviceManagementApps.ReadWrite.All" in found.found
    assert "Device.Read.All" not in found.found.replace("ManagedDevices.Read.All", "")
