"""The counts of the overview follow the history instead of counting the fleet again."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from rollout.application import waves
from rollout.application.tally import counted, followed
from rollout.domain.history import Fact, canonical
from rollout.domain.machine import MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.store import history, machines
from rollout.store.columns import instant_text
from rollout.store.tables import Site, Wave

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


def _amend(programme, tag, site, detail, **columns):
    """What an import writes of one machine."""
    with programme.database.write() as session:
        machine = machines.by_tag(session, tag)
        if site is not None:
            found = session.exec(select(Site).where(Site.key == site)).one_or_none()
            found = found or Site(key=site)
            session.add(found)
            session.flush()
            machine.site_id = found.id
        for name, value in columns.items():
            setattr(machine, name, value)
        fact = Fact(
            instant_text(AT), "import", "machine", machine.id, tag, "amend", None, None,
            detail=None if detail is None else canonical(detail),
        )  # fmt: skip
        history.append(session, [fact])


def test_machines_that_an_import_puts_elsewhere_are_followed_without_a_count(programme, meanwhile):
    begun = counted(programme.database)
    _amend(programme, "DK20-000002", "尾鷲", {"site": ["本庁", "尾鷲"], "floor": ["1", "2"]})
    meanwhile("DK20-000002", MachineVerb.HOLD, "away")
    _amend(
        programme, "DK20-000002", "熊野",
        {"site": ["尾鷲", "熊野"], "generation": ["DK20", "DK21"]}, generation="DK21",
    )  # fmt: skip
    _amend(programme, "DK20-000200", None, {"in_ledger": [True, False]}, in_ledger=False)
    after, whole = followed(programme.database, begun), counted(programme.database)
    assert (after.numbers, after.unclear) == (whole.numbers, 0)
    assert ("DK21", "熊野", "held") in after.numbers


@pytest.mark.parametrize("detail", [None, {"department_id": [1, 2]}])
def test_machines_of_which_an_amendment_does_not_say_where_they_were_are_counted(programme, detail):
    begun = counted(programme.database)
    _amend(programme, "DK20-000002", "尾鷲", detail)
    after = followed(programme.database, begun)
    assert after.unclear == after.fact


def test_amendments_by_the_thousand_are_counted_instead_of_followed(programme, monkeypatch):
    monkeypatch.setattr("rollout.application.tally.AMENDED", 1)
    begun = counted(programme.database)
    for tag in ("DK20-000002", "DK20-000003"):
        _amend(programme, tag, "尾鷲", {"site": ["本庁", "尾鷲"]})
    after = followed(programme.database, begun)
    assert after.unclear == after.fact


def test_waves_that_move_are_shown_before_those_that_wait_and_those_that_are_over(programme):
    states = ("done", "planned", "halted", "cancelled", "running", "done", "paused", "approved")
    with programme.database.write() as session:
        for number, state in enumerate(states, 101):
            row = Wave(number=number, first_day=AT.date(), last_day=AT.date(), state_since=AT)
            row.state = state
            session.add(row)
    found = [wave.number for wave in waves.foremost(programme.database, 100)]
    assert [number for number in found if number > 100] == [103, 105, 107, 108, 102, 106, 101, 104]
    assert [wave.number for wave in waves.foremost(programme.database, 2)] == found[:2]


async def test_waves_burn_up_and_places_follow_what_others_do(at_the_screen, under_way, meanwhile):
    def standing():
        return seat.app.screen.last.snapshot

    async with at_the_screen(size=(160, 45)) as seat:
        await seat.until(lambda: seat.app.screen.last and standing().burn_up and standing().waves)
        meanwhile("DK20-000002", MachineVerb.EXCLUDE, "sold")
        await seat.until(lambda: standing().burn_up.total == 249)
        meanwhile("DK20-000003", MachineVerb.HOLD, "away")
        await seat.until(lambda: standing().waves[0].counts.get("held") == 1)
        _amend(under_way, "DK20-000200", "尾鷲", {"site": ["本庁", "尾鷲"]})
        await seat.until(lambda: "site:尾鷲" in [place.words for place in standing().places])
