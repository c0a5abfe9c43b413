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


def pc(bench: Any, number: int) -> PcFolder:
    return PcFolder(bench.folder / "pcs" / f"TSU-PC{number:03d}")


def users(bench: Any, number: int) -> dict[str, bytes]:
    root = pc(bench, number).disk / "Users"
    return {str(f.relative_to(root)): f.read_bytes() for f in root.rglob("*") if f.is_file()}


def sign_in_to_onedrive(bench: Any, number: int, **account: Any) -> None:
    with pc(bench, number).change() as state:
        (user,) = state["users"]
        full = {"protected": list(cloud.KNOWN_FOLDERS), "sync": "up to date"}
        state["onedrive"] = {user: full | account}


def methods(bench: Any) -> dict[str, Any]:
    one = {"user_state_method": "onedrive", "user_state_onedrive_allow_outside": True}
    one["user_state_onedrive_tenant_id"] = TENANT
    return bench.hosts(21, **one) | bench.hosts(22, user_state_method="usmt")


@pytest.fixture(scope="module")
def moved(bench: Any, until: Until) -> dict[str, Any]:
    """PC 21 by OneDrive and PC 22 by USMT: captured, reimaged, restored."""
    outcome: dict[str, Any] = {"before": {n: users(bench, n) for n in (21, 22)}}
    bench.daemon.epoch = 10
    sign_in_to_onedrive(bench, 21)
    outcome["check"] = bench.play("capture", methods(bench), "--check")
    outcome["copies after check"] = [n for n in (21, 22) if (bench.work / f"copies/m{n}").exists()]
    outcome["capture"] = bench.play("capture", methods(bench))
    outcome["capture again"] = bench.play("capture", methods(bench))
    outcome["reimage"] = bench.play("reimage", methods(bench))
    for serial in ("5CD00021", "5CD00022"):
        until(lambda serial=serial: bool(bench.daemon.heard("/v1/check-in", serial)))
    until(lambda: all(bench.pc(f"TSU-PC0{n}").powered for n in (21, 22)))
    outcome["restore"] = bench.play("restore", methods(bench))
    outcome["restore again"] = bench.play("restore", methods(bench))
    return outcome


def test_each_method_captures_reimages_and_restores(moved: dict[str, Any]) -> None:
    for step in ("capture", "reimage", "restore"):
        assert moved[step].code == 0, moved[step].text
        for host in ("m21", "m22"):
            assert moved[step].report(host)["step"] == step
    for host in ("m21", "m22"):
        captured, restored = moved["capture"].report(host), moved["restore"].report(host)
        assert captured["files"] > 0
        for key in ("files", "bytes", "digest"):
            assert captured[key] == restored[key]


def test_a_second_run_changes_nothing(moved: dict[str, Any]) -> None:
    for step in ("capture again", "restore again"):
        assert {moved[step].stats[host]["changed"] for host in ("m21", "m22")} == {0}


def test_check_mode_keeps_nothing_and_says_what_it_can(moved: dict[str, Any]) -> None:
    assert moved["check"].code == 0, moved["check"].text
    assert moved["copies after check"] == []
    assert moved["check"].report("m21")["files"] == moved["capture"].report("m21")["files"]


def test_usmt_brings_everything_back(bench: Any, moved: dict[str, Any]) -> None:
    assert users(bench, 22) == moved["before"][22]


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
    hosts = (
        bench.hosts(23, 24, user_state_method="onedrive")
        | bench.hosts(25, 26, user_state_method="usmt")
        | bench.hosts(27)
    )
    play = bench.play("capture", hosts)
    expected = {
        "m23": ["OneDrive is not signed in", "files lie outside OneDrive"],
        "m24": ["Documents is not in OneDrive", "OneDrive is not up to date"],
        "m25": ["Entra-joined, which USMT does not support"],
        "m26": ["scanstate ended with 3 (files were skipped under /c)"],
        "m27": ["robocopy of", "ended with 8"],
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
