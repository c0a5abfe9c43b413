"""What the machines of a cell of the plan are written as."""

from rollout.store.plan_views import Member
from tui.widgets.members_table import LISTED, members_shown


def test_an_export_holds_every_machine_though_the_table_lists_the_first():
    members = [
        Member(f"DK20-{number:06}", "DK20", "総務部", "佐藤", 3, "planned", None, True)
        for number in range(LISTED + 7)
    ]
    table = members_shown("plan", members).table()
    assert [row[0] for row in table.rows] == [member.asset_tag for member in members]
