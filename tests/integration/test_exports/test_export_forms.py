"""A file has the form that its ending says, unless another one was asked for."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rollout.cli.commands import app
from rollout.store.database import Database

NOW = "2022-11-30T09:00+09:00"
PDF, ARCHIVE, TABLE = b"%PDF-", b"PK\x03\x04", b"\xef\xbb\xbf"


@pytest.fixture(autouse=True)
def at_the_command_line(fleet: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "rollout.toml"
    file.write_text("[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n", encoding="utf-8")
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", fleet.url)


def export(kind: str, out: Path, *options: str) -> tuple[int, str]:
    arguments = ["--now", NOW, "export", kind, "--out", str(out), *options]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("kind", "name", "begins"),
    [
        ("machines", "x.xlsx", ARCHIVE),
        ("machines", "x.CSV", TABLE),
        ("machines", "x", TABLE),
        ("evidence", "x.pdf", PDF),
        ("evidence", "x.csv", TABLE),
        ("evidence", "x.20221130", ARCHIVE),
        ("audit", "x.csv", TABLE),
        ("audit", "x.txt", b"{"),
        ("retirements", "x.json", b"{"),
        ("status", "x.pdf", PDF),
        ("status", "x", TABLE),
    ],
)
def test_the_ending_says_the_form(tmp_path: Path, kind: str, name: str, begins: bytes) -> None:
    code, said = export(kind, tmp_path / name)
    assert code == 0, said
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_what_was_asked_for_comes_before_the_ending(tmp_path: Path) -> None:
    code, said = export("machines", tmp_path / "x.xlsx", "--format", "jsonl")
    assert code == 0, said
    first = (tmp_path / "x.xlsx").read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(first)["asset_tag"].startswith("DK")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("machines", "x.pdf"), ("machines", "x.xls"), ("audit", "x.pdf"), ("retirements", "x.xlsx"),
     ("status", "x.jsonl")],
)  # fmt: skip
def test_an_ending_of_another_form_is_refused_before_anything_is_written(
    tmp_path: Path, kind: str, name: str
) -> None:
    code, _said = export(kind, tmp_path / name)
    assert code == 2
    assert not (tmp_path / name).exists()
