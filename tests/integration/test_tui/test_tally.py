"""The counts of the overview follow the history instead of counting the fleet again."""

from datetime import UTC, datetime

from rollout.application import waves
from rollout.application.tally import counted, followed
from rollout.domain.history import Fact, canonical
from rollout.domain.machine import MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.store import history, machines
from rollout.store.columns import instant_text
from rollout.store.tables import Site

AT = datetime(2022, 11, 16, 1, tzinfo=UTC)


def test_a_tally_that_follows_the_history_is_what_a_count_finds(
    programme, meanwhile, failed, under_way
):
    failed(5)
    begun = counted(programme.database)
    assert followed(programme.database, begun) is begun
    meanwhile("DK20-000102", MachineVerb.RETRY, "again")
    meanwhile("DK20-000002", MachineVerb.HOLD, "away")
    meanwhile("DK20-000003", MachineVerb.BEGIN, "its turn")
    after, whole = followed(programme.database, begun), counted(programme.database)
    assert (after.fact, after.numbers, after.waves) == (whole.fact, whole.numbers, whole.waves)
    assert after.by_state["failed"] == begun.by_state["failed"] - 1
    assert after.waves != begun.waves
    assert sum(after.by_state.values()) == 250
    assert (after.unclear, after.wave_fact) == (0, 0)


def test_what_the_history_does_not_tell_enough_of_asks_for_a_count(programme, meanwhile):
    begun = counted(programme.database)
    operator, now = programme.operator("tanaka"), programme.clock.now()
    waves.move(programme.database, 2, WaveVerb.WITHDRAW, operator, now, "wrong")
    withdrawn = followed(programme.database, begun)
    assert (withdrawn.unclear, withdrawn.wave_fact) == (0, withdrawn.fact)
    waves.move(programme.database, 2, WaveVerb.CANCEL, operator, now, "not now")
    cancelled = followed(programme.database, withdrawn)
    assert cancelled.unclear == cancelled.fact
    meanwhile("DK20-000002", MachineVerb.HOLD, "away")
    assert followed(programme.database, cancelled).unclear == cancelled.fact
    assert counted(programme.database).unclear == 0


async def test_waves_burn_up_and_places_follow_what_others_do(at_the_screen, under_way, meanwhile):
    def standing():
        return seat.app.screen.last.snapshot

    async with at_the_screen(size=(160, 45)) as seat:
        await seat.until(lambda: seat.app.screen.last and standing().burn_up and standing().waves)
        meanwhile("DK20-000002", MachineVerb.EXCLUDE, "sold")
        await seat.until(lambda: standing().burn_up.total == 249)
        meanwhile("DK20-000003", MachineVerb.HOLD, "away")
        await seat.until(lambda: standing().waves[0].counts.get("held") == 1)
        with under_way.database.write() as session:
            site = Site(key="尾鷲")
            session.add(site)
            session.flush()
            machine = machines.by_tag(session, "DK20-000200")
            machine.site_id = site.id
            fact = Fact(
                instant_text(AT), "import", "machine", machine.id, "DK20-000200", "amend", None,
                None, detail=canonical({"site": ["本庁", "尾鷲"]}),
            )  # fmt: skip
            history.append(session, [fact])
        await seat.until(lambda: "site:尾鷲" in [place.words for place in standing().places])
