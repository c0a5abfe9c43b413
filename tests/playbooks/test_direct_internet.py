"""Role direct_internet: each old setting mended alone, services told, proof by real requests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.lab.windows import registry
from rollout.lab.windows.scripts.direct_access import RING
from rollout.lab.windows.state import State

SERVICES = "Start endpoint detection and response"
WINHTTP = "Remove the proxy of Windows services"
SCRIPT = "Remove the other proxies and protect the open connection"
UPDATE, TIME = "Restart the update service", "Restart the time service"
OLD = "old.invalid:8080"


def _proxy_policy(state: State) -> None:
    registry.write(state, registry.PROXY_POLICY, "ProxyServer", OLD)


#: What is set back on a machine that was mended, and the tasks that must then change something.
SET_BACK: dict[str, tuple[Callable[[State], Any], set[str]]] = {
    "winhttp": (lambda s: s.update(winhttp={"proxy": OLD, "bypass": None}), {WINHTTP, UPDATE}),
    "configuration script": (lambda s: s["inet"].update(auto_config_url=OLD), {SCRIPT, UPDATE}),
    "proxy of users": (lambda s: s["inet"].update(proxy=OLD), {SCRIPT, UPDATE}),
    "policy": (_proxy_policy, {SCRIPT, UPDATE}),
    "name servers": (lambda s: s.update(dns=["192.0.2.53"]), {SCRIPT}),
    "time servers": (lambda s: s.update(time_servers=["old"]), {SCRIPT, TIME}),
    "firewall": (lambda s: s["firewall"].update(domain=False), {SCRIPT}),
    "update ring": (lambda s: registry.delete_key(s, RING), {SCRIPT}),
    "onboarding": (lambda s: s.update(edr={"onboarded_at": None}), {SCRIPT}),
    "edr service": (lambda s: s["services"]["Sense"].update(state="stopped"), {SERVICES}),
}
PCS = dict(zip(SET_BACK, range(321, 321 + len(SET_BACK)), strict=True))
CERTIFICATE, BAD_PROBE, NO_ANSWER, NO_EDR = 331, 332, 333, 334


@pytest.fixture(scope="module")
def plays(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All PCs mended once; then each with one thing set back; then nothing, twice."""
    numbers = (*PCS.values(), CERTIFICATE, BAD_PROBE, NO_ANSWER, NO_EDR)
    bench.give_new_system(*numbers)
    with bench.folder_of(NO_EDR).change() as state:
        del state["services"]["Sense"]
    pem = tmp_path_factory.mktemp("ca") / "ca.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\nTEFC\n-----END CERTIFICATE-----\n")
    hosts = bench.hosts(*PCS.values(), NO_EDR)
    hosts |= bench.hosts(BAD_PROBE, direct_internet_probe_urls=[f"{bench.daemon.url}/v1/none"])
    hosts |= bench.hosts(NO_ANSWER, direct_internet_probe_urls=["http://127.0.0.1:1/"])
    hosts |= bench.hosts(CERTIFICATE, direct_internet_certificate_files=[str(pem)])
    told = {"mended": bench.play("connect", hosts)}
    for name, (set_back, _) in SET_BACK.items():
        with bench.folder_of(PCS[name]).change() as state:
            set_back(state)
    one = {f"m{number}": hosts[f"m{number}"] for number in (*PCS.values(), CERTIFICATE)}
    told["one thing"] = bench.play("connect", one)
    # Check mode on the new system: everything is as it should be, so the proof is made as well.
    before = bench.snapshot(f"TSU-PC{CERTIFICATE}")
    with bench.folder_of(PCS["time servers"]).change() as state:
        state["time_servers"] = ["old"]
    wrong = bench.snapshot(f"TSU-PC{PCS['time servers']}")
    pair = (f"m{CERTIFICATE}", f"m{PCS['time servers']}")
    told["check"] = bench.play("connect", {name: hosts[name] for name in pair}, "--check")
    told["untouched"] = (
        bench.snapshot(f"TSU-PC{CERTIFICATE}") == before
        and bench.snapshot(f"TSU-PC{PCS['time servers']}") == wrong
    )
    return told


def test_a_new_system_is_opened_and_proves_it(bench: Any, plays: dict[str, Any]) -> None:
    for number in (*PCS.values(), CERTIFICATE):
        report = plays["mended"].report(f"m{number}")
        assert report["probes"] == {f"{bench.daemon.url}/v1/health": 200}
        assert plays["mended"].changed(f"m{number}") >= {WINHTTP, SCRIPT, SERVICES, UPDATE, TIME}
    assert bench.folder_of(CERTIFICATE).read()["certificates"]


@pytest.mark.parametrize("name", SET_BACK)
def test_one_old_setting_is_mended_alone_and_only_its_services_are_restarted(
    bench: Any, plays: dict[str, Any], name: str
) -> None:
    assert plays["one thing"].report(f"m{PCS[name]}") is not None, plays["one thing"].text
    assert plays["one thing"].changed(f"m{PCS[name]}") == SET_BACK[name][1]


def test_a_second_run_changes_nothing(plays: dict[str, Any]) -> None:
    assert plays["one thing"].report(f"m{CERTIFICATE}") is not None
    assert plays["one thing"].changed(f"m{CERTIFICATE}") == set()


def test_check_mode_says_what_would_change_and_changes_nothing(plays: dict[str, Any]) -> None:
    assert plays["check"].code == 0, plays["check"].text
    assert plays["check"].changed(f"m{CERTIFICATE}") == set()
    assert plays["check"].changed(f"m{PCS['time servers']}") == {SCRIPT, TIME}
    assert plays["untouched"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (BAD_PROBE, "Status code of request '404' is not in list of valid status codes"),
        (NO_ANSWER, "Unhandled exception occurred when sending web request: http://127.0.0.1:1/"),
        (NO_EDR, "Cannot find service 'Sense'"),
    ],
)
def test_without_proof_or_protection_the_step_is_not_done(
    plays: dict[str, Any], number: int, why: str
) -> None:
    assert plays["mended"].report(f"m{number}") is None
    assert why in plays["mended"].failure(f"m{number}")
    # Whatever fails later, the services have heard of what was changed: the next run would not say.
    assert plays["mended"].changed(f"m{number}") >= {UPDATE, TIME}


def test_the_onboarding_script_is_in_no_output(bench: Any, plays: dict[str, Any]) -> None:
    script = Path(bench.folder / "edr-onboarding.cmd").read_text()
    assert script.strip() not in plays["mended"].text
    assert "censored" in plays["mended"].text
