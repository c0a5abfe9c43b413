"""Pending has an end: what comes late is awaited from its own beginning, then it is a failure."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.lab.windows import image
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts import measure_controls
from rollout.lab.windows.state import PcFolder

PARAMETERS: dict[str, Any] = {
    "Serial": "SN1",
    "ImageId": "new",
    "EdrService": "Sense",
    "SettleMinutes": 60,
    "SignatureDays": 7,
    "UpdateDays": 45,
    "DnsServers": [],
    "TimeServers": [],
    "ResidentFolders": ["C:\\Users"],
    "ResidentNames": ["*台帳*"],
}


def _ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def _measured(pc: PcFolder, *, booted: float, onboarded: float | None) -> dict[str, str]:
    with pc.change() as state:
        state.update(time_scale=1.0, last_boot=_ago(booted))
        state["services"]["Sense"]["state"] = "running"
        state["edr"] = {"onboarded_at": None if onboarded is None else _ago(onboarded)}
    call = Call(pc, PARAMETERS, check_mode=False)
    measure_controls.run(call)
    return {line["control"]: line["verdict"] for line in call.result["evidence"]}


@pytest.mark.parametrize(
    ("booted", "onboarded", "verdict"),
    [
        (500, 1, "pending"),  # long after the boot, just onboarded
        (500, 499, "pass"),
        (1, None, "fail"),
    ],
)
def test_endpoint_detection_is_awaited_from_its_onboarding(
    pc: PcFolder, booted: float, onboarded: float | None, verdict: str
) -> None:
    image.install(pc, {"id": "o1", "image_id": "new", "epoch": 7, "check_in_token": "t"})
    assert _measured(pc, booted=booted, onboarded=onboarded)["edr_onboarding"] == verdict


def test_a_late_service_is_pending_and_resident_data_fails(pc: PcFolder, tmp_path: Path) -> None:
    image.install(pc, {"id": "o1", "image_id": "new", "epoch": 7, "check_in_token": "t"})
    with pc.change() as state:
        state["services"]["Sense"]["up_after"] = 600
    assert _measured(pc, booted=5, onboarded=1)["edr_service"] == "pending"
    assert _measured(pc, booted=11, onboarded=1)["edr_service"] == "pass"
    assert _measured(pc, booted=11, onboarded=1)["resident_data"] == "pass"
    (pc.disk / "Users" / "Public" / "住民基本台帳.csv").write_text("x")
    assert _measured(pc, booted=11, onboarded=1)["resident_data"] == "fail"
