"""The simulated Windows: registry, paths, services, proxies, installation."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.lab.faults import check, load_scenario, set_fault
from rollout.lab.pcs import LabPc
from rollout.lab.windows import image, registry
from rollout.lab.windows.entry import act
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.paths import to_file
from rollout.lab.windows.state import PcFolder, State
from rollout.lab.wipes import of_pc


def regedit(pc: PcFolder, **arguments: Any) -> dict[str, Any]:
    return act(pc, "ansible.windows.win_regedit", arguments, check_mode=False)


def test_a_registry_value_is_found_whatever_the_case_of_key_and_name(pc: PcFolder) -> None:
    assert regedit(pc, path=r"HKLM:\Software\Áb", name="Wert", data="x")["changed"]
    assert registry.value(pc.read(), r"hklm:\SOFTWARE\áB", "wERT") == "x"
    assert not regedit(pc, path=r"HKLM:\SOFTWARE\ÁB", name="WERT", data="x")["changed"]


def test_a_changed_type_or_data_is_told_apart(pc: PcFolder) -> None:
    regedit(pc, path="HKLM:\\X", name="a", data="1")
    result = regedit(pc, path="HKLM:\\X", name="a", data=1, type="dword")
    assert (result["data_changed"], result["data_type_changed"]) == (True, True)


def test_deleting_a_key_takes_what_is_below_and_nothing_beside(pc: PcFolder) -> None:
    for path in ("HKLM:\\A", "HKLM:\\A\\B", "HKLM:\\AB"):
        regedit(pc, path=path, name="x", data="1")
    assert regedit(pc, path="HKLM:\\A", state="absent")["changed"]
    state = pc.read()
    assert not registry.exists(state, "HKLM:\\A")
    assert registry.exists(state, "HKLM:\\AB")
    assert not regedit(pc, path="HKLM:\\A", state="absent")["changed"]


def test_a_number_that_is_none_is_refused(pc: PcFolder) -> None:
    with pytest.raises(ModuleFailure, match="not a number"):
        regedit(pc, path="HKLM:\\X", name="a", data="many", type="dword")


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_in_the_registry(text: str) -> None:
    state: State = {"registry": {}}
    registry.write(state, "HKLM:\\X", "value", text)
    assert registry.value(json.loads(json.dumps(state)), "HKLM:\\X", "value") == text


@pytest.mark.parametrize(
    "path", ["C:\\..\\..\\state.json", "D:\\x", "\\\\server\\share", "relative", "/a/../b"]
)
def test_a_path_that_leads_out_of_the_machine_is_refused(pc: PcFolder, path: str) -> None:
    with pytest.raises(ModuleFailure):
        to_file(pc, path)


def test_drive_c_is_the_disk_folder(pc: PcFolder) -> None:
    assert to_file(pc, "c:\\Users\\x y") == pc.disk.resolve() / "Users" / "x y"


def test_a_service_that_the_image_lacks_is_refused(pc: PcFolder) -> None:
    with pytest.raises(ModuleFailure, match="Cannot find service 'Sense'"):
        act(pc, "ansible.windows.win_service", {"name": "Sense"}, check_mode=False)


def test_a_disabled_service_does_not_start(pc: PcFolder) -> None:
    arguments = {"name": "w32time", "start_mode": "disabled", "state": "started"}
    with pytest.raises(ModuleFailure, match="disabled"):
        act(pc, "ansible.windows.win_service", arguments, check_mode=False)
    assert pc.read()["services"]["W32Time"]["start_mode"] == "manual"


def test_an_error_inside_a_change_writes_nothing(pc: PcFolder) -> None:
    before = pc.state_file.read_bytes()

    def fail() -> None:
        with pc.change() as state:
            state["registry"] = {}
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert pc.state_file.read_bytes() == before


ORDER = {"id": "o1", "image_id": "new", "epoch": 7, "check_in_token": "t"}


def test_an_installation_replaces_disk_and_state_and_keeps_the_hardware(pc: PcFolder) -> None:
    (pc.disk / "Users" / "secret.txt").write_text("x")
    pc.host_key.write_text("old")
    old = pc.read()
    image.install(pc, ORDER)
    new = pc.read()
    assert not (pc.disk / "Users" / "secret.txt").exists()
    assert not pc.host_key.exists()
    assert {k: new[k] for k in image.Hardware.__dataclass_fields__} == {
        k: old[k] for k in image.Hardware.__dataclass_fields__
    }
    assert new["boot_id"] != old["boot_id"]
    for name in ("Epoch", "StampEpoch"):
        assert registry.value(new, registry.ROLLOUT, name) == 7
    assert json.loads(pc.check_in_file.read_text())["token"] == "t"


def test_an_installation_that_starts_again_is_one_wipe(pc: PcFolder) -> None:
    image.install(pc, ORDER)
    image.install(pc, ORDER)
    assert [(w.order, w.old_image, w.new_image) for w in of_pc(pc)] == [
        ("o1", "office-dk20-2019", "new")
    ]
    image.install(pc, ORDER | {"id": "o2"})
    assert len(of_pc(pc)) == 2


@pytest.mark.parametrize("name", ["../x", "a b", "", "x\nHost *", "-x", "x" * 64, "東京"])
def test_a_computer_name_that_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no computer name"):
        LabPc(name, "DK20-000001", "S", "02:00:00:00:00:01", "DK20")


def test_faults_are_checked(pc: PcFolder, tmp_path: Path) -> None:
    check({"slow": 2, "wrong_serial": "X"})
    for wrong in ({"slow": True}, {"powered_off": "yes"}, {"explodes": True}):
        with pytest.raises(ValueError, match="fault"):
            check(wrong)
    with pytest.raises(ValueError, match="no such PC"):
        set_fault(tmp_path, "PC-9", slow=1)


def test_a_scenario_is_read_from_toml_and_json_and_names_its_faults(tmp_path: Path) -> None:
    toml = tmp_path / "s.toml"
    toml.write_text('[DK20-000001]\nfails_at = "capture"\n')
    file = tmp_path / "s.json"
    file.write_text('{"DK20-000001": {"fails_at": "capture"}}')
    assert load_scenario(toml) == load_scenario(file) == {"DK20-000001": {"fails_at": "capture"}}
    toml.write_text("[PC]\nfails = 1\n")
    with pytest.raises(ValueError, match=r"s\.toml: PC: unknown fault fails"):
        load_scenario(toml)
