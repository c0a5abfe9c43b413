"""What `rollout plan` and `rollout import` print and refuse, as somebody at a terminal sees it."""

import json
import sqlite3
from pathlib import Path

import pytest

from rollout.cli.entry import run

LEDGER = """管理番号,シリアル番号,コンピュータ名,庁舎,部局,所属,職員番号,氏名,用途
DK20-000001,SN00000001,MIEPC000001,本庁,総務部,人事課,000001,山田 太郎,一人一台
DK20-000002,SN00000002,MIEPC000002,本庁,総務部,人事課,000002,髙橋 花子,一人一台
DK20-000003,SN00000003,MIEPC000003,尾鷲,農林水産部,尾鷲農林,000003,鈴木 一郎,一人一台
DK20-000004,SN00000004,MIEPC000004,尾鷲,農林水産部,尾鷲農林,000004,佐藤 次郎,一人一台
"""
PROGRAMME = """
[programme]
start = "令和4年11月1日"
cutover = "R5.5.1"
[sites."本庁"]
machines_per_day = 2
[sites."尾鷲"]
weekdays = ["tue", "thu"]
[pilot]
size = 1
soak_working_days = 1
"""


class Screen:
    """One command after the other in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def configure(self, text: str) -> None:
        """Add `text` to the configuration."""
        (self.folder / "rollout.toml").write_text(PROGRAMME + text, encoding="utf-8")

    def rollout(self, *arguments: str, now: str = "2022-10-20") -> tuple[int, str, str]:
        """Exit code, standard output and error of one command."""
        code = run(["--now", now, "--actor", "sato", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        with sqlite3.connect(self.folder / "state" / "rollout.db") as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


@pytest.fixture
def screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Screen:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ledger.csv").write_text(LEDGER, encoding="utf-8")
    made = Screen(tmp_path, capsys)
    made.configure("")
    assert made.rollout("init")[0] == 0
    assert made.rollout("import", "ledger", "ledger.csv")[0] == 0
    return made


BAD = [
    ('[calendar]\nclosed = ["R5.1.3/R4.12.29"]', "swap the two days", "日を入れ替え"),
    (
        '[calendar]\nfreeze = ["2023-03-20/2023-04-14", "2023-04-10/2023-04-20"]',
        "overlap: correct one of them",
        "重なっています",
    ),
    ('[departments."総務部"]\ncontact = "x"', "a department needs its site", "庁舎が必要"),
    ('[departments."総務部"]\nsite = "津"', 'there is no site "津"', "という庁舎はありません"),
    ('[sites."津"]\nmachines_per_day = 0', "give at least 1", "1 台以上"),
    ("[limits]\nblast_radius = 0", "it has to be 1 or more", "1 以上"),
    ('[people."1"]\nabsences = ["R5.1.2", "R5.1.1/R5.1.5"]', "overlap", "重なっています"),
]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(("text", "english", "japanese"), BAD)
def test_a_wrong_configuration_is_one_line_with_its_remedy_and_nothing_is_written(
    screen: Screen,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    text: str,
    english: str,
    japanese: str,
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", language)
    screen.configure(text)
    code, out, err = screen.rollout("plan", "solve")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert (japanese if language == "ja" else english) in err
    assert screen.rows("plans") == 0


@pytest.mark.parametrize(
    ("language", "words"), [("en", "is past (today is 2023-05-02)"), ("ja", "2023-05-02")]
)
def test_a_cutover_in_the_past_is_refused(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", language)
    code, _, err = screen.rollout("plan", "solve", now="2023-05-02")
    assert code == 1
    assert words in err
    assert "[programme] cutover" in err
    assert screen.rows("plans") == 0


def test_a_cutover_before_the_start_is_refused(screen: Screen) -> None:
    (screen.folder / "rollout.toml").write_text(
        '[programme]\nstart = "R5.5.1"\ncutover = "令和4年度"\n', encoding="utf-8"
    )
    code, _, err = screen.rollout("plan", "solve")
    assert code == 1
    assert "cutover 2022-04-01 is not after start 2023-05-01" in err


def test_a_plan_is_shown_by_wave_day_site_and_department(screen: Screen) -> None:
    assert screen.rollout("plan", "solve")[0] == 0
    code, out, _ = screen.rollout("plan", "show")
    assert code == 0
    for words in ("proposed by sato", "1 (pilot)", "総務部 人事課", "農林水産部 尾鷲農林"):
        assert words in out
    assert "2022-11-01 Tu" in screen.rollout("plan", "show", "--by", "day")[1]
    calendar = screen.rollout("plan", "show", "--by", "calendar", "--site", "尾鷲")[1]
    assert "尾鷲" in calendar
    assert "本庁" not in calendar
    code, _, err = screen.rollout("plan", "show", "--site", "熊野")
    assert (code, "it has 尾鷲, 本庁" in err) == (1, True)
    shown = json.loads(screen.rollout("plan", "show", "--json")[1])
    assert sum(entry["machines"] for entry in shown["departments"]) == shown["placed"] == 4
    assert {entry["name"]: entry["machines"] for entry in shown["sites"]} == {"尾鷲": 2, "本庁": 2}


def test_an_imported_absence_moves_one_date_and_the_diff_says_whose_and_why(
    screen: Screen,
) -> None:
    for command in ("solve", "commit"):
        assert screen.rollout("plan", command)[0] == 0
    (screen.folder / "absences.csv").write_text(
        "職員番号,不在期間,理由\n3,令和4年10月1日～令和5年3月31日,育児休業\n", encoding="utf-8"
    )
    before = screen.rows("audit")
    code, out, _ = screen.rollout("import", "absences", "absences.csv", "--dry-run")
    assert (code, "nothing was written" in out) == (0, True)
    assert (screen.rows("absences"), screen.rows("audit")) == (0, before)
    assert screen.rollout("import", "absences", "absences.csv")[0] == 0
    assert screen.rollout("plan", "check")[0] == 1
    assert screen.rollout("plan", "solve")[0] == 0
    code, out, _ = screen.rollout("plan", "diff")
    assert code == 0
    assert "1 another one, 3 keep theirs" in out
    assert "鈴木 一郎" in out
    assert "of the announced dates 1 move, 0 of them without need" in out
    assert screen.rollout("plan", "commit")[0] == 0
    assert screen.rollout("plan", "check")[0] == 0


def test_what_limits_single_machines_is_listed_with_its_source(screen: Screen) -> None:
    assert "no machine and no person" in screen.rollout("plan", "constraints")[1]
    screen.configure('[people."000002"]\nabsences = ["R5.1.4/R5.1.6"]\n')
    (screen.folder / "agreed.csv").write_text(
        "管理番号,指定日,備考\nDK20-1,R4.11.8,議会前\n", encoding="utf-8"
    )
    assert screen.rollout("import", "constraints", "agreed.csv")[0] == 0
    found = json.loads(screen.rollout("plan", "constraints", "--json")[1])
    assert [(e["name"], e["kind"], e["first"], e["last"], e["imported"]) for e in found] == [
        ("DK20-000001", "pinned", "2022-11-08", "2022-11-08", True),
        ("000002", "absence", "2023-01-04", "2023-01-06", False),
    ]
    assert "議会前" in screen.rollout("plan", "constraints", "DK20-000001")[1]
    assert "000002" not in screen.rollout("plan", "constraints", "DK20-000001")[1]


def test_bad_rows_of_a_list_are_shown_with_row_column_and_remedy(screen: Screen) -> None:
    (screen.folder / "agreed.csv").write_text(
        "管理番号,指定日\nDK20-1,R4.11.8\nDK20-7,R4.11.8\n", encoding="utf-8"
    )
    code, out, _ = screen.rollout("import", "constraints", "agreed.csv")
    assert code == 0
    assert "2 rows, 1 good, 1 bad" in out
    assert "the ledger has no machine DK20-000007" in out
    found = json.loads(screen.rollout("import", "constraints", "agreed.csv", "--json")[1])
    assert [(fault["row"], fault["column"]) for fault in found["faults"]] == [(3, "管理番号")]
    assert (found["changed"], found["unchanged"]) == (0, 1)


@pytest.mark.parametrize(
    ("language", "reason"),
    [("en", "not computable yet: outcomes on 0 working days, 3 are needed"), ("ja", "算出不可")],
)
def test_a_forecast_without_history_says_why_in_both_languages(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, language: str, reason: str
) -> None:
    monkeypatch.setenv("ROLLOUT_LANG", language)
    code, out, _ = screen.rollout("plan", "forecast")
    assert (code, reason in out) == (0, True)
    made = json.loads(screen.rollout("plan", "forecast", "--json")[1])
    assert (made["lack"], made["p50"], made["undated"]) == ("few_days", None, 4)
    assert screen.rows("forecasts") == 1
    assert "2022-10-20" in screen.rollout("plan", "forecast", "--history")[1]
    (row,) = json.loads(screen.rollout("plan", "forecast", "--history", "--json")[1])
    assert (row["day"], row["missing"], row["remaining"]) == ("2022-10-20", "few_days", 4)


def test_days_of_options_are_typed_with_their_era(screen: Screen) -> None:
    code, _, err = screen.rollout("plan", "backtest", "--until", "令和4年10月19日")
    assert code == 1
    assert "no machine was done by 2022-10-19" in err
    code, _, err = screen.rollout("plan", "backtest", "--until", "令和4年2月30日")
    assert code == 2
    assert "28 days" in err
    code, _, err = screen.rollout("plan", "backtest", "--until", "令和4年度")
    assert (code, "2023-03-31 is not over yet" in err) == (1, True)
