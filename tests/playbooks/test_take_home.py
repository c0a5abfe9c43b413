"""Role take_home: what keeps a machine in the office, and what waits for its user."""

from typing import Any

import pytest

from rollout.lab.user_acts import choose_pin
from rollout.lab.windows import registry

STORAGE = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"
DISKS = STORAGE + r"\{53f5630d-b6bf-11d0-94f2-00a0c91efb8b}"

NO_TPM, UNMANAGED, NO_PROFILE, ENTRA, RESIDENT, MAY_NOT, WRONG_VALUE = range(341, 348)
USER_TUNNEL, DEVICE_TUNNEL, NO_VPN = 351, 352, 353
REFUSED = {
    NO_TPM: "no ready TPM, the disk cannot be encrypted silently",
    UNMANAGED: "Not fit to leave: lost_device is not managed",
    NO_PROFILE: "take_home_vpn_device_profile names no ProfileXML",
    ENTRA: "a device tunnel needs a domain-joined PC with Windows Enterprise or Education",
    RESIDENT: "1 files look like resident data: C:\\Users\\Public",
    MAY_NOT: "the policy of generation DK17 does not allow take-home use",
    WRONG_VALUE: "take_home_removable_storage",
}


@pytest.fixture(scope="module")
def plays(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    profile = tmp_path_factory.mktemp("vpn") / "device.xml"
    profile.write_text("<VPNProfile/>")
    fit = (USER_TUNNEL, DEVICE_TUNNEL, NO_VPN)
    bench.give_new_system(*REFUSED, *fit)
    for number, change in {
        NO_TPM: {"tpm_ready": False},
        UNMANAGED: {"mdm_enrolled": False},
        ENTRA: {"join": "entra"},
    }.items():
        with bench.folder_of(number).change() as state:
            state.update(change)
    public = bench.folder_of(RESIDENT).disk / "Users" / "Public"
    (public / "住民基本台帳.csv").write_text("x")
    device = {"take_home_vpn_tunnel": "device"}
    good = bench.hosts(USER_TUNNEL)
    good |= bench.hosts(DEVICE_TUNNEL, **device, take_home_vpn_device_profile=str(profile))
    bare = {"take_home_vpn_name": "", "take_home_require_pin": False}
    bare |= {"take_home_removable_storage": "deny", "take_home_resident_data_names": []}
    good |= bench.hosts(NO_VPN, **bare)
    hosts = bench.hosts(NO_TPM, RESIDENT) | bench.hosts(NO_PROFILE, ENTRA, **device)
    hosts |= bench.hosts(UNMANAGED, take_home_require_management=True)
    hosts |= bench.hosts(WRONG_VALUE, take_home_removable_storage="sometimes")
    old = {"rollout_generation": "DK17", "machine_guard_models": []}
    hosts |= bench.hosts(MAY_NOT, rollout_take_home=False, **old)
    before = {number: bench.snapshot(f"TSU-PC{number}") for number in fit}
    told: dict[str, Any] = {"check": bench.play("enable", good, "--check")}
    told["untouched"] = all(bench.snapshot(f"TSU-PC{n}") == was for n, was in before.items())
    told["first"] = bench.play("enable", good | hosts)
    told["again"] = bench.play("enable", good)
    # The user's part, and the time that encrypting takes.
    choose_pin(bench.folder, f"TSU-PC{USER_TUNNEL}")
    with bench.folder_of(USER_TUNNEL).change() as state:
        state["time_scale"] = 1e-9
    told["later"] = bench.play("enable", {f"m{USER_TUNNEL}": good[f"m{USER_TUNNEL}"]})
    return told


def evidence(play: Any, number: int) -> dict[str, tuple[str, str]]:
    lines = play.report(f"m{number}")["evidence"]
    return {line["control"]: (line["verdict"], line["value"]) for line in lines}


@pytest.mark.parametrize("number", REFUSED)
def test_each_refusal_names_its_cause(plays: dict[str, Any], number: int) -> None:
    assert plays["first"].report(f"m{number}") is None
    assert REFUSED[number] in plays["first"].failure(f"m{number}")


@pytest.mark.parametrize("number", [MAY_NOT, RESIDENT])
def test_a_machine_that_must_stay_is_not_opened_for_leaving(
    bench: Any, plays: dict[str, Any], number: int
) -> None:
    state = bench.folder_of(number).read()
    assert state["vpn"] == []
    assert state["bitlocker"]["protectors"] == []


def test_each_tunnel_and_storage_policy_is_what_was_asked_for(
    bench: Any, plays: dict[str, Any]
) -> None:
    assert evidence(plays["first"], USER_TUNNEL)["vpn"] == ("pass", "office, user tunnel")
    assert evidence(plays["first"], DEVICE_TUNNEL)["vpn"] == ("pass", "office, device tunnel")
    assert "vpn" not in evidence(plays["first"], NO_VPN)
    for number, (everything, writing) in {USER_TUNNEL: (0, 1), NO_VPN: (1, 0)}.items():
        state = bench.folder_of(number).read()
        assert registry.value(state, STORAGE, "Deny_All") == everything
        assert registry.value(state, DISKS, "Deny_Write") == writing


def test_what_was_not_looked_for_and_what_the_user_must_do_is_pending(
    plays: dict[str, Any],
) -> None:
    assert evidence(plays["first"], NO_VPN)["resident_data"][0] == "pending"
    assert "encryption_pin" not in evidence(plays["first"], NO_VPN)
    first = evidence(plays["first"], USER_TUNNEL)
    assert first["encryption_pin"] == ("pending", "to be chosen by the user")
    assert first["disk_encryption"] == ("pending", "off, key escrowed")


def test_the_pin_and_the_encryption_pass_when_the_user_and_time_have_done_their_part(
    plays: dict[str, Any],
) -> None:
    later = evidence(plays["later"], USER_TUNNEL)
    assert later["encryption_pin"] == ("pass", "chosen")
    assert later["disk_encryption"] == ("pass", "on, key escrowed")
    assert plays["later"].changed(f"m{USER_TUNNEL}") == set()


def test_a_second_run_changes_nothing_even_while_the_disk_is_being_encrypted(
    plays: dict[str, Any],
) -> None:
    for number in (USER_TUNNEL, DEVICE_TUNNEL, NO_VPN):
        assert plays["again"].report(f"m{number}") is not None
        assert plays["again"].changed(f"m{number}") == set()


def test_check_mode_says_what_would_change_and_changes_nothing(plays: dict[str, Any]) -> None:
    assert plays["untouched"]
    for number in (USER_TUNNEL, DEVICE_TUNNEL, NO_VPN):
        assert plays["check"].changed(f"m{number}") >= {
            "Lock the screen of an unattended machine",
            "Encrypt the disk with an escrowed recovery key",
        }
