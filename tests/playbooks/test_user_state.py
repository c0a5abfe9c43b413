"""Role user_state: three ways to keep the files, their codes and refusals, the copy's end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.lab.faults import clear_fault, set_fault
from rollout.lab.user_acts import sign_in
from rollout.lab.windows import cloud
from rollout.lab.windows.state import PcFolder

TENANT = "11111111-2222-3333-4444-555555555555"
Until = Callable[[Callable[[], bool]], None]
PCS = (21, 22, 28)
HOSTS = [f"m{number}" for number in PCS]
FACTS = ("files", "bytes", "digest")
#: Machines whose capture is refused, and those whose copy is damaged before it is asked for again.
STALE_CLOUD, NO_USMT, BUSY, ALREADY = 361, 362, 363, (364, 365, 366)
CHANGED, STORE, STRANGER, NONE_KEPT, OTHER_WAY, JOINED, NO_TENANT, FEWER = range(367, 375)


def pc(bench: Any, number: int) -> PcFolder:
    return PcFolder(bench.folder / "pcs" / f"TSU-PC{number:03d}")


def users(bench: Any, number: int) -> dict[str, bytes]:
    root = pc(bench, number).disk / "Users"
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


def _without_epoch(bench: Any, number: int) -> Any:
    state = pc(bench, number).read()
    return users(bench, number), {**state, "registry": None}, state["registry"].keys()


def sign_in_to_onedrive(bench: Any, number: int, **account: Any) -> None:
    with pc(bench, number).change() as state:
        (user,) = state["users"]
        full = {"protected": list(cloud.KNOWN_FOLDERS), "sync": "up to date"}
        state["onedrive"] = {user: full | account}


def methods(bench: Any) -> dict[str, Any]:
    one = {"user_state_method": "onedrive", "user_state_onedrive_allow_outside": True}
    one["user_state_onedrive_tenant_id"] = TENANT
    return bench.hosts(21, **one) | bench.hosts(22, user_state_method="usmt") | bench.hosts(28)


@pytest.fixture(scope="module")
def moved(bench: Any, until: Until) -> dict[str, Any]:
    """PC 21 by OneDrive, PC 22 by USMT, PC 28 by copy: captured, reimaged, restored."""
    outcome: dict[str, Any] = {"before": {n: users(bench, n) for n in PCS}}
    bench.daemon.epoch = 10
    sign_in_to_onedrive(bench, 21)
    outcome["check"] = bench.play("capture", methods(bench), "--check")
    outcome["copies after check"] = [n for n in PCS if (bench.work / f"copies/m{n}").exists()]
    outcome["capture"] = bench.play("capture", methods(bench))
    outcome["capture again"] = bench.play("capture", methods(bench))
    outcome["reimage"] = bench.play("reimage", methods(bench))
    for serial in [f"5CD000{n}" for n in PCS]:
        until(lambda serial=serial: bool(bench.daemon.heard("/v1/check-in", serial)))
    until(lambda: all(bench.pc(f"TSU-PC0{n}").powered for n in PCS))
    before = {n: _without_epoch(bench, n) for n in PCS}
    outcome["restore check"] = bench.play("restore", methods(bench), "--check")
    outcome["untouched"] = {n: _without_epoch(bench, n) for n in PCS} == before
    outcome["restore"] = bench.play("restore", methods(bench))
    outcome["restore again"] = bench.play("restore", methods(bench))
    return outcome


def test_each_method_captures_reimages_and_restores(moved: dict[str, Any]) -> None:
    for step in ("capture", "reimage", "restore"):
        assert moved[step].code == 0, moved[step].text
        for host in HOSTS:
            assert moved[step].report(host)["step"] == step
    for host in HOSTS:
        captured, restored = moved["capture"].report(host), moved["restore"].report(host)
        assert captured["files"] > 0
        assert [captured[key] for key in FACTS] == [restored[key] for key in FACTS]


def test_a_second_run_changes_nothing(moved: dict[str, Any]) -> None:
    for step in ("capture again", "restore again"):
        assert {moved[step].stats[host]["changed"] for host in HOSTS} == {0}


def test_check_mode_keeps_nothing_and_says_what_it_can(moved: dict[str, Any]) -> None:
    assert moved["check"].code == 0, moved["check"].text
    assert moved["copies after check"] == []
    for host in ("m21", "m28"):
        assert moved["check"].report(host)["files"] == moved["capture"].report(host)["files"]
    assert moved["check"].text.count("what USMT gathers is known only after it has run") == 1


def test_check_mode_of_restore_proves_the_copy_and_brings_nothing(moved: dict[str, Any]) -> None:
    assert moved["untouched"]
    for host in HOSTS:
        told, kept = moved["restore check"].report(host), moved["capture"].report(host)
        assert [told[key] for key in FACTS] == [kept[key] for key in FACTS]


@pytest.mark.parametrize("number", [22, 28])
def test_usmt_and_the_copy_bring_everything_back(
    bench: Any, moved: dict[str, Any], number: int
) -> None:
    assert users(bench, number) == moved["before"][number]


def test_onedrive_brings_the_known_folders_at_the_sign_in(
    bench: Any, moved: dict[str, Any]
) -> None:
    before = moved["before"][21]
    (user,) = {name.partition("/")[0] for name in before if not name.startswith("Public")}
    assert users(bench, 21) == {}
    sign_in(bench.folder, "TSU-PC021", user)
    known = tuple(f"{user}/{name}/" for name in cloud.KNOWN_FOLDERS)
    assert users(bench, 21) == {n: c for n, c in before.items() if n.startswith(known)}


def test_every_refusal_of_capture_names_its_cause(bench: Any) -> None:
    sign_in_to_onedrive(bench, 24, sync="uploading", protected=["Desktop"])
    with pc(bench, 25).change() as state:
        state["join"] = "entra"
    set_fault(bench.folder, "TSU-PC026", usmt_code=3)
    set_fault(bench.folder, "TSU-PC027", robocopy_code=8)
    sign_in_to_onedrive(bench, STALE_CLOUD, told_hours_ago=25)
    (pc(bench, NO_USMT).disk / "ProgramData/rollout/usmt/amd64/scanstate.exe").unlink()
    set_fault(bench.folder, f"TSU-PC{BUSY}", file_in_use=True)
    bench.give_new_system(*ALREADY)
    onedrive, usmt, copy = ALREADY
    hosts = (
        bench.hosts(23, 24, STALE_CLOUD, onedrive, user_state_method="onedrive")
        | bench.hosts(25, 26, NO_USMT, usmt, user_state_method="usmt")
        | bench.hosts(27, BUSY, copy)
    )
    new = "already runs the new image platform-2023.1"
    play = bench.play("capture", hosts)
    expected = {
        "m23": ["OneDrive is not signed in", "files lie outside OneDrive"],
        "m24": ["Documents is not in OneDrive", "OneDrive is not up to date"],
        "m25": ["Entra-joined, which USMT does not support"],
        "m26": ["scanstate ended with 3 (files were skipped under /c)"],
        "m27": ["robocopy of", "ended with 8"],
        f"m{STALE_CLOUD}": ["OneDrive has not told its state for 24 h: let the user sign in"],
        f"m{NO_USMT}": ["scanstate.exe on this PC. Stage USMT from the Windows ADK"],
        f"m{BUSY}": ["differs from the machine", "Close open programs and run capture again"],
        **{f"m{number}": [new] for number in ALREADY},
    }
    for host, parts in expected.items():
        assert play.report(host) is None
        for part in parts:
            assert part in play.failure(host)
    accepted = bench.hosts(26, user_state_method="usmt", user_state_usmt_accept_skipped=True)
    set_fault(bench.folder, "TSU-PC027", robocopy_code=3)
    play = bench.play("capture", accepted | bench.hosts(27))
    assert play.code == 0, play.text
    for name in ("TSU-PC026", "TSU-PC027"):
        clear_fault(bench.folder, name)


@pytest.fixture(scope="module")
def damaged(bench: Any) -> Any:
    """What restore, and before it the reimage, say of copies that are not what capture recorded."""
    usmt = {"user_state_method": "usmt"}
    kept = bench.hosts(CHANGED, STRANGER, OTHER_WAY, FEWER) | bench.hosts(STORE, JOINED, **usmt)
    cloud_only = {"user_state_method": "onedrive", "user_state_onedrive_allow_outside": True}
    kept |= bench.hosts(NO_TENANT, **cloud_only)
    sign_in_to_onedrive(bench, NO_TENANT)
    capture = bench.play("capture", kept)
    assert capture.code == 0, capture.text
    copies = {n: bench.work / "copies" / f"m{n}" for n in (CHANGED, STORE, STRANGER, FEWER)}
    # Of the same length: only the content tells.
    empty = {file for file in copies[CHANGED].rglob("*") if file.is_file() and file.stat().st_size}
    victim = next(file for file in sorted(empty) if file.name != "current.json")
    victim.write_bytes(bytes(victim.stat().st_size))
    store = next(copies[STORE].rglob("USMT.MIG"))
    store.write_bytes(store.read_bytes()[:-1] + b"!")
    record = copies[STRANGER] / "current.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"serial": "SOMEBODY"}))
    next(f for f in copies[FEWER].rglob("*.*") if f.is_file() and f.name != "current.json").unlink()
    with pc(bench, JOINED).change() as state:
        state["join"] = "entra"
    asked = kept | bench.hosts(NONE_KEPT)
    asked |= bench.hosts(OTHER_WAY, **usmt)
    before = {host: users(bench, int(host[1:])) for host in asked}
    restore = bench.play("restore", asked)
    assert {host: users(bench, int(host[1:])) for host in asked} == before
    return restore


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (CHANGED, "is not what capture recorded. Nothing was restored"),
        (STORE, "is not what capture recorded. Nothing was restored"),
        (FEWER, "is not what capture recorded. Nothing was restored"),
        (STRANGER, "is of the machine with serial SOMEBODY, not 5CD00369"),
        (NONE_KEPT, "there is no verified copy of this machine's user data"),
        (OTHER_WAY, "is file_server of serial 5CD00371, not USMT of 5CD00371"),
        (JOINED, "is Entra-joined, which USMT does not support. The store stays"),
        (NO_TENANT, "user_state_onedrive_tenant_id is no tenant id"),
    ],
)
def test_a_copy_that_is_not_what_capture_recorded_is_not_restored(
    damaged: Any, number: int, why: str
) -> None:
    assert damaged.report(f"m{number}") is None
    assert why in damaged.failure(f"m{number}")


def test_another_method_than_capture_used_is_refused_before_anything_is_armed(bench: Any) -> None:
    play = bench.play("reimage", bench.hosts(26, rollout_epoch=11))
    assert "capture kept the user data by usmt, this order expects file_server" in play.failure(
        "m26"
    )
    assert not bench.daemon.heard("/v1/arm", "5CD00026")


def test_the_copy_is_released_after_its_time_and_never_before_the_files_are_back(
    bench: Any, moved: dict[str, Any]
) -> None:
    hosts = bench.hosts(22, 26, rollout_epoch=20)
    play = bench.play("release", hosts)
    assert "is to be kept until" in play.failure("m22")
    assert "never restored: it may be the only one" in play.failure("m26")
    record = bench.work / "copies" / "m22" / "current.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"keep_until": "2022-04-14"}))
    assert bench.play("release", hosts, "--check", "--limit", "m22").code == 0
    assert record.exists()
    assert bench.play("release", hosts, "--limit", "m22").report("m22")["released"]
    assert not Path(record.parent).exists()
    again = bench.play("release", hosts, "--limit", "m22")
    assert again.report("m22")["released"] == ""
    assert again.stats["m22"]["changed"] == 0
