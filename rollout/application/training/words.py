"""The words of a training list: results and scores."""

import re
from enum import Enum

from rollout.application.ledger.words import CORRECT_CELL
from rollout.domain.text import ValueRefused, match_key, tidy
from rollout.domain.words import msgid


class Result(Enum):
    """What a row says of somebody's training."""

    PASSED = "they had it and passed"
    FAILED = "they had it and did not pass"
    ABSENT = "they have not had it"


_WORDS = {
    match_key(word): result
    for result, words in {
        Result.PASSED: "合格 修了 修了済 修了済み 受講済 受講済み 受講 済 済み 完了 終了 出席 可 "
        "○ ◯ 〇 pass passed completed complete yes",
        Result.FAILED: "不合格 不可 再受験 fail failed",
        Result.ABSENT: "未受講 未修了 未完了 未実施 未 欠席 × ✕ ✖ ✗ absent missing no",
    }.items()
    for word in words.split()
}
_score = re.compile(r"(?P<points>[0-9]{1,4}(?:\.[0-9]+)?) ?(?:点|%|/ ?[0-9]{1,4} ?点?)?").fullmatch


def result_of(text: str) -> Result | None:
    """The result that `text` says; None when it is empty. Raises ValueRefused."""
    key = match_key(text)
    if key in ("", "-"):
        return None
    if key not in _WORDS:
        raise ValueRefused(
            text,
            msgid("this says neither that the training was passed nor that it was missed"),
            msgid("write 合格, 不合格 or 未受講, or leave the cell empty"),
        )
    return _WORDS[key]


def score_of(text: str) -> float | Result | None:
    """The points in the cell (`85`, `85点`, `85/100`), or the word that stands in their place.

    None when it is empty. Raises ValueRefused.
    """
    folded = tidy(text)
    if folded in ("", "-"):
        return None
    if found := _score(folded):
        return float(found["points"])
    if match_key(folded) in _WORDS:
        return _WORDS[match_key(folded)]
    raise ValueRefused(text, msgid("this is not a score"), CORRECT_CELL)
