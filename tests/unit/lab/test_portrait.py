"""`lab show`: a lab PC as a person would describe it."""

import gettext
import io
import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from rollout.cli import lab_picture
from rollout.cli.lab import app
from rollout.cli.lab_picture import picture
from rollout.i18n import LOCALES
from rollout.lab.portrait import portrait
from rollout.lab.user_acts import choose_pin, sign_in, sign_out
from rollout.lab.windows import clock, image
from rollout.lab.windows.state import PcFolder


def test_it_tells_what_the_pc_is_and_what_happened(pc: PcFolder) -> None:
    folder = pc.path.parent.parent
    before = portrait(folder, "dk20-000001")
    assert before.machine["image"] == "office-dk20-2019"
    assert before.network["winhttp_proxy"]
    assert before.security["recovery_key_escrowed"] is True
    assert before.user_data["files"] > 5
    image.install(pc, {"id": "o1", "image_id": "new", "epoch": 7, "check_in_token": "t"})
    choose_pin(folder, "PC-1")
    sign_in(folder, "PC-1", "u000001")
    after = portrait(folder, "PC-1")
    assert (after.machine["image"], after.machine["installed_by_order"]) == ("new", 7)
    assert after.machine["signed_in_user"] == "u000001"
    assert "TpmPin" in after.security["protectors"]
    assert [wipe.new_image for wipe in after.wipes] == ["new"]
    assert [event["event"] for event in after.events] == ["pin-chosen", "signed-in"]
    sign_out(folder, "PC-1")
    assert portrait(folder, "PC-1").machine["signed_in_user"] == ""


def test_the_command_prints_tables_or_json_and_refuses_in_one_line(
    pc: PcFolder, tmp_path: Path
) -> None:
    folder = ["--folder", str(pc.path.parent.parent)]
    shown = CliRunner().invoke(app, ["show", "DK20-000001", *folder])
    assert shown.exit_code == 0, shown.output
    for part in ("DK20-000001", "office-dk20-2019", "proxy.office.lab.invalid"):
        assert part in shown.output
    assert "nothing has happened to it yet" in shown.output
    runner = CliRunner()
    assert runner.invoke(app, ["user", "DK20-000001", "sign-in", *folder]).exit_code == 0
    assert runner.invoke(app, ["fault", "DK20-000001", "usmt_code=3", *folder]).exit_code == 0
    shown = runner.invoke(app, ["show", "dk20-000001", *folder])
    assert "u000001 signed in" in shown.output
    assert "usmt_code=3" in shown.output
    told = json.loads(CliRunner().invoke(app, ["show", "PC-1", "--json", *folder]).output)
    assert told["machine"]["serial"] == "SN1"
    with pytest.raises(ValueError, match="no such PC in the lab: DK20-9"):
        portrait(pc.path.parent.parent, "DK20-9")
    with pytest.raises(ValueError, match="there is no lab"):
        portrait(tmp_path / "nowhere", "PC-1")


def test_everything_that_the_lab_notes_of_a_pc_is_told_in_a_sentence_in_both_languages() -> None:
    lab = Path(__file__).resolve().parents[3] / "rollout" / "lab"
    texts = [path.read_text(encoding="utf-8") for path in lab.rglob("*.py")]
    noted = {name for text in texts for name in re.findall(r"\bpc\.log\(\s*\"([\w-]+)\"", text)}
    assert len(noted) > 10
    assert noted - set(lab_picture._STORY) == set()
    japanese = gettext.translation("rollout", localedir=LOCALES, languages=["ja"]).gettext
    for table in (lab_picture._LABELS, lab_picture._WORDS, lab_picture._STORY):
        for text in table.values():
            assert japanese(text) != text or text in ("EDR", "TPM", "VPN", "Entra ID"), text


@pytest.mark.parametrize("width", [40, 76, 120])
def test_the_picture_cuts_nothing_off_at_any_width(pc: PcFolder, width: int) -> None:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(picture(portrait(pc.path.parent.parent, "PC-1"), width))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in text
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert ("system" in text.splitlines()[1] and "protection" in text.splitlines()[1]) == (
        width >= 76
    )


def test_services_come_late_and_endpoint_detection_minutes_after_onboarding(pc: PcFolder) -> None:
    image.install(pc, {"id": "o1", "image_id": "new", "epoch": 7, "check_in_token": "t"})
    state = pc.read() | {"time_scale": 1.0}
    time = state["services"]["W32Time"]
    assert clock.service_state(state, time) == "start_pending"
    state |= {"time_scale": 1e-9}
    assert clock.service_state(state, time) == "running"
    assert not clock.edr_connected(state)
    state["services"]["Sense"]["state"] = "running"
    state["edr"]["onboarded_at"] = clock.now()
    assert clock.edr_connected(state)
    assert not clock.edr_connected(state | {"time_scale": 1.0})
