"""What is wrong with a command line is said in the reader's language, and in one line."""

import pytest

from rollout.cli.entry import REFUSED, USAGE, run

WRONG = {
    "wave show x": ("N: a whole number is expected", "N: 整数を半角数字で書いてください"),
    "wave shw 1": (
        "there is no command shw; did you mean 'show'?",
        "コマンド shw はありません。'show' ではありませんか",
    ),
    "qqq": (
        "there is no command qqq: --help lists them",
        "コマンド qqq はありません。--help で一覧を確認してください",
    ),
    "wave show": ("N is missing", "N を指定してください"),
    "wave show 1 2": (
        "more was given than the command takes: 2",
        "余分な指定があります: 2",
    ),
    "wave show 1 --jso": (
        "there is no option --jso; did you mean --json?",
        "オプション --jso はありません。--json ではありませんか",
    ),
    "wave show 1 --zzz": (
        "there is no option --zzz: --help lists them",
        "オプション --zzz はありません。--help で一覧を確認してください",
    ),
    "wave list --json=3": ("--json takes no value", "--json に値は指定できません"),
    "notice send --limit": ("--limit needs a value", "--limit に値を指定してください"),
    "notice send --limit 0": (
        "--limit: it has to be 1 or more",
        "--limit: 1 以上の値にしてください",
    ),
    "byod apply 1 --platform tv": (
        "--platform: tv is none of 'ios', 'android', 'windows', 'macos'",
        "--platform: tv は指定できません。次のいずれかを指定してください: "
        "'ios', 'android', 'windows', 'macos'",
    ),
}


@pytest.mark.parametrize("place", [0, 1], ids=["en", "ja"])
@pytest.mark.parametrize("line", WRONG)
def test_it_is_said_in_one_line(
    line: str, place: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", ("en", "ja")[place])
    assert run(line.split()) == USAGE
    assert capsys.readouterr().err == f"rollout: {WRONG[line][place]}\n"


@pytest.mark.parametrize(("lang", "usage"), [("en", "Usage: "), ("ja", "使い方: ")])
def test_a_group_without_a_command_shows_its_help(
    lang: str, usage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", lang)
    assert run(["--actor", "sato", "wave"]) == USAGE
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"{usage}rollout wave")
    assert any(line.startswith("  submit ") for line in lines)


def test_an_error_obeys_no_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROLLOUT_CONFIG", "/nowhere/\x1b]0;title\x07\x1b[31m台帳.toml")
    assert run(["wave", "list"]) == REFUSED
    said = capsys.readouterr().err
    assert "台帳.toml" in said
    assert not {"\x1b", "\x07"} & set(said)
