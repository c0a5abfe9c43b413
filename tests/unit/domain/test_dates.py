"""Eras, Western dates and Excel's day numbers."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.dates import format_era, from_excel_number, parse_date
from rollout.domain.text import ValueRefused

THE_DAY = date(2022, 4, 14)


@pytest.mark.parametrize(
    "text",
    [
        "令和4年4月14日",
        "R4.4.14",
        "R4/4/14",
        "r04-04-14",
        "令4.4.14",
        "令和４年４月１４日",
        "㋿4年4月14日",
        "2022/4/14",
        "2022-04-14",
        "2022.4.14",
        "2022年4月14日",
        "20220414",
        "44665",
        "２０２２／４／１４",
        "2022/4/14 0:00:00",
        "2022-04-14T00:00:00",
        "令和4年4月14日(木)",
        " 令和 4 年 4 月 14 日 ",
        "R4ー4ー14",
        "2022−4−14",
    ],
)
def test_one_day_in_every_spelling(text: str) -> None:
    assert parse_date(text) == THE_DAY


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("H31.4.30", date(2019, 4, 30)),
        ("令和6年2月29日", date(2024, 2, 29)),
    ],
)
def test_the_edges_of_eras(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("平成3元年4月1日", "元"),
        ("平成3元年", "元"),
        ("令和4年2月30日", "28 days"),
        ("令和4年13月1日", "month 13"),
        ("平成32年4月1日", "令和2年"),
        ("平成31年5月1日", "令和元年"),
        ("昭和64年1月8日", "平成元年"),
        ("令和元年4月30日", "2019-05-01"),
        ("令和0年4月1日", "year 0"),
        ("令和4年度", "span of time"),
        ("令和4年", "span of time"),
        ("R4.4", "span of time"),
        ("22/4/14", "several ways"),
        ("4/14/2022", "several ways"),
        ("令和4年4月14日(金)", "weekday"),
        ("明治5年12月2日", "1873"),
        ("60", "not a date"),
        ("99999", "plausible"),
        ("", "empty"),
        ("未定", "not a date"),
        ("0000/1/1", "year 0"),
    ],
)
def test_what_is_no_certain_day_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        parse_date(text)
    assert why in str(refused.value)
    assert refused.value.value == text


@given(st.dates(min_value=date(1873, 1, 1), max_value=date(2117, 12, 31)))
def test_a_day_survives_its_era_and_back(day: date) -> None:
    assert parse_date(format_era(day)) == day
    assert parse_date(format_era(day, short=True)) == day


@given(st.dates(min_value=date(1955, 1, 1), max_value=date(2119, 12, 31)))
def test_excel_numbers_count_days(day: date) -> None:
    assert from_excel_number((day - date(1899, 12, 30)).days) == day


@given(
    st.text()
    | st.from_regex(r"(令和|平成|昭和|[RHS])[0-9元]{1,3}[年./][0-9]{1,3}[月./][0-9]{1,3}日?")
)
def test_any_text_is_a_day_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_date(text), date)
    except ValueRefused as refused:
        assert refused.reason  # noqa: PT017
