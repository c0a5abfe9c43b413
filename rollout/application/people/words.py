"""The words of a list of people: kinds of change, what becomes of a PC, names to sign in with."""

import re
from enum import Enum

from rollout.application.ledger.words import CORRECT_CELL
from rollout.domain.postings import PcFollows
from rollout.domain.text import ValueRefused, match_key, tidy
from rollout.domain.words import msgid


class Change(Enum):
    """What a row says of somebody, as far as it matters here."""

    HERE = "in service at the place that the row names"
    RETIRES = "the day of the row is the last one"
    GOES_ELSEWHERE = "the day of the row is the first one elsewhere"
    BESIDES = "a second post beside the first"


_CHANGES = {
    match_key(word): change
    for change, words in {
        Change.HERE: "採用 新規採用 新採 転入 異動 配置換 配置換え 昇任 昇格 降任 復職 再任用 留任 "
        "現任 在職 兼務解除 here moved joined",
        Change.RETIRES: "退職 定年退職 普通退職 早期退職 辞職 死亡 任期満了 任期満了退職 免職 "
        "retired",
        Change.GOES_ELSEWHERE: "転出 出向 割愛 割愛退職 派遣 left",
        Change.BESIDES: "兼務 併任 事務取扱 besides",
    }.items()
    for word in words.split()
}
_PC = {
    match_key(word): follows
    for follows, words in {
        PcFollows.STAYS: "stays 残置 据置 据置き 据え置き 返却 引継 引継ぎ",
        PcFollows.GOES: "goes 携行 持参 移動 移設 持っていく",
    }.items()
    for word in words.split()
}
_PROMOTER = {
    match_key(word): named
    for named, words in {
        True: "○ ◯ 〇 ● 1 該当 有 推進員 デジタル活用推進員 正 副 yes true",
        False: "- × 0 非該当 無 no false",
    }.items()
    for word in words.split()
}
_is_total = re.compile(r".*(小計|合計|総計|累計|total)[:：]?[0-9,]*(名|人)?|計").fullmatch
# What the directory takes: no dot at either end of the part before the @, 64 characters there.
_upn = re.compile(
    r"(?=[^@]{1,64}@)[A-Za-z0-9'_!#^~-]+(?:\.+[A-Za-z0-9'_!#^~-]+)*@"
    r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,46}[A-Za-z0-9])?"
).fullmatch


def is_total(text: str) -> bool:
    """Whether a cell says that its row only counts the rows above."""
    return _is_total(match_key(text)) is not None


def change_of(text: str) -> Change:
    """What becomes of the person; empty: in service. Raises ValueRefused."""
    key = match_key(text)
    if key in ("", "-"):
        return Change.HERE
    if key not in _CHANGES:
        raise ValueRefused(
            text,
            msgid("this does not say whether the person is in service"),
            msgid("write 異動, 採用, 退職, 転出 or 兼務, or leave the cell empty"),
        )
    return _CHANGES[key]


def pc_of(text: str) -> PcFollows | None:
    """What becomes of the PC; None: as configured. Raises ValueRefused."""
    key = match_key(text)
    if key in ("", "-"):
        return None
    if key not in _PC:
        raise ValueRefused(
            text,
            msgid("this does not say what becomes of the PC"),
            msgid("write 残置 or 携行, or leave the cell empty"),
        )
    return _PC[key]


def promoter_of(text: str) -> bool:
    """Whether somebody is a promoter. Raises ValueRefused."""
    key = match_key(text)
    if key not in _PROMOTER:
        raise ValueRefused(
            text,
            msgid("this does not say whether the person is a promoter"),
            msgid("write ○, or leave the cell empty"),
        )
    return _PROMOTER[key]


def upn_of(text: str) -> str | None:
    """The name to sign in with, in small letters; None when empty. Raises ValueRefused."""
    folded = tidy(text)
    if folded in ("", "-"):
        return None
    if not _upn(folded):
        raise ValueRefused(text, msgid("this is no name to sign in with"), CORRECT_CELL)
    return folded.casefold()
