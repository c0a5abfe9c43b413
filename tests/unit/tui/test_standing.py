"""Machines by generation and site, as the overview counts them."""

from rollout.application.tally import Machines
from tui.standing import places


def test_generations_come_first_and_then_the_sites_with_the_most_left():
    found = places(
        [
            Machines("DK20", "本庁", "migrated", 90),
            Machines("DK20", "尾鷲", "planned", 30),
            Machines("DK18", "尾鷲", "failed", 2),
            Machines("DK18", "", "held", 1),
            Machines("DK18", "本庁", "excluded", 7),
        ]
    )
    assert [place.words for place in found] == ["gen:DK18", "gen:DK20", "site:尾鷲", "site:本庁"]
    assert [(p.machines, p.done, p.needs) for p in found] == [
        (3, 0, 3), (120, 90, 0), (32, 0, 2), (90, 90, 0),
    ]  # fmt: skip
