"""Dates as ledgers hold them: Japanese eras, Western dates, Excel day numbers, fiscal years.

Whatever cannot be one certain day is refused with the reason; nothing is guessed.
"""

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from rollout.domain.text import DASHES, ValueRefused, tidy
from rollout.domain.words import msgid


@dataclass(frozen=True, slots=True)
class Era:
    """A Japanese era, from `first` to `last` (None: it goes on)."""

    name: str
    letter: str
    first: date
    last: date | None


ERAS = (
    # Japan counts in the Gregorian calendar since 1 January 1873 (明治6年); earlier dates would
    # have to be converted from the lunar one.
    Era("明治", "M", date(1873, 1, 1), date(1912, 7, 29)),
    Era("大正", "T", date(1912, 7, 30), date(1926, 12, 24)),
    Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    Era("令和", "R", date(2019, 5, 1), None),
)
_FIRST_YEAR = {"明治": 1868, "大正": 1912, "昭和": 1926, "平成": 1989, "令和": 2019}
ERA_BY_WORD = {word: era for era in ERAS for word in (era.name, era.letter, era.name[0])}


ERA_YEAR = r"(?P<era>明治|大正|昭和|平成|令和|[明大昭平令MTSHR])\.?(?P<year>元|[0-9]{1,2})"
_WEST_YEAR = r"(?P<year>[0-9]{4})"
_MONTH_DAY = r"(?:年|[./-])(?P<month>[0-9]{1,2})(?:月|[./-])(?P<day>[0-9]{1,2})日?"
_WEEKDAY = r"(?:\((?P<weekday>[月火水木金土日])(?:曜日?)?\))?"
_era_date = re.compile(ERA_YEAR + _MONTH_DAY + _WEEKDAY).fullmatch
_west_date = re.compile(_WEST_YEAR + _MONTH_DAY + _WEEKDAY).fullmatch
_gannen_after_number = re.compile(r"[0-9]+元|元[0-9]").search
_span_of_time = re.compile(
    rf"(?:{ERA_YEAR}|(?:FY)?[0-9]{{4}})(?:年度?)?(?:[./-]?[0-9]{{1,2}}月?)?"
).fullmatch
_midnight = re.compile(r"[T ]0{1,2}:00(?::00(?:\.0+)?)?$").sub
_dash = re.compile(f"[{DASHES}ー]").sub
_WEEKDAYS = "月火水木金土日"

_WRITE_IT = msgid("write it as 2022/4/14 or R4.4.14")
LOOK_IT_UP = msgid("look the date up and correct it")


def fold_date(text: str) -> str:
    """`text` as dates are matched: half width, no spaces, no midnight, ASCII dashes."""
    folded = unicodedata.normalize("NFKC", tidy(text))
    folded = _midnight("", folded)
    return _dash("-", "".join(folded.split())).upper()


@lru_cache(maxsize=8192)
def parse_date(text: str) -> date:
    """The day that `text` names.

    Takes 令和4年4月14日, R4.4.14, R4/4/14, 令和元年5月1日, 2022/4/14, 2022-04-14, 20220414 and day
    numbers of Excel (five digits). Raises ValueRefused with the reason for anything else.
    """
    folded = fold_date(text)
    if found := _era_date(folded):
        day = _era_day(text, found["era"], found["year"], int(found["month"]), int(found["day"]))
    elif found := _west_date(folded):
        day = exact_day(text, int(found["year"]), int(found["month"]), int(found["day"]))
    elif re.fullmatch("[0-9]{8}", folded):
        return exact_day(text, int(folded[:4]), int(folded[4:6]), int(folded[6:]))
    elif re.fullmatch("[0-9]{5}", folded):
        return from_excel_number(int(folded))
    else:
        raise _not_a_day(text, folded)
    weekday = found["weekday"]
    if weekday and _WEEKDAYS[day.weekday()] != weekday:
        raise ValueRefused(
            text,
            msgid("{day} is not the weekday {weekday}"),
            LOOK_IT_UP,
            day=day.isoformat(),
            weekday=weekday,
        )
    return day


