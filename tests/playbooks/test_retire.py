"""Role retire: nothing is erased early, and what is erased has its certificate."""

import json
from collections.abc import Callable
from typing import Any

from rollout.lab.windows.state import PcFolder


def test_a_superseded_machine_is_erased_after_its_retention_and_not_before(
    bench: Any, until: Callable[[Callable[[], bool]], None]
) -> None:
    folder = bench.work / "certificates"
    folder.mkdir()
    common = {"retire_certificate_folder": str(folder), "retire_operator": "operator"}
    done = common | {"retire_successor_in_use": True, "retire_retain_until": "2022-04-14"}
    done |= {"retire_return_due": "2023-06-30"}
    early = done | {"retire_retain_until": "2099-01-01"}
    # The programme's day, whatever the controller's clock says.
    sooner = done | {"retire_today": "2022-04-14"}
    asked = bench.hosts(105, **sooner) | bench.hosts(106, **early) | bench.hosts(107, **common)
    refused = bench.play("retire", asked)
    assert "is retained until 2022-04-14" in refused.failure("m105")
    assert "is retained until 2099-01-01" in refused.failure("m106")
    assert "a day that nobody has set and its successor is not in use" in refused.failure("m107")
    pc = PcFolder(bench.folder / "pcs" / "TSU-PC108")
    before = bench.snapshot("TSU-PC108")
    check = bench.play("retire", bench.hosts(108, **done), "--check")
    assert check.code == 0, check.text
    assert bench.snapshot("TSU-PC108") == before
    assert list(folder.iterdir()) == []
    play = bench.play("retire", bench.hosts(108, **done))
    assert play.code == 0, play.text
    until(lambda: pc.read()["power"] == "erased")
    assert not pc.disk.exists()
    certificate = json.loads((folder / "m108-e10.json").read_text())
    assert play.report("m108")["certificate"] == str(folder / "m108-e10.json")
    assert certificate["return_due"] == "2023-06-30"
    assert certificate["erasure"]["disks"][0]["serial"] == "D-5CD00108"
    assert certificate["confirmed"] is False
    assert bench.pc("TSU-PC106").powered


def test_by_network_it_is_armed_for_its_serial_and_restarted(
    bench: Any, until: Callable[[Callable[[], bool]], None]
) -> None:
    done = {"retire_successor_in_use": True, "retire_retain_until": "2022-04-14"}
    wrong = bench.play("retire", bench.hosts(29, **done, retire_method="hammer"))
    assert "not wipe or network" in wrong.failure("m29")
    check = bench.play("retire", bench.hosts(29, **done, retire_method="network"), "--check")
    assert check.code == 0, check.text
    serial = bench.hosts(29)["m29"]["rollout_serial"]
    assert bench.daemon.heard("/v1/arm", serial) == []
    bench.daemon.gives_no_order = True
    try:
        play = bench.play("retire", bench.hosts(29, **done, retire_method="network"))
        assert play.code == 0, play.text
        until(lambda: len(bench.daemon.heard("/v1/boot", serial)) == 1)
    finally:
        bench.daemon.gives_no_order = False
    (armed,) = bench.daemon.heard("/v1/arm", serial)
    report = play.report("m29")
    assert report["boot_id"] == armed["boot_id"]
    assert report["erasure"] == {"method": "overwritten over the network"}
    assert report["certificate"] == ""
    assert bench.folder_of(29).disk.exists(), "ordered, and nothing more"
