"""The words of a report of mailbox moves: statuses, grades, moments, numbers of items."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import TypeVar

from rollout.application.ledger.words import CORRECT_CELL
from rollout.domain.dates import LOOK_IT_UP, parse_date
from rollout.domain.mailbox_batch import BatchStatus, Grade, MoveStatus
from rollout.domain.text import ValueRefused, match_key, tidy
from rollout.domain.words import msgid

W = TypeVar("W", bound=StrEnum)


def _words(known: dict[W, str]) -> dict[str, W]:
    return {
        match_key(word.replace("_", " ")): member
        for member, words in known.items()
        for word in (member.value, *words.split())
    }


_BATCHES = _words(
    {
        BatchStatus.CREATED: "作成済み 未開始 not_started waiting queued 待機中",
        BatchStatus.SYNCING: "starting in_progress 同期中 開始中 処理中 incremental_syncing",
        BatchStatus.SYNCED: "同期済み 同期済 同期完了",
        BatchStatus.SYNCED_WITH_ERRORS: "synced_with_error エラーありで同期済み "
        "同期済み(エラーあり) 一部エラーで同期済み",
        BatchStatus.STOPPED: "stopping 停止 停止済み 停止中 停止しました",
        BatchStatus.COMPLETING: "completion_in_progress 完了処理中 完了中",
        BatchStatus.COMPLETED: "finalized 完了 完了済み",
        BatchStatus.COMPLETED_WITH_ERRORS: "completed_with_error completed_with_warnings "
        "エラーありで完了 完了(エラーあり)",
        BatchStatus.FAILED: "corrupted 失敗",
        BatchStatus.REMOVING: "削除中",
    }
)
_MOVES = _words(
    {
        MoveStatus.REQUESTED: "queued validating validated provisioning provision_updating waiting "
        "requested 要求済み 待機中 待ち 検証中",
        MoveStatus.SYNCING: "starting active in_progress initial_syncing incremental_syncing "
        "同期中 処理中",
        MoveStatus.SYNCED: "incremental_synced needs_approval 同期済み 同期済 同期完了 承認待ち",
        MoveStatus.FINALIZING: "completing completion_in_progress completion_synced 完了処理中 "
        "完了中",
        MoveStatus.FINALIZED: "completed completed_with_warnings completed_with_warning 完了 "
        "完了済み",
        MoveStatus.STOPPED: "stopping 停止 停止済み 停止中",
        MoveStatus.FAILED: "incremental_failed completion_failed incremental_stopped corrupted "
        "sync_failed 失敗 エラー",
    }
)
_GRADES = _words(
    {
        Grade.PERFECT: "完全 完璧",
        Grade.GOOD: "良好 良い",
        Grade.INVESTIGATE: "調査 要調査 調査が必要",
        Grade.POOR: "不良 悪い 低い",
    }
)
#: As PowerShell names them: without spaces.
_joined = re.compile(r"[ _-]").sub


def _find(known: dict[str, W], text: str, reason: str) -> W:
    key = match_key(text)
    found = known.get(key) or known.get(_joined("", key))
    if found is None:
        raise ValueRefused(
            text,
            reason,
            msgid("known are {known}"),
            known=", ".join(dict.fromkeys(word.value for word in known.values())),
        )
    return found


def batch_status_of(text: str) -> BatchStatus | None:
    """The status of a batch; None when the cell is empty. Raises ValueRefused."""
    if tidy(text) in ("", "-"):
        return None
    return _find(_BATCHES, text, msgid("this is no status of a batch"))


def move_status_of(text: str) -> MoveStatus:
    """The status of one mailbox. Raises ValueRefused."""
    return _find(_MOVES, text, msgid("this is no status of a mailbox's move"))


def grade_of(text: str) -> Grade | None:
    """The grade; None where the report has none yet. Raises ValueRefused."""
    if match_key(text) in ("", "-", "none", "unknown", "n/a", "なし", "不明"):
        return None
    return _find(_GRADES, text, msgid("this is no grade of consistency"))


_clock = re.compile(
    r"(?P<day>[^ T]+)[ T]+(?P<before>午前|午後|AM|PM)? ?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)? ?(?P<after>AM|PM)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?",
    re.IGNORECASE,
).fullmatch
_american = re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})").fullmatch


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """`2022/11/26 15:15`, `11/26/2022 3:15:21 PM`, ISO 8601; a day alone is its midnight.

    Without an offset it is the programme's time: the admin centre shows that of its reader.
    Month before day is taken only with AM or PM behind, which no other form has. None as well for
    1 January of the year 1, which the admin centre writes where it has no moment. Raises
    ValueRefused.
    """
    folded = tidy(text)
    if folded in ("", "-"):
        return None
    found = _clock(folded)
    if found is None:
        return _known(text, parse_date(folded), time(), zone)
    half = (found["before"] or found["after"] or "").upper()
    day, american = found["day"], _american(found["day"])
    if american and (found["after"] or int(american["year"]) == date.min.year):
        day = f"{american['year']}/{american['month']}/{american['day']}"
    hour = int(found["hour"])
    if half:
        hour = hour % 12 + (12 if half in ("PM", "午後") else 0)
    try:
        clock = time(hour, int(found["minute"]), int(found["second"] or 0))
    except ValueError:
        raise ValueRefused(text, msgid("this is no time of day"), CORRECT_CELL) from None
    return _known(text, parse_date(day), clock, _offset(text, found["zone"]) or zone)


def _offset(text: str, said: str | None) -> tzinfo | None:
    if said is None:
        return None
    if said.upper() == "Z":
        return UTC
    hours, minutes = int(said[1:3]), int(said[-2:])
    if hours > 23 or minutes > 59:
        raise ValueRefused(text, msgid("this is no time of day"), CORRECT_CELL)
    away = timedelta(hours=hours, minutes=minutes)
    return timezone(-away if said[0] == "-" else away)


def _known(text: str, day: date, clock: time, zone: tzinfo) -> datetime | None:
    if day == date.min:
        return None
    try:
        return datetime.combine(day, clock, zone).astimezone(UTC)
    except OverflowError:
        raise ValueRefused(
            text, msgid("there is no year {year}"), LOOK_IT_UP, year=day.year
        ) from None


def items_of(text: str) -> int | None:
    """A number of items, `1,204` too; None when the cell is empty. Raises ValueRefused."""
    folded = tidy(text).replace(",", "")
    if folded in ("", "-"):
        return None
    if not re.fullmatch("[0-9]{1,9}", folded):
        raise ValueRefused(text, msgid("this is no number of items"), CORRECT_CELL)
    return int(folded)
