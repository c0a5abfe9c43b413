"""The first of April, as it is typed."""

from tests.acceptance.conftest import Terminal


def test_a_transfer_list_is_looked_at_then_taken_in_and_again_changes_nothing(
    imported: Terminal,
) -> None:
    # Given people of one office, one of whom moves and one of whom leaves.
    (imported.folder / "異動.csv").write_text(
        "人事異動\n職員番号,氏名,新部局,新所属,勤務地,異動区分,発令日,端末の扱い\n"
        "100001,髙橋 花子,総務部,財政課,本庁,異動,R5.4.1,\n"
        "100002,山﨑 一郎,,,,退職,R5.3.31,\n"
        "100004,,総務部,財政課,本庁,異動,令和5年2月30日,\n",
        encoding="cp932",
    )
    order = ("import", "people", "異動.csv", "--as-of", "2023-04-01")
    # When somebody looks first
    seen = imported.rollout(*order, "--dry-run", "--json").json
    # Then nothing is written, and the bad cell is named with its row.
    assert (seen["applied"], seen["moved"], seen["leaving"]) == (False, 1, 1)
    assert [(one["row"], one["field"]) for one in seen["faults"]] == [(5, "moved_on")]
    assert [one["asset_tag"] for one in seen["effects"]["stay"]] == ["DK20-000001"]
    # When it is taken in
    taken = imported.rollout(*order)
    assert taken.code == 0
    # Then a column that no field has is named: its heading may be a misspelling.
    assert "端末の扱い" in taken.out
    # Then it changes nothing a second time, and the history holds.
    again = imported.rollout(*order, "--json").json
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 2)
    shown = imported.rollout("machine", "show", "DK20-000001", "--json").json
    assert shown["owner"] == "髙橋 花子"
    assert imported.rollout("audit", "verify").code == 0
