"""The contract of the command line: what it prints, where, and how it ends."""

import os
import re
import subprocess
import sys

import pytest
from rich.cells import cell_len

from tests.acceptance.conftest import Terminal

HEAVY = ("sqlmodel", "sqlalchemy", "pydantic", "textual", "ansible_runner", "alembic", "asyncssh")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from rollout.cli.entry import run; run(['--help']); "
        f"sys.exit(','.join(m for m in {HEAVY!r} if m in sys.modules) or 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert "wave" in ended.stdout


_EVERY_PAGE = """
import sys
from typer.main import get_command
from rollout.cli.commands import app
from rollout.cli.entry import run

def pages(command, words):
    run([*words, "--help"])
    for name, below in getattr(command, "commands", {}).items():
        pages(below, [*words, name])

pages(get_command(app), [])
"""


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_every_command_explains_itself(lang: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", _EVERY_PAGE], capture_output=True, text=True, encoding="utf-8",
        check=True, timeout=120,
        env={**os.environ, "ROLLOUT_LANG": lang, "COLUMNS": "80", "PYTHONUTF8": "1"},
    ).stdout  # fmt: skip
    usage = {"ja": "使い方: ", "en": "Usage: "}[lang]
    pages = said.split(usage)
    assert len(pages) > 100
    for page in pages[1:]:
        assert ("この説明を表示" if lang == "ja" else "show this page") in page, page
        explained = page.split("\n\n")[1]
        assert (re.search(r"[ぁ-んァ-ヶ一-龠]", explained) is not None) == (lang == "ja"), page
        too_long = [
            line
            for line in page.splitlines()[1:]
            if cell_len(line) > 80 and not re.fullmatch(r" +--\S+ <\S+>", line)
        ]
        assert not too_long, "\n".join(too_long)
    if lang == "ja":
        for words in ("Options:", "Commands:", "Arguments:", "[required]", "[default", "Show "):
            assert words not in said


def test_an_unknown_command_is_a_usage_error_in_one_line(terminal: Terminal) -> None:
    said = terminal.rollout("wave", "fly", "1")
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "fly" in said.err


def test_a_missing_configuration_says_what_to_do(terminal: Terminal) -> None:
    (terminal.folder / "rollout.toml").unlink()
    said = terminal.rollout("wave", "list")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "rollout init" in said.err


def test_an_empty_database_says_what_to_do(terminal: Terminal) -> None:
    for path in (terminal.folder / "state").iterdir():
        path.unlink()
    said = terminal.rollout("machine", "list")
    assert said.code == 1
    assert "rollout init" in said.err
    assert "Traceback" not in said.err


def test_init_twice_changes_nothing(imported: Terminal) -> None:
    assert imported.rollout("init").code == 0
    assert len(imported.rollout("machine", "list", "--json").json) == 4


def test_a_bad_row_is_reported_with_place_and_remedy_and_the_others_go_in(
    terminal: Terminal, imported: Terminal
) -> None:
    said = terminal.rollout("import", "ledger", "ledger.csv", "--dry-run", "--json")
    report = said.json
    assert report["rows"] == {
        "read": 5, "good": 4, "bad": 1,
        "skipped": {"blank": 0, "subtotal": 0, "repeated_header": 0, "other": []},
    }  # fmt: skip
    (fault,) = report["faults"]
    assert (fault["row"], fault["column"], fault["value"]) == (4, "シリアル番号", "1.23E+10")
    assert fault["reason"]
    assert fault["remedy"]


def test_a_ledger_that_is_not_there_is_one_line(terminal: Terminal) -> None:
    said = terminal.rollout("import", "ledger", "nowhere.csv")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "nowhere.csv" in said.err


def test_plan_and_approval_in_order(imported_desk: Terminal) -> None:
    """Given a ledger, when a plan is committed and submitted, then only another may approve."""
    assert imported_desk.rollout("plan", "commit").code == 1
    summary = imported_desk.rollout("plan", "solve", "--json").json
    assert (summary["placed"], summary["unplaced"]) == (3, {"refresh": 1})
    assert imported_desk.rollout("plan", "commit").code == 0
    (wave,) = imported_desk.rollout("wave", "list", "--json").json
    assert (wave["state"], wave["machines"], wave["pilot"]) == ("planned", 3, True)

    early = imported_desk.rollout("wave", "start", "1")
    assert early.code == 3, "needs approval"
    assert imported_desk.rollout("wave", "submit", "1").code == 0
    own = imported_desk.rollout("wave", "approve", "1")
    assert own.code == 3, "needs approval"
    assert "another operator" in own.err
    assert imported_desk.rollout("wave", "approve", "1", actor="suzuki").code == 0
    assert imported_desk.rollout("wave", "start", "1").code == 0
    assert imported_desk.rollout("wave", "halt", "1").code == 1, "a halt needs a reason"
    assert imported_desk.rollout("wave", "halt", "1", "--reason", "試験").code == 0
    (wave,) = imported_desk.rollout("wave", "list", "--json").json
    assert (wave["state"], wave["cause"]) == ("halted", "試験")


def test_hold_and_release_keep_the_reason(imported_desk: Terminal) -> None:
    assert imported_desk.rollout("machine", "hold", "DK20-000001").code == 1, "needs a reason"
    held = imported_desk.rollout("machine", "hold", "DK20-000001", "--reason", "本人不在")
    assert held.code == 0
    shown = imported_desk.rollout("machine", "show", "DK20-000001", "--json").json
    assert (shown["state"], shown["cause"], shown["held_from"]) == (
        "held", "本人不在", "registered",
    )  # fmt: skip
    assert imported_desk.rollout("machine", "release", "DK20-000001").code == 0
    assert imported_desk.rollout("machine", "release", "DK20-000001").code == 1
    assert imported_desk.rollout("machine", "show", "DK99-1").code == 1


def test_text_from_the_ledger_is_shown_as_it_is(imported_desk: Terminal) -> None:
    said = imported_desk.rollout("machine", "list")
    assert "[bold]{{ 7*7 }}[/bold]" in said.out
    rows = imported_desk.rollout("machine", "list", "--json").json
    assert "[bold]{{ 7*7 }}[/bold]" in [row["owner"] for row in rows]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_exports_can_be_read_back(imported_desk: Terminal, form: str) -> None:
    for noun in ("status", "machines"):
        path = imported_desk.folder / f"{noun}.{form}"
        said = imported_desk.rollout(
            "export", noun, "--format", form, "--out", str(path), lang="ja"
        )
        assert said.code == 0, said.err
        text = path.read_text(encoding="utf-8-sig" if form == "csv" else "utf-8")
        assert "試験県" in text or "髙橋 花子" in text


def test_the_history_is_verified_and_a_forgery_found(imported_desk: Terminal) -> None:
    import sqlite3

    assert imported_desk.rollout("audit", "verify", "--json").json["holds"]
    with sqlite3.connect(imported_desk.folder / "state" / "rollout.db") as forger:
        forger.execute("DROP TRIGGER IF EXISTS audit_no_update")
        for (name,) in forger.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).fetchall():
            forger.execute(f'DROP TRIGGER "{name}"')
        forger.execute("UPDATE audit SET actor = 'nobody' WHERE id = 2")
    forger.close()
    said = imported_desk.rollout("audit", "verify", "--json")
    assert (said.code, said.json["holds"], said.json["broken_at"]) == (1, False, 2)


def test_doctor_names_what_is_missing(terminal: Terminal) -> None:
    checks = {check["check"]: check for check in terminal.rollout("doctor", "--json").json}
    assert checks["database"]["ok"]
    assert not checks["generations"]["remedy"]
