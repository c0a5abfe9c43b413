"""Role machine_guard: what makes a machine unfit, each alone and all at once, and its restart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.lab.user_acts import type_pin
from rollout.lab.windows import restart
from rollout.lab.windows.directory import recovery_key
from rollout.lab.windows.state import PcFolder

#: PC number, what is wrong with it, and what the refusal says about it.
PROBLEMS: dict[int, tuple[dict[str, Any], str]] = {
    14: ({"power_source": "battery"}, "runs on battery: plug it in"),
    15: ({"disk_free_gb": 3}, "only 3 GB free on C:, needs 20"),
    16: ({"tpm_ready": False}, "TPM absent or not ready"),
    17: ({"pending_reboot": True}, "a restart is pending"),
    18: ({"signed_in_user": "MIE\\u000018"}, "MIE\\u000018 is signed in"),
    19: ({}, "recovery key of the encrypted disk is not in the directory"),
    20: ({"model": "Lab PC DK17"}, "is a Lab PC DK17, generation DK20 has Lab PC DK20"),
}


FIT, KEYLESS, UNKEPT, PIN = 335, 336, 337, 338


def pc(bench: Any, number: int) -> PcFolder:
    return PcFolder(bench.folder / "pcs" / f"TSU-PC{number:03d}")


@pytest.fixture(scope="module")
def refused(bench: Any) -> Any:
    for number, (change, _) in PROBLEMS.items():
        with pc(bench, number).change() as state:
            state.update(change)
    pc(bench, 19).directory_file.write_text('{"recovery_keys": []}')
    with pc(bench, 13).change() as state:
        state.update(power_source="battery", disk_free_gb=3, signed_in_user="MIE\\u000013")
    return bench.play("preflight", bench.hosts(13, *PROBLEMS))


@pytest.mark.parametrize("number", PROBLEMS)
def test_a_machine_is_refused_for_each_problem_and_told_what_to_do(
    refused: Any, number: int
) -> None:
    assert PROBLEMS[number][1] in refused.failure(f"m{number}")
    assert ";" not in refused.failure(f"m{number}")
    assert refused.report(f"m{number}") is None


def test_every_problem_is_named_at_once(refused: Any) -> None:
    message = refused.failure("m13")
    for part in ("plug it in", "only 3 GB free", "MIE\\u000013 is signed in"):
        assert part in message


def test_a_pending_restart_is_done_when_allowed_and_only_then_when_it_is_the_one_problem(
    bench: Any, refused: Any, tmp_path: Path
) -> None:
    with pc(bench, 18).change() as state:
        state["pending_reboot"] = True
    before = {n: pc(bench, n).read()["boot_id"] for n in (17, 18)}
    hosts = bench.hosts(17, 18, rollout_epoch=11, machine_guard_restart_when_pending=True)
    check = bench.play("preflight", hosts, "--check")
    assert "a restart is pending" in check.failure("m17")
    assert pc(bench, 17).read()["boot_id"] == before[17]
    play = bench.play("preflight", hosts)
    assert play.report("m17")["step"] == "preflight"
    assert pc(bench, 17).read()["boot_id"] != before[17]
    assert "is signed in" in play.failure("m18")
    assert pc(bench, 18).read()["boot_id"] == before[18]


def test_preflight_is_the_same_in_check_mode_and_changes_nothing_a_second_time(
    bench: Any, refused: Any
) -> None:
    before = {n: bench.snapshot(f"TSU-PC{n:03d}") for n in (14, FIT)}
    check = bench.play("preflight", bench.hosts(14, FIT, rollout_epoch=12), "--check")
    assert PROBLEMS[14][1] in check.failure("m14")
    assert check.report(f"m{FIT}")["step"] == "preflight"
    assert {n: bench.snapshot(f"TSU-PC{n:03d}") for n in (14, FIT)} == before
    first = bench.play("preflight", bench.hosts(FIT, rollout_epoch=12))
    assert first.changed(f"m{FIT}") == {"Refuse a wrong machine or a superseded order"}
    taken = bench.snapshot(f"TSU-PC{FIT}")
    again = bench.play("preflight", bench.hosts(FIT, rollout_epoch=12))
    assert again.report(f"m{FIT}") == first.report(f"m{FIT}")
    assert again.changed(f"m{FIT}") == set()
    assert bench.snapshot(f"TSU-PC{FIT}") == taken


def test_a_disk_without_a_recovery_key_is_refused_unless_keys_are_not_kept(
    bench: Any, refused: Any
) -> None:
    for number in (KEYLESS, UNKEPT):
        with pc(bench, number).change() as state:
            state["bitlocker"] = {"protection": "on", "status": "FullyEncrypted"}
            state["bitlocker"]["protectors"] = [{"type": "Tpm", "id": "{LAB-TPM}"}]
    kept = {"type": "RecoveryPassword", "id": "{00000000-0000-0000-0000-000000000001}"}
    with pc(bench, UNKEPT).change() as state:
        state["bitlocker"]["protectors"].append(kept)
    hosts = bench.hosts(KEYLESS)
    hosts |= bench.hosts(UNKEPT, machine_guard_recovery_key_source="none")
    play = bench.play("preflight", hosts)
    said = play.failure(f"m{KEYLESS}")
    assert "is encrypted and has no recovery key: add one and escrow it" in said
    assert play.report(f"m{UNKEPT}")["step"] == "preflight"


def test_a_machine_that_asks_for_a_pin_is_not_restarted_and_waits_for_its_user(
    bench: Any, refused: Any, until: Callable[[Callable[[], bool]], None]
) -> None:
    with pc(bench, PIN).change() as state:
        state["bitlocker"]["protectors"] = [{"type": "TpmPin", "id": "{LAB-TPM-PIN}"}]
        state["pending_reboot"] = True
    before = pc(bench, PIN).read()["boot_id"]
    hosts = bench.hosts(PIN, machine_guard_restart_when_pending=True)
    assert "a restart is pending" in bench.play("preflight", hosts).failure(f"m{PIN}")
    assert pc(bench, PIN).read()["boot_id"] == before
    restart.order(pc(bench, PIN), 0.0, own=False)
    until(lambda: pc(bench, PIN).read()["power"] == "pin")
    assert not bench.pc(f"TSU-PC{PIN}").powered
    type_pin(bench.folder, f"TSU-PC{PIN}")
    until(lambda: bench.pc(f"TSU-PC{PIN}").powered)
    assert bench.play("preflight", hosts).report(f"m{PIN}")["boot_id"] != before


def test_an_escrow_file_stands_in_for_the_directory(
    bench: Any, refused: Any, tmp_path: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    escrow = tmp_path / "keys.txt"
    escrow.write_text("{00000000-0000-0000-0000-000000000000}\n")
    source = {"machine_guard_recovery_key_source": "file", "machine_guard_escrow_file": str(escrow)}
    play = bench.play("preflight", bench.hosts(19, **source))
    assert "not in the escrow file" in play.failure("m19")
    escrow.write_text(f"{recovery_key(pc(bench, 19).read())}\n".lower())
    assert bench.play("preflight", bench.hosts(19, **source)).report("m19")["step"] == "preflight"
