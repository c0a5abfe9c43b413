"""Whatever the ledger holds arrives as the same text and is never evaluated."""

from pathlib import Path
from typing import Any


def test_ugly_serials_pass_the_guard_unchanged_and_unevaluated(
    bench: Any, ugly_serials: tuple[str, ...]
) -> None:
    mark = Path("/tmp/rollout-evaluated")
    mark.unlink(missing_ok=True)
    numbers = range(30, 30 + len(ugly_serials))
    play = bench.play("preflight", bench.hosts(*numbers))
    assert play.code == 0, play.text
    assert [play.report(f"m{n}")["serial"] for n in numbers] == list(ugly_serials)
    assert not mark.exists()


def test_an_ugly_serial_survives_arming_boot_and_check_in(
    bench: Any, until: Any, ugly_serials: tuple[str, ...]
) -> None:
    bench.daemon.epoch = 10
    numbers = range(30, 30 + len(ugly_serials))
    assert bench.play("capture", bench.hosts(*numbers)).code == 0
    play = bench.play("reimage", bench.hosts(*numbers))
    assert play.code == 0, play.text
    for serial in ugly_serials:
        until(lambda serial=serial: bool(bench.daemon.heard("/v1/check-in", serial)))
        assert len(bench.daemon.heard("/v1/arm", serial)) == 1
    folders = {path.name for path in (bench.work / "copies").iterdir()}
    assert {f"m{n}" for n in numbers} <= folders
    assert all(name.startswith("m") for name in folders)
