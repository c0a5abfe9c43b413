"""What the machine refuses, and that a refusal changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from rollout.lab.faults import clear_fault, set_fault
from rollout.lab.wipes import wipes

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture(scope="module")
def followed(bench: Any) -> None:
    """PC 4 has followed order 12."""
    assert bench.play("preflight", bench.hosts(4, rollout_epoch=12)).code == 0


@pytest.mark.parametrize("step", ["capture", "reimage", "connect"])
def test_wrong_serial_and_stale_epoch_are_refused_and_nothing_is_touched(
    bench: Any, followed: None, step: str
) -> None:
    before = {n: bench.snapshot(f"TSU-PC00{n}") for n in (3, 4)}
    hosts = bench.hosts(3, rollout_serial="5CD99999") | bench.hosts(4, rollout_epoch=11)
    play = bench.play(step, hosts)
    assert play.code == 2
    assert "serial 5CD00003, the ledger says 5CD99999" in play.failure("m3")
    assert "epoch 11, the machine has already followed epoch 12" in play.failure("m4")
    assert play.report("m3") is None
    assert play.report("m4") is None
    assert {n: bench.snapshot(f"TSU-PC00{n}") for n in (3, 4)} == before
    assert not bench.daemon.heard("/v1/arm", "5CD99999")
    assert not bench.daemon.heard("/v1/arm", "5CD00004")


def test_reimage_without_a_verified_copy_is_refused_before_it_arms(bench: Any) -> None:
    play = bench.play("reimage", bench.hosts(5))
    assert "no verified copy" in play.failure("m5")
    assert play.report("m5") is None
    assert not bench.daemon.heard("/v1/arm", "5CD00005")
    assert bench.pc("TSU-PC005").wipes == 0


def test_reimage_stops_when_the_deployment_server_does_not_arm(bench: Any) -> None:
    bench.play("capture", bench.hosts(6))
    boot_id = bench.pc("TSU-PC006").boot_id
    bench.daemon.refusal = "wave 3 is halted"
    try:
        play = bench.play("reimage", bench.hosts(6))
    finally:
        bench.daemon.refusal = None
    assert "wave 3 is halted" in play.failure("m6")
    assert play.report("m6") is None
    assert bench.pc("TSU-PC006").boot_id == boot_id
    assert wipes(bench.folder, "TSU-PC006") == []


def test_a_damaged_copy_stops_the_reimage(bench: Any) -> None:
    bench.play("capture", bench.hosts(7))
    kept = next(f for f in (bench.work / "copies" / "m7").rglob("*空のファイル*"))
    kept.unlink()
    play = bench.play("reimage", bench.hosts(7))
    assert "Run capture again" in play.failure("m7")
    assert not bench.daemon.heard("/v1/arm", "5CD00007")


def test_verify_fails_a_machine_of_the_old_network_and_names_the_controls(bench: Any) -> None:
    play = bench.play("verify", bench.hosts(9))
    assert play.report("m9") is None
    for control in ("image is office-dk20-2019", "winhttp_proxy", "user_proxy", "policy_proxy"):
        assert control in play.failure("m9")


def test_a_reimage_that_only_claims_to_restart_leaves_the_machine_as_it_was(
    bench: Any,
) -> None:
    bench.play("capture", bench.hosts(10))
    set_fault(bench.folder, "TSU-PC010", no_boot=True)
    before = bench.pc("TSU-PC010").boot_id
    play = bench.play("reimage", bench.hosts(10))
    assert play.report("m10") == {
        "step": "reimage",
        "epoch": 10,
        "boot_id": before,
        "armed": True,
    }
    probe = bench.play("probe", bench.hosts(10)).report("m10")
    assert (probe["boot_id"], probe["stamp_epoch"]) == (before, 0)
    assert wipes(bench.folder, "TSU-PC010") == []
    clear_fault(bench.folder, "TSU-PC010")


def test_a_second_network_boot_after_the_install_starts_the_disk(bench: Any, until: Until) -> None:
    bench.daemon.epoch = 10
    bench.play("capture", bench.hosts(11))
    bench.play("reimage", bench.hosts(11))
    until(lambda: bool(bench.daemon.heard("/v1/check-in", "5CD00011")))
    until(lambda: bench.pc("TSU-PC011").powered)
    first = bench.pc("TSU-PC011")
    # The restart alone, without arming: the deployment server answers "local".
    play = bench.play(_restart_only(bench.work), bench.hosts(11, rollout_epoch=11))
    assert play.code == 0, play.text
    until(lambda: bench.pc("TSU-PC011").boot_id != first.boot_id)
    assert bench.pc("TSU-PC011").image_id == first.image_id
    assert len(bench.daemon.heard("/v1/boot", "5CD00011")) == 2
    assert [wipe.epoch for wipe in wipes(bench.folder, "TSU-PC011")] == [10]


def _restart_only(work: Any) -> Any:
    from pathlib import Path

    script = Path(__file__).resolve().parents[2] / (
        "playbooks/roles/reimage/files/network-boot-once.ps1"
    )
    playbook = work / "restart.yml"
    playbook.write_text(
        "- hosts: all\n"
        "  gather_facts: false\n"
        "  tasks:\n"
        "    - ansible.windows.win_powershell:\n"
        f"        path: {script}\n"
        "        parameters:\n"
        "          DelaySeconds: 5\n"
    )
    return playbook


def test_a_failing_step_of_the_scenario_fails_in_its_work_not_in_the_guard(bench: Any) -> None:
    set_fault(bench.folder, "TSU-PC012", fails_at="capture")
    assert bench.play("preflight", bench.hosts(12)).code == 0
    play = bench.play("capture", bench.hosts(12))
    assert "failed at step capture" in play.failure("m12")
    clear_fault(bench.folder, "TSU-PC012", "fails_at")
    assert bench.play("capture", bench.hosts(12)).code == 0


def test_check_mode_touches_nothing_and_says_where_it_must_stop(bench: Any) -> None:
    before = bench.snapshot("TSU-PC107")
    enable = bench.play("enable", bench.hosts(107), "--check")
    evidence = {line["control"]: line["verdict"] for line in enable.report("m107")["evidence"]}
    assert evidence["encryption_pin"] == "pending"
    connect = bench.play("connect", bench.hosts(107), "--check")
    said = connect.failure("m107")
    assert "Check mode ends here: this PC runs office-dk20-2019, not yet platform-2023.1" in said
    assert bench.snapshot("TSU-PC107") == before
