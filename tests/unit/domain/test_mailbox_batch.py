"""Stop dates, alarms, and what a grade keeps back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.mailbox_batch import (
    WAITING,
    Alarm,
    BatchStatus,
    Grade,
    Hindrance,
    MoveStatus,
    alarm,
    hindrance,
    status_from,
    stop_date,
)

START = datetime(2023, 1, 10, 9, tzinfo=UTC)
STOP = date(2023, 3, 11)


@pytest.mark.parametrize(
    ("today", "shown"),
    [
        (STOP - timedelta(days=15), None),
        (STOP - timedelta(days=14), Alarm.STOPS_SOON),
        (STOP - timedelta(days=1), Alarm.STOPS_SOON),
        (STOP, Alarm.OVERDUE),
    ],
)
def test_a_synced_batch_that_nobody_touches_is_stopped_after_sixty_days(
    today: date, shown: Alarm | None
) -> None:
    stop = stop_date(BatchStatus.SYNCED, START, START + timedelta(days=20), 60)

    assert stop is not None
    assert (stop.day, stop.certain) == (STOP, True)
    assert alarm(BatchStatus.SYNCED, stop, today, 14, unfinished=3) is shown


def test_without_the_last_touch_the_date_is_the_latest_one() -> None:
    stop = stop_date(BatchStatus.SYNCED_WITH_ERRORS, None, START, 60)

    assert stop is not None
    assert (stop.day, stop.certain) == (STOP, False)


@pytest.mark.parametrize("status", [one for one in BatchStatus if one not in WAITING])
def test_other_batches_are_not_stopped_by_themselves(status: BatchStatus) -> None:
    assert stop_date(status, START, START, 60) is None


def test_a_stopped_batch_is_an_alarm_while_mailboxes_of_it_are_outside() -> None:
    assert alarm(BatchStatus.STOPPED, None, STOP, 14, unfinished=1) is Alarm.STOPPED
    assert alarm(BatchStatus.STOPPED, None, STOP, 14, unfinished=0) is None


@pytest.mark.parametrize(
    ("status", "grade", "approved", "kept"),
    [
        (MoveStatus.FINALIZED, Grade.PERFECT, None, None),
        (MoveStatus.SYNCED, Grade.GOOD, None, None),
        (MoveStatus.SYNCED, None, None, None),
        (MoveStatus.SYNCED, Grade.INVESTIGATE, None, Hindrance.INVESTIGATE),
        (MoveStatus.SYNCED, Grade.INVESTIGATE, Grade.INVESTIGATE, None),
        (MoveStatus.SYNCED, Grade.POOR, Grade.INVESTIGATE, Hindrance.POOR),
        (MoveStatus.SYNCED, Grade.POOR, Grade.POOR, Hindrance.POOR),
        (MoveStatus.FAILED, Grade.INVESTIGATE, Grade.INVESTIGATE, Hindrance.FAILED),
    ],
)
def test_a_grade_keeps_back_until_it_is_better_or_approved(
    status: MoveStatus, grade: Grade | None, approved: Grade | None, kept: Hindrance | None
) -> None:
    assert hindrance(status, grade, approved) is kept


@given(st.lists(st.sampled_from(MoveStatus), min_size=1))
def test_a_batch_is_synced_only_when_nothing_of_it_is_on_its_way(moves: list[MoveStatus]) -> None:
    found = status_from(moves)

    if found in WAITING:
        assert not {MoveStatus.SYNCING, MoveStatus.REQUESTED, MoveStatus.FINALIZING} & set(moves)
        assert (found is BatchStatus.SYNCED_WITH_ERRORS) == (MoveStatus.FAILED in moves)
    if found is BatchStatus.COMPLETED:
        assert set(moves) == {MoveStatus.FINALIZED}
