"""The figures of the overview in words."""

from datetime import date

import pytest

from rollout.i18n import language, use_language
from tui.figures import distance

CUTOVER = date(2023, 5, 1)


@pytest.fixture
def japanese():
    before = language()
    use_language("ja")
    yield
    use_language(before)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2023, 4, 30), "全 1,200 台、供用開始日 2023-05-01 まであと 1 日"),
        (CUTOVER, "全 1,200 台、供用開始日 2023-05-01 まであと 0 日"),
        (date(2023, 5, 2), "全 1,200 台、供用開始日 2023-05-01 から 1 日経過"),
    ],
)
def test_nobody_counts_days_below_nothing(today: date, said: str, japanese: None) -> None:
    assert distance(1200, CUTOVER, today) == said


def test_one_of_each_reads_right_in_english(japanese: None) -> None:
    use_language("en")
    said = distance(1, CUTOVER, date(2023, 5, 2))
    assert said == "1 machine, 1 day after the cutover on 2023-05-01"
