"""The counts of the overview follow the history instead of counting the fleet again."""

from rollout.application.tally import counted, followed
from rollout.domain.machine import MachineVerb


def test_a_tally_that_follows_the_history_is_what_a_count_finds(programme, meanwhile, failed):
    begun = counted(programme.database)
    assert followed(programme.database, begun) is begun
    failed(5)
    meanwhile("DK20-000102", MachineVerb.RETRY, "again")
    meanwhile("DK20-000002", MachineVerb.HOLD, "away")
    after = followed(programme.database, begun)
    assert after == counted(programme.database)
    assert after.by_state["failed"] == begun.by_state["failed"] + 4
    assert sum(after.by_state.values()) == 250
