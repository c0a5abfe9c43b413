"""Trainings, prerequisites of a wave, and spares, as they are typed."""

from tests.acceptance.conftest import LEDGER, Terminal

SPARE = "DK20-000006,DK20,SN000006,02-00-00-00-00-06,PC20-00006,総務部,人事課,本庁 3階,,,予備\n"
COURSES = """
[training]
courses = ["情報セキュリティ研修"]
[gates]
training_share = 0.5
"""


def test_trainings_are_imported_counted_and_open_the_gate(imported_desk: Terminal) -> None:
    file = imported_desk.folder / "rollout.toml"
    file.write_text(file.read_text(encoding="utf-8") + COURSES, encoding="utf-8")
    assert imported_desk.rollout("plan", "solve").code == 0
    assert imported_desk.rollout("plan", "commit").code == 0

    def gate() -> dict[str, object]:
        shown = imported_desk.rollout("wave", "show", "1", "--json").json
        return next(one for one in shown["gates"] if one["gate"] == "training")

    assert gate()["verdict"] == "closed"
    assert "rollout import training FILE" in str(gate()["lacks"])
    told = imported_desk.rollout("wave", "show", "1", lang="ja").out
    assert "情報セキュリティ研修 の受講記録がありません" in told

    (imported_desk.folder / "研修.csv").write_text(
        "職員番号,氏名,研修名,受講日,判定\n"
        "100001,髙橋 花子,情報セキュリティ研修,R4.10.3,合格\n"
        "100002,山﨑 一郎,〃,R4.10.3,合格\n"
        "100004,,〃,R4.13.3,合格\n"
        "100005,,〃,R4.10.3,合格\n",
        encoding="cp932",
    )
    taken = imported_desk.rollout("import", "training", "研修.csv", "--json").json
    assert (taken["created"], [fault["row"] for fault in taken["faults"]]) == (3, [4])
    status = imported_desk.rollout("training", "status").out
    assert "3 of 4 people have had 情報セキュリティ研修: 75.0%" in status
    assert "[bold]{{ 7*7 }}[/bold]" in status
    assert gate()["verdict"] == "open"


def test_a_spare_is_handed_out_once_and_comes_back(desk: Terminal) -> None:
    (desk.folder / "ledger.csv").write_text(LEDGER + SPARE, encoding="cp932")
    assert desk.rollout("import", "ledger", "ledger.csv").code == 0
    refused = desk.rollout("machine", "spare", "DK20-000001", "--reason", "broken")
    assert refused.code == 1
    assert "`rollout machine hold DK20-000001 --reason WHY`" in refused.err
    assert desk.rollout("machine", "hold", "DK20-000001", "--reason", "broken").code == 0

    given = desk.rollout("machine", "spare", "DK20-000001", "--reason", "broken")
    assert "DK20-000006 stands in for DK20-000001" in given.out
    assert "spares left at 本庁: 0" in given.out
    shown = desk.rollout("machine", "show", "DK20-000006", "--json").json
    assert (shown["state"], shown["stands_in_for"], shown["loan"]["owner"]) == (
        "held",
        "DK20-000001",
        "髙橋 花子",
    )
    assert desk.rollout("machine", "release", "DK20-000006").code == 1

    assert desk.rollout("machine", "spare-return", "DK20-000001").code == 0
    (listed,) = desk.rollout("machine", "list", "--purpose", "予備", "--json").json
    assert (listed["state"], listed["stands_in_for"]) == ("registered", None)
    pool = desk.rollout("machine", "spares", "--json").json
    assert pool == {
        "sites": [{"site": "本庁", "left": 1, "out": 0, "in_ledger": 1, "configured": None}],
        "out": [],
    }
    assert desk.rollout("audit", "verify").code == 0
