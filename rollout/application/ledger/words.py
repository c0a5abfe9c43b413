"""The words of single cells: purposes, places, yes and no, people who have left."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from rollout.application.ledger.rows import UNCOMPUTED, Cell, cell_text
from rollout.domain.dates import parse_date
from rollout.domain.identifiers import made_a_date, refuse_number
from rollout.domain.purpose import Purpose
from rollout.domain.text import ValueRefused, is_ditto, match_key, tidy
from rollout.domain.words import msgid

_PURPOSES = {
    match_key(word): purpose.value
    for purpose, words in {
        Purpose.PERSONAL: "一人一台 1人1台 一人一台パソコン 1人1台パソコン 個人 個人用",
        Purpose.SHARED: "共用 共有 共用PC 共用パソコン 課共用",
        Purpose.COUNTER: "窓口 窓口用 窓口端末",
        Purpose.SPARE: "予備 予備機 代替機 保守機",
    }.items()
    for word in (purpose.value, *words.split())
}
_YES = "可 可能 ○ ◯ 〇 有 あり 許可 持出可 true yes y 1"
_NO = "否 不可 × ✕ ✖ ✗ x 無 なし 不許可 持出不可 false no n 0"
_MAY_LEAVE = {
    **dict.fromkeys(map(match_key, _YES.split()), True),
    **dict.fromkeys(map(match_key, _NO.split()), False),
}
NOBODY = frozenset(
    ("", *"空き 空席 未使用 未定 欠員 なし 無し 無 - ー 予備 共用 該当なし".split())  # noqa: SIM905
)
_SPREADSHEET_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
left_in_name = re.compile(r"\s*\((?P<when>[^()]*?)\s*退職(?:者|済み?)?\)$").search
left_in_remark = re.compile(
    r"(?:使用者|本人)?\s*(?P<when>[明大昭平令MTSHR]?[0-9元./年月日-]*)\s*付?け?[でに]?\s*退職(?:者|済み?)?"
).fullmatch
_floor_at_end = re.compile(
    r"(?P<site>.*?)[ ・/]*(?:(?P<below>地下|B)?(?P<number>[0-9]{1,2})(?:階|F))$", re.DOTALL
).fullmatch

CORRECT_CELL = msgid("type the value into the cell")


def plain(text: str) -> str:
    """`text` tidied; refused when it is a mark with nothing above it."""
    if is_ditto(text):
        raise ValueRefused(text, msgid("there is nothing above to repeat"), CORRECT_CELL)
    return tidy(text)


repeated_text = lru_cache(maxsize=8192)(plain)


@lru_cache(maxsize=8192)
def site_and_floor(text: str) -> tuple[str, str]:
    """`本庁舎3階` -> `本庁舎`, `3階`."""
    site = plain(text)
    if found := _floor_at_end(site):
        below = "地下" if found["below"] else ""
        return found["site"], f"{below}{int(found['number'])}階"
    return site, ""


@lru_cache(maxsize=1024)
def floor_of(text: str) -> str:
    """`3`, `３Ｆ` and `3階` are all `3階`; anything else stays as it is."""
    floor = plain(text)
    if re.fullmatch("[0-9]{1,2}", floor):
        return f"{int(floor)}階"
    site, number = site_and_floor(floor)
    return number if number and not site else floor


@lru_cache(maxsize=1024)
def purpose_of(text: str) -> str:
    """One of the known purposes, else the words of the ledger."""
    return _PURPOSES.get(match_key(text), plain(text))


@lru_cache(maxsize=1024)
def may_leave(text: str) -> bool | None:
    """Whether the PC may be taken out of the office; None when the ledger does not say."""
    key = match_key(text)
    if key in ("", "-"):
        return None
    if key not in _MAY_LEAVE:
        raise ValueRefused(text, msgid("this says neither yes nor no"), msgid("write 可 or 否"))
    return _MAY_LEAVE[key]


def verbatim(text: str) -> str:
    """A remark stays as it was typed, but for the space around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def readable(name: str, cell: Cell) -> str:
    """The text of a cell, or the reason why its type rules it out."""
    if isinstance(cell, str):
        if cell in _SPREADSHEET_ERRORS:
            raise ValueRefused(
                cell, msgid("the cell holds an error of the spreadsheet"), CORRECT_CELL
            )
        return cell
    text = cell_text(cell)
    if cell is UNCOMPUTED:
        raise ValueRefused(
            text, msgid("the cell holds a formula without a result"),
            msgid("open the file in a spreadsheet and save it, or type the value"),
        )  # fmt: skip
    if name in ("asset_tag", "serial", "mac", "computer_name", "staff_number"):
        if isinstance(cell, date | datetime | time | timedelta):
            raise made_a_date(text)
        if isinstance(cell, int | float) and name in ("serial", "mac"):
            raise refuse_number(text)
    return text


def day_of(text: str) -> date | None:
    """The day in the cell; None when it is empty."""
    folded = tidy(text)
    if folded in ("", "-"):
        return None
    return parse_date(text)
