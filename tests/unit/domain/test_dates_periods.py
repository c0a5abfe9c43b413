"""Lease periods, years and fiscal years."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.dates import format_era
from rollout.domain.periods import Period, fiscal_period, fiscal_year, parse_period
from rollout.domain.text import ValueRefused

FIVE_YEARS = Period(date(2022, 4, 1), date(2027, 3, 31))


@pytest.mark.parametrize(
    "text",
    [
        "R4.4.1～R9.3.31",
        "R4.4.1〜R9.3.31",
        "令和4年4月1日から令和9年3月31日まで",
        "R4.4.1 ~ R9.3.31",
        "2022/4/1-2027/3/31",
        "2022-04-01-2027-03-31",
        "2022-4-1 – 2027-3-31",
        "R4.4.1ーR9.3.31",
        "Ｒ４．４．１～Ｒ９．３．３１",
        "令和4年4月～令和9年3月",
        "令和4年度～令和8年度",
        "44652～46477",
        "R4.4.1→R9.3.31",
    ],
)
def test_one_span_in_every_spelling(text: str) -> None:
    assert parse_period(text) == FIVE_YEARS


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("令和4年度", date(2022, 4, 1), date(2023, 3, 31)),
        ("平成31年度", date(2019, 4, 1), date(2020, 3, 31)),
        ("令和元年度", date(2019, 4, 1), date(2020, 3, 31)),
        ("FY2022", date(2022, 4, 1), date(2023, 3, 31)),
        ("平成31年", date(2019, 1, 1), date(2019, 4, 30)),
        ("令和元年", date(2019, 5, 1), date(2019, 12, 31)),
        ("2022年", date(2022, 1, 1), date(2022, 12, 31)),
    ],
)
def test_years_are_spans_cut_to_their_era(text: str, first: date, last: date) -> None:
    assert parse_period(text) == Period(first, last)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("R9.4.1～R4.3.31", "before it begins"),
        ("R4.4.1～", "no beginning or no end"),
        ("R4.4.1～R9.2.30", "28 days"),
        ("平成32年度", "ended"),
        ("平成28年4月1日～平成33年3月31日", "令和3年"),
        ("5年", "not a span"),
        ("", "not a span"),
        ("令和元年4月", "2019-05-01"),
    ],
)
def test_what_is_no_span_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        parse_period(text)
    assert why in str(refused.value)
    assert refused.value.value == text


@given(st.dates(min_value=date(1873, 1, 1), max_value=date(2100, 1, 1)), st.integers(0, 4000))
def test_a_span_of_era_dates_survives(first: date, days: int) -> None:
    last = date.fromordinal(first.toordinal() + days)
    text = f"{format_era(first, short=True)}～{format_era(last)}"
    assert parse_period(text) == Period(first, last)


@given(st.dates())
def test_a_day_lies_in_its_fiscal_year(day: date) -> None:
    if date(2, 1, 1) < day < date(9998, 1, 1):
        span = fiscal_period(fiscal_year(day))
        assert span.first <= day <= span.last


@given(
    st.text()
    | st.from_regex(r"[RH]?[0-9]{1,4}[年./-]?[0-9]{0,2}(年度|年|月)?[~～-]?[RH]?[0-9./-]{0,9}")
)
def test_any_text_is_a_span_or_refused(text: str) -> None:
    try:
        span = parse_period(text)
    except ValueRefused:
        return
    assert span.first <= span.last
