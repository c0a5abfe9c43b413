"""Role verify: every control measured, each failing one named alone, nothing touched."""

from collections.abc import Callable
from typing import Any

import pytest

from rollout.lab.windows import clock, registry
from rollout.lab.windows.entry import act
from rollout.lab.windows.scripts import direct_access
from rollout.lab.windows.state import PcFolder, State

DNS, TIME = ["198.51.100.53", "198.51.100.54"], ["ntp.platform.lab.invalid"]


def _unset_ring(state: State) -> None:
    registry.delete_key(state, direct_access.RING)


def _keep_key_back(state: State) -> None:
    key = {"type": "RecoveryPassword", "id": "{NOBODY-HAS-IT}"}
    state["bitlocker"] = {"protection": "on", "status": "FullyEncrypted", "protectors": [key]}


#: What is wrong, by the control that must say so: how it is brought about and what it then is.
BROKEN: dict[str, tuple[Callable[[State], Any], str]] = {
    "image": (lambda s: registry.write(s, registry.ROLLOUT, "ImageId", "other"), "other"),
    "winhttp_proxy": (lambda s: s.update(winhttp={"proxy": "old:8080", "bypass": None}), "old"),
    "user_proxy": (lambda s: s["inet"].update(auto_config_url="http://old/p.pac"), "http://old"),
    "policy_proxy": (
        lambda s: registry.write(s, registry.PROXY_POLICY, "ProxyServer", "old:8080"),
        "old:8080",
    ),
    "firewall": (lambda s: s["firewall"].update(public=False), "off: public"),
    "dns": (lambda s: s.update(dns=["192.0.2.53"]), "192.0.2.53"),
    "time": (lambda s: s.update(time_servers=["old.invalid"]), "old.invalid"),
    "edr_service": (lambda s: s["services"]["Sense"].update(state="stopped"), "stopped"),
    "edr_onboarding": (lambda s: s.update(edr={"onboarded_at": None}), "not onboarded"),
    "antivirus": (lambda s: s["antivirus"].update(signature_age_days=30), "30 days old"),
    "updates": (lambda s: s["updates"].update(installed_days_ago=99), "installed 99 days ago"),
    "update_ring": (_unset_ring, "none"),
    "tpm": (lambda s: s.update(tpm_ready=False), "False"),
    "secure_boot": (lambda s: s["firmware"].update(secure_boot=False), "off"),
    "disk_encryption": (_keep_key_back, "on, key not escrowed"),
    "resident_data": (lambda s: None, "1 files"),
}
PCS = dict(zip(BROKEN, range(301, 301 + len(BROKEN)), strict=True))
FIT, TOLERATED = 317, 318


def make_fit(pc: PcFolder) -> None:
    """What connect leaves behind."""
    act(pc, "ansible.windows.win_http_proxy", {}, check_mode=False)
    with pc.change() as state:
        registry.delete_key(state, registry.PROXY_POLICY)
        state["inet"] = dict.fromkeys(state["inet"]) | {"auto_detect": False}
        state.update(dns=DNS, time_servers=TIME, edr={"onboarded_at": clock.now()})
        state["services"]["Sense"].update(start_mode="auto", state="running")
        for name in ("DeferQualityUpdatesPeriodInDays", "DeferFeatureUpdatesPeriodInDays"):
            registry.write(state, direct_access.RING, name, 7, "dword")


@pytest.fixture(scope="module")
def measured(bench: Any) -> dict[str, Any]:
    """The outcome with everything fit but one control on each PC, and a second run on a fit one."""
    bench.give_new_system(*PCS.values(), FIT, TOLERATED)
    for number in (*PCS.values(), FIT, TOLERATED):
        make_fit(bench.folder_of(number))
    for control, (break_it, _) in BROKEN.items():
        with bench.folder_of(PCS[control]).change() as state:
            break_it(state)
    desk = bench.folder_of(PCS["resident_data"]).disk / "Users" / "Public"
    (desk / "写し 個人番号.csv").write_text("x")
    with bench.folder_of(TOLERATED).change() as state:
        state["updates"]["installed_days_ago"] = 99
    hosts = bench.hosts(*PCS.values(), FIT)
    hosts |= bench.hosts(TOLERATED, verify_tolerated_controls=["updates"])
    plays = {"first": bench.play("verify", hosts)}
    before = bench.snapshot(f"TSU-PC{FIT}")
    plays["again"] = bench.play("verify", bench.hosts(FIT))
    plays["check"] = bench.play("verify", bench.hosts(FIT, rollout_epoch=11), "--check")
    plays["untouched"] = bench.snapshot(f"TSU-PC{FIT}") == before
    return plays


def verdicts(play: Any, number: int) -> dict[str, str]:
    return {line["control"]: line["verdict"] for line in play.report(f"m{number}")["evidence"]}


@pytest.mark.parametrize("control", BROKEN)
def test_a_control_that_fails_is_named_with_what_it_is_and_no_other(
    measured: dict[str, Any], control: str
) -> None:
    play = measured["first"]
    assert play.report(f"m{PCS[control]}") is None
    said = play.failure(f"m{PCS[control]}")
    assert said.startswith(f"Controls failed: {control} is ")
    assert BROKEN[control][1] in said
    assert ";" not in said


def test_a_fit_machine_passes_and_what_comes_later_is_pending(measured: dict[str, Any]) -> None:
    found = verdicts(measured["first"], FIT)
    assert set(found) == {"serial", *BROKEN}
    assert found.pop("disk_encryption") == "pending"
    assert found.pop("edr_onboarding") in ("pending", "pass")
    assert set(found.values()) == {"pass"}


def test_a_tolerated_control_stays_a_failure_in_the_evidence_and_stops_nobody(
    measured: dict[str, Any],
) -> None:
    assert verdicts(measured["first"], TOLERATED)["updates"] == "fail"


def test_measuring_changes_nothing_a_second_time_or_in_check_mode(measured: dict[str, Any]) -> None:
    assert measured["again"].stats[f"m{FIT}"]["changed"] == 0
    assert verdicts(measured["check"], FIT) == verdicts(measured["again"], FIT)
    assert measured["untouched"]
