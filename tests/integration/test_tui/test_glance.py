"""What stands beside the machines on the overview follows the history, too."""

from dataclasses import replace

from sqlalchemy import event

from rollout.application import waves
from rollout.application.glance import glance
from rollout.domain.wave import WaveState, WaveVerb
from rollout.store.tables import Wave


def _withdraw(programme):
    operator, now = programme.operator("tanaka"), programme.clock.now()
    waves.move(programme.database, 2, WaveVerb.WITHDRAW, operator, now, "wrong")


def test_what_has_changed_is_followed_without_counting_any_noun_again(programme):
    begun = glance(programme.database)
    assert glance(programme.database, begun) == begun
    _withdraw(programme)
    asked: list[str] = []

    @event.listens_for(programme.database.engine, "before_cursor_execute")
    def ask(_connection, _cursor, statement, *_):
        asked.append(statement)

    after = glance(programme.database, begun)
    event.remove(programme.database.engine, "before_cursor_execute", ask)
    assert not [one for one in asked if "GROUP BY" in one and "FROM audit" not in one]
    assert after == glance(programme.database)
    assert after.counted != begun.counted
    assert after.waves_in(WaveState.PLANNED) == begun.waves_in(WaveState.PLANNED) + 1


def test_a_noun_that_has_new_rows_is_counted_again(programme):
    begun = glance(programme.database)
    with programme.database.write() as session:
        now = programme.clock.now()
        day = now.date()
        session.add(Wave(number=99, first_day=day, last_day=day, state_since=now))
    after = glance(programme.database, begun)
    assert after == glance(programme.database)
    assert after.waves_in(WaveState.DRAFT) == begun.waves_in(WaveState.DRAFT) + 1


def test_an_older_copy_of_the_database_is_counted_as_a_whole(programme):
    begun = glance(programme.database)
    emptied = {noun: replace(counted, by_state={}) for noun, counted in begun.counted.items()}
    newer = replace(begun, fact=begun.fact + 1, counted=emptied)
    assert glance(programme.database, newer) == begun
