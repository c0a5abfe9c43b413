"""`demo --fast` as somebody types it who wants to see a programme within a minute."""

import csv
import json
import subprocess

import pytest

from tests.acceptance.conftest import Terminal

FEW = ("demo", "--fast", "--machines", "15", "--out", "shown")


@pytest.mark.parametrize(
    ("lang", "word"), [("en", "the history holds"), ("ja", "履歴は整合しています")]
)
def test_every_day_is_shown_and_the_exports_agree(terminal: Terminal, lang: str, word: str) -> None:
    said = terminal.rollout(*FEW, "--until", "2022-08-04", "--report", "page.md", lang=lang)
    assert said.code == 0, said.err
    assert word in said.out
    days = [line.split()[0] for line in said.out.splitlines() if line.startswith("2022-")]
    assert days[:4] == ["2022-08-01", "2022-08-02", "2022-08-03", "2022-08-04"]
    shown = terminal.folder / "shown"
    with (shown / "days.csv").open(encoding="utf-8-sig", newline="") as handle:
        *_earlier, last = csv.reader(handle)
    status = json.loads((shown / "status.json").read_text(encoding="utf-8"))
    assert last[0] == "2022-08-04"
    assert int(last[2]) == status["summary"]["done"] > 0
    assert status["total"] == 15
    assert "| 2022-08-04 |" in (terminal.folder / "page.md").read_text(encoding="utf-8")
    # What is said last is a program that can be called as it stands there, from any folder.
    look = said.out.splitlines()[-1].rpartition(": ")[2]
    another = terminal.folder / "clone" / "rollout"
    another.mkdir(parents=True)
    (another / "__init__.py").write_text("raise SystemExit('the wrong rollout')", encoding="utf-8")
    asked = subprocess.run(
        [look, "machine", "list", "--json"], cwd=another.parent, capture_output=True, check=True
    )
    assert len(json.loads(asked.stdout)) == 15


def test_the_same_seed_gives_the_same_page(terminal: Terminal) -> None:
    pages = []
    for _round in range(2):
        said = terminal.rollout(*FEW, "--until", "2022-08-02", "--report", "page.md", lang="en")
        assert said.code == 0, said.err
        pages.append((terminal.folder / "page.md").read_text(encoding="utf-8"))
    assert pages[0] == pages[1]


def test_a_folder_of_somebody_else_is_left_alone(terminal: Terminal) -> None:
    keep = terminal.folder / "shown" / "demo-fast"
    keep.mkdir(parents=True)
    (keep / "work.txt").write_text("mine", encoding="utf-8")
    said = terminal.rollout(*FEW)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert (keep / "work.txt").read_text(encoding="utf-8") == "mine"


def test_a_day_that_is_none_is_refused_in_one_line(terminal: Terminal) -> None:
    said = terminal.rollout(*FEW, "--until", "someday")
    assert (said.code, said.err.count("\n")) == (1, 1)
