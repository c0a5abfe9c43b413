"""The words of reports of mailbox moves: English, Japanese, PowerShell's."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rollout.application.mailboxes.words import (
    batch_status_of,
    grade_of,
    items_of,
    moment_of,
    move_status_of,
)
from rollout.domain.mailbox_batch import BatchStatus, Grade, MoveStatus
from rollout.domain.text import ValueRefused

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Synced", BatchStatus.SYNCED),
        ("SyncedWithErrors", BatchStatus.SYNCED_WITH_ERRORS),
        ("synced with errors", BatchStatus.SYNCED_WITH_ERRORS),
        ("ｓｙｎｃｅｄ", BatchStatus.SYNCED),
        ("同期済み", BatchStatus.SYNCED),
        ("停止", BatchStatus.STOPPED),
        ("Completed", BatchStatus.COMPLETED),
        ("", None),
    ],
)
def test_statuses_of_batches(text: str, status: BatchStatus | None) -> None:
    assert batch_status_of(text) is status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Synced", MoveStatus.SYNCED),
        ("NeedsApproval", MoveStatus.SYNCED),
        ("Finalized", MoveStatus.FINALIZED),
        ("Completed", MoveStatus.FINALIZED),
        ("IncrementalFailed", MoveStatus.FAILED),
        ("Requested", MoveStatus.REQUESTED),
        ("失敗", MoveStatus.FAILED),
    ],
)
def test_statuses_of_mailboxes(text: str, status: MoveStatus) -> None:
    assert move_status_of(text) is status


@pytest.mark.parametrize(
    ("text", "grade"),
    [("Investigate", Grade.INVESTIGATE), ("要調査", Grade.INVESTIGATE), ("POOR", Grade.POOR),
     ("なし", None), ("-", None)],
)  # fmt: skip
def test_grades(text: str, grade: Grade | None) -> None:
    assert grade_of(text) is grade


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023/1/10 18:05", datetime(2023, 1, 10, 9, 5, tzinfo=UTC)),
        ("1/10/2023 6:05:07 PM", datetime(2023, 1, 10, 9, 5, 7, tzinfo=UTC)),
        ("12/1/2022 12:00:00 AM", datetime(2022, 11, 30, 15, tzinfo=UTC)),
        ("2023/01/10 午後6:05", datetime(2023, 1, 10, 9, 5, tzinfo=UTC)),
        ("2023-01-10T09:05:00Z", datetime(2023, 1, 10, 9, 5, tzinfo=UTC)),
        ("2023-01-10T18:05:00.123+09:00", datetime(2023, 1, 10, 9, 5, tzinfo=UTC)),
        ("R5.1.10", datetime(2023, 1, 9, 15, tzinfo=UTC)),
        ("", None),
        # What .NET writes where there is no moment.
        ("1/1/0001 12:00:00 AM", None),
        ("01/01/0001 00:00:00", None),
        ("0001/01/01 0:00:00", None),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("2023-01-10T03:35:00-0530", datetime(2023, 1, 10, 9, 5, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    assert moment_of(text, TOKYO) == moment


@pytest.mark.parametrize(
    "text",
    [
        "1/10/2023 18:05",
        "2023/1/10 25:00",
        "soon",
        "13/45/2023 1:00 PM",
        "2023-01-10T18:05:00+25:00",
        "2023-01-10T18:05:00+09:99",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_what_is_no_certain_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        moment_of(text, TOKYO)


def test_numbers_of_items() -> None:
    assert (items_of("1,204"), items_of("０"), items_of("")) == (1204, 0, None)
    with pytest.raises(ValueRefused):
        items_of("many")


def test_words_that_nobody_knows_are_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueRefused, match="perfect, good, investigate, poor"):
        grade_of("so so")
    with pytest.raises(ValueRefused):
        move_status_of("")
