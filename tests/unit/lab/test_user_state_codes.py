"""Exit codes of robocopy and USMT: what is success, and what each failure is called."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.lab.windows.errors import ScriptError
from rollout.lab.windows.modules.win_powershell import Call
from rollout.lab.windows.scripts import (
    capture_user_state,
    capture_usmt,
    restore_user_state,
    restore_usmt,
)
from rollout.lab.windows.state import PcFolder, write_atomically

FILES = Path(__file__).resolve().parents[3] / "playbooks" / "roles" / "user_state" / "files"
USMT = {"ProgramFolder": r"C:\ProgramData\rollout\usmt\amd64", "Rules": ["MigDocs.xml"]}
ORDER = {"Epoch": 3, "NewImageId": "new", "KeepDays": 90, "SampleFiles": 500}
PATHS = {"Paths": ["C:\\Users"]}
Run = Callable[[Call], None]


@pytest.fixture
def play(pc: PcFolder, tmp_path: Path) -> Callable[..., Call]:
    """One script on the PC, with the faults that are given."""

    def run(script: Run, parameters: dict[str, Any], **faults: int) -> Call:
        write_atomically(pc.faults_file, json.dumps(faults))
        call = Call(pc, {"CopyRoot": str(tmp_path / "copies"), **parameters}, check_mode=False)
        script(call)
        return call

    return run


def scanstate(play: Any, accept: bool = False, **faults: int) -> Call:
    call: Call = play(capture_usmt.run, {**ORDER, **USMT, "AcceptSkipped": accept}, **faults)
    return call


def loadstate(play: Any, accept: bool = False, **faults: int) -> Call:
    call: Call = play(restore_usmt.run, {**USMT, "AcceptSkipped": accept}, **faults)
    return call


@pytest.mark.parametrize("script", ["capture-usmt.ps1", "restore-usmt.ps1"])
def test_the_lab_calls_every_code_what_the_scripts_call_it(script: str) -> None:
    text = (FILES / script).read_text(encoding="utf-8")
    (table,) = re.findall(r"\$meaning = @\{(.*?)\n\}", text, re.DOTALL)
    told = {int(code): meaning for code, meaning in re.findall(r"(\d+) = '([^']*)'", table)}
    assert told == capture_usmt.MEANING


@pytest.mark.parametrize("code", sorted(capture_usmt.MEANING))
def test_usmt_succeeds_with_0_alone_and_with_3_when_that_is_accepted(
    play: Any, tmp_path: Path, code: int
) -> None:
    meaning = re.escape(capture_usmt.MEANING[code])
    with pytest.raises(ScriptError, match=rf"scanstate ended with {code} \({meaning}\)"):
        scanstate(play, usmt_code=code)
    assert not (tmp_path / "copies" / "current.json").exists()
    scanstate(play)
    with pytest.raises(ScriptError, match=rf"loadstate ended with {code} \({meaning}\)"):
        loadstate(play, usmt_code=code)
    if code == 3:
        assert loadstate(play, accept=True, usmt_code=3).changed
    else:
        with pytest.raises(ScriptError):
            loadstate(play, accept=True, usmt_code=code)


def test_a_store_with_skipped_files_says_so(play: Any) -> None:
    assert scanstate(play, accept=True, usmt_code=3).result["skipped"] is True


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16])
def test_robocopy_succeeds_below_8(play: Any, code: int) -> None:
    parameters = {**ORDER, **PATHS, "ExcludeFolders": []}
    if code < 8:
        kept = play(capture_user_state.run, parameters, robocopy_code=code)
        assert play(restore_user_state.run, PATHS, robocopy_code=code).result["files"] > 5
        assert kept.changed
        return
    with pytest.raises(ScriptError, match=f"robocopy of .* ended with {code}"):
        play(capture_user_state.run, parameters, robocopy_code=code)
    play(capture_user_state.run, parameters)
    with pytest.raises(ScriptError, match=f"ended with {code}"):
        play(restore_user_state.run, PATHS, robocopy_code=code)


def test_folders_that_are_left_out_are_neither_counted_nor_copied(
    play: Any, pc: PcFolder, tmp_path: Path
) -> None:
    temp = pc.disk / "Users" / "u000001" / "AppData" / "Local" / "Temp"
    temp.mkdir(parents=True)
    (temp / "junk.tmp").write_text("x")
    (temp.parent / "Temp.txt").write_text("a file of that name stays")
    with_junk = play(capture_user_state.run, {**ORDER, **PATHS, "ExcludeFolders": []}).result
    without = {**ORDER, **PATHS, "Epoch": 4, "ExcludeFolders": ["temp", "INetCache"]}
    assert play(capture_user_state.run, without).result["files"] == with_junk["files"] - 1
    kept = [file.name for file in (tmp_path / "copies" / "e4").rglob("*")]
    assert "Temp.txt" in kept
    assert not {"Temp", "junk.tmp"} & set(kept)