def _not_a_day(text: str, folded: str) -> ValueRefused:
    if not folded:
        return ValueRefused(text, msgid("the date is empty"), _WRITE_IT)
    if _gannen_after_number(folded):
        return ValueRefused(
            text, msgid("元 means the first year and cannot stand beside a number"), LOOK_IT_UP
        )
    if _span_of_time(folded):
        return ValueRefused(text, msgid("this is a span of time, not one day"), _WRITE_IT)
    if re.fullmatch(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{1,4}", folded):
        return ValueRefused(text, msgid("the year could be read in several ways"), _WRITE_IT)
    return ValueRefused(text, msgid("this is not a date"), _WRITE_IT)


def exact_day(text: str, year: int, month: int, day: int) -> date:
    """That day; refused when the calendar has no such month or day."""
    if not 1 <= month <= 12:
        raise ValueRefused(text, msgid("there is no month {month}"), LOOK_IT_UP, month=month)
    if year < 1:
        raise ValueRefused(text, msgid("there is no year 0"), LOOK_IT_UP)
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        raise ValueRefused(
            text,
            msgid("{year}-{month:02d} has {last} days, not a day {day}"),
            LOOK_IT_UP,
            year=year,
            month=month,
            day=day,
            last=last,
        )
    return date(year, month, day)


def era_year(text: str, word: str, year: str) -> tuple[Era, int]:
    """The era of `word` and the Western year, whether or not the era reached it."""
    era = ERA_BY_WORD[word]
    number = 1 if year == "元" else int(year)
    if number == 0:
        raise ValueRefused(text, msgid("there is no year 0"), LOOK_IT_UP)
    return era, _FIRST_YEAR[era.name] + number - 1


def _era_day(text: str, word: str, year: str, month: int, day: int) -> date:
    era, western = era_year(text, word, year)
    if era.last is not None and western > era.last.year:
        raise after_the_era(text, era, western)
    found = exact_day(text, western, month, day)
    if era.last is not None and found > era.last:
        raise after_the_era(text, era, western)
    if found < era.first:
        raise before_the_era(text, era)
    return found


def after_the_era(text: str, era: Era, western: int) -> ValueRefused:
    """The refusal of a day after the era's end; the remedy names the era that it falls in."""
    follower = ERAS[ERAS.index(era) + 1]
    for later in ERAS:
        if _FIRST_YEAR[later.name] <= western:
            follower = later
    number = western - _FIRST_YEAR[follower.name] + 1
    return ValueRefused(
        text,
        msgid("{era} ended on {last}"),
        msgid("if the year {western} is meant, write {follower}{number}年"),
        era=era.name,
        last=(era.last or date.max).isoformat(),
        western=western,
        follower=follower.name,
        number="元" if number == 1 else number,
    )


def before_the_era(text: str, era: Era) -> ValueRefused:
    """The refusal of a day before the era's beginning."""
    return ValueRefused(
        text,
        msgid("{era} is counted from {first} on"),
        LOOK_IT_UP,
        era=era.name,
        first=era.first.isoformat(),
    )


_EXCEL_EPOCH = date(1899, 12, 30)


def from_excel_number(number: float) -> date:
    """The day with Excel's number `number` (1900 system; the time of day is dropped).

    Only numbers from 1954 to 2119 are taken: outside, a five-digit number is no date of ours.
    (That also keeps clear of 60, the 29 February 1900 that never was.)
    """
    if not 20_000 <= number < 80_500:
        raise ValueRefused(
            f"{number:g}", msgid("as a day number of Excel this is no plausible date"), _WRITE_IT
        )
    return _EXCEL_EPOCH + timedelta(days=int(number))


def format_era(day: date, *, short: bool = False) -> str:
    """`day` in its era: 令和4年4月14日, or R4.4.14 when `short`.

    Raises ValueRefused before 1873.
    """
    for era in reversed(ERAS):
        if day >= era.first:
            number = day.year - _FIRST_YEAR[era.name] + 1
            if short:
                return f"{era.letter}{number}.{day.month}.{day.day}"
            year = "元" if number == 1 else number
            return f"{era.name}{year}年{day.month}月{day.day}日"
    raise before_the_era(day.isoformat(), ERAS[0])
