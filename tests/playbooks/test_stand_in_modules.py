"""The lab's modules refuse what the real ones refuse and what they have no meaning for."""

from pathlib import Path
from typing import Any

import yaml


def _playbook(folder: Path, *tasks: dict[str, Any]) -> Path:
    path = folder / "modules.yml"
    play = {"hosts": "all", "gather_facts": False, "tasks": list(tasks)}
    for number, task in enumerate(tasks):
        task.update(name=str(number), ignore_errors=True)
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return path


def _results(play: Any) -> list[dict[str, Any]]:
    return [task["hosts"]["m8"] for task in play.tasks]


def test_misuse_is_refused_with_a_message(bench: Any, tmp_path: Path) -> None:
    playbook = _playbook(
        tmp_path,
        {"ansible.windows.win_regedit": {"path": "HKLM:\\X", "nmae": "y"}},
        {"ansible.windows.win_regedit": {"path": "HKXX:\\X"}},
        {"ansible.windows.win_service": {"name": "Sense", "state": "running"}},
        {"ansible.windows.win_service": {"name": "Sense", "path": "C:\\x.exe"}},
        {"ansible.windows.win_powershell": {"script": "Remove-Item C:\\ -Recurse"}},
        {"ansible.windows.win_powershell": {"script": "# rollout-script: no-such-script\n"}},
        {"ansible.windows.win_powershell": {"path": "a.ps1", "script": "b"}},
        {"ansible.windows.win_http_proxy": {"bypass": ["x"]}},
    )
    play = bench.play(playbook, bench.hosts(8))
    messages = [str(result["msg"]) for result in _results(play)]
    expected = [
        "Unsupported parameters for (ansible.windows.win_regedit) module: nmae",
        "not a valid registry path",
        "value of state must be one of",
        "no meaning for the argument path",
        "no meaning for this PowerShell",
        "no meaning for the script no-such-script",
        "mutually exclusive: path, script",
        "required by 'bypass': proxy",
    ]
    for message, part in zip(messages, expected, strict=True):
        assert part in message


def test_check_mode_says_what_would_change_and_changes_nothing(bench: Any, tmp_path: Path) -> None:
    before = bench.snapshot("TSU-PC008")
    playbook = _playbook(
        tmp_path,
        {"ansible.windows.win_regedit": {"path": "HKLM:\\X", "name": "y", "data": 1}},
        {"ansible.windows.win_service": {"name": "W32Time", "start_mode": "auto"}},
        {"ansible.windows.win_http_proxy": {}},
    )
    play = bench.play(playbook, bench.hosts(8), "--check")
    assert [result["changed"] for result in _results(play)] == [True] * 3
    assert bench.snapshot("TSU-PC008") == before
