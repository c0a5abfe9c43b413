"""Spans of time as ledgers hold them: lease periods, years, Japanese fiscal years."""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rollout.domain.dates import (
    ERA_BY_WORD,
    ERA_YEAR,
    LOOK_IT_UP,
    after_the_era,
    before_the_era,
    era_year,
    exact_day,
    fold_date,
    parse_date,
)
from rollout.domain.text import ValueRefused
from rollout.domain.words import msgid


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`, both included."""

    first: date
    last: date


_YEAR = rf"(?:{ERA_YEAR}|(?:FY)?(?P<west>[0-9]{{4}}))"
_month_only = re.compile(_YEAR + r"(?:年|[./-])(?P<month>[0-9]{1,2})月?").fullmatch
_year_only = re.compile(_YEAR + "年").fullmatch
_fiscal = re.compile(_YEAR + "年度|FY(?P<fy>[0-9]{4})").fullmatch


@lru_cache(maxsize=8192)
def parse_period(text: str) -> Period:
    """The span that `text` names: R4.4.1～R9.3.31, 令和4年度, 令和4年4月～令和9年3月, one year.

    Raises ValueRefused, also when the end lies before the beginning.
    """
    folded = fold_date(text).replace("〜", "~").replace("→", "~").replace("から", "~")
    folded = folded.removesuffix("まで")
    if "~" not in folded:
        if span := _span(text, folded):
            return span
        left, right = _split_at_dash(text, folded)
    else:
        left, _, right = folded.partition("~")
    if not left or not right:
        raise ValueRefused(
            text,
            msgid("the span has no beginning or no end"),
            msgid("write both days, as in R4.4.1～R9.3.31"),
        )
    first, last = _edge(text, left).first, _edge(text, right).last
    if last < first:
        raise _reversed(text, first, last)
    return Period(first, last)


def parse_days(text: str) -> Period:
    """The days that a person wrote: one day, two with `/` or `～` between, or a named span.

    Raises ValueRefused; of 令和4年2月30日 it says what is wrong with the day.
    """
    first, slash, last = text.partition("/")
    if slash and "/" not in last:
        begin, end = _day_or_span(first).first, _day_or_span(last).last
        if end < begin:
            raise _reversed(text, begin, end)
        return Period(begin, end)
    return _day_or_span(text)


def _day_or_span(text: str) -> Period:
    try:
        day = parse_date(text)
    except ValueRefused as no_day:
        try:
            return parse_period(text)
        except ValueRefused as no_span:
            raise (no_span if re.search("[~～〜→]|から", text) else no_day) from None
    return Period(day, day)


def _reversed(text: str, first: date, last: date) -> ValueRefused:
    return ValueRefused(
        text,
        msgid("the span ends on {last}, before it begins on {first}"),
        msgid("swap the two days, or correct the year"),
        first=first.isoformat(),
        last=last.isoformat(),
    )


def _split_at_dash(text: str, folded: str) -> tuple[str, str]:
    """The only way to cut at a dash that leaves a date on either side."""
    ways = []
    for place, character in enumerate(folded):
        if character != "-":
            continue
        try:
            _edge(text, folded[:place])
            _edge(text, folded[place + 1 :])
        except ValueRefused:
            continue
        ways.append(place)
    if len(ways) != 1:
        raise ValueRefused(
            text,
            msgid("this is not a span of time"),
            msgid("write both days, as in R4.4.1～R9.3.31"),
        )
    return folded[: ways[0]], folded[ways[0] + 1 :]


def _edge(text: str, part: str) -> Period:
    """A date, month, year or fiscal year as one end of a span."""
    if span := _span(text, part):
        return span
    try:
        day = parse_date(part)
    except ValueRefused as refused:
        refused.value = text
        refused.details["value"] = text
        raise
    return Period(day, day)


def _span(text: str, folded: str) -> Period | None:
    if found := _fiscal(folded):
        west = found["west"] or found["fy"]
        return fiscal_period(_named_year(text, found["era"], found["year"], west))
    if found := _year_only(folded):
        year = _named_year(text, found["era"], found["year"], found["west"])
        return _within(found["era"], Period(date(year, 1, 1), date(year, 12, 31)))
    if found := _month_only(folded):
        year = _named_year(text, found["era"], found["year"], found["west"])
        month = int(found["month"])
        first = exact_day(text, year, month, 1)
        last = date(year, month, calendar.monthrange(year, month)[1])
        era = ERA_BY_WORD.get(found["era"] or "")
        if era and era.last and first > era.last:
            raise after_the_era(text, era, year)
        if era and last < era.first:
            raise before_the_era(text, era)
        return _within(found["era"], Period(first, last))
    return None


def _named_year(text: str, word: str | None, year: str | None, west: str | None) -> int:
    if word is None or year is None:
        number = int(west or 0)
        if not 1 <= number < date.max.year:
            raise ValueRefused(text, msgid("there is no year {year}"), LOOK_IT_UP, year=number)
        return number
    era, western = era_year(text, word, year)
    if era.last is not None and western > era.last.year:
        raise after_the_era(text, era, western)
    if western < era.first.year:
        raise before_the_era(text, era)
    return western


def _within(word: str | None, span: Period) -> Period:
    """`span` cut to the era it is named by: 平成31年 ends on 30 April."""
    if word is None:
        return span
    era = ERA_BY_WORD[word]
    return Period(max(span.first, era.first), min(span.last, era.last or span.last))


def fiscal_year(day: date) -> int:
    """The Japanese fiscal year of `day`: April to March."""
    return day.year if day.month >= 4 else day.year - 1


def fiscal_period(year: int) -> Period:
    """The days of fiscal year `year`."""
    return Period(date(year, 4, 1), date(year + 1, 3, 31))
