"""What a person types for the planner: understood with its era, or refused with the remedy."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from rollout.settings import Settings, SettingsError, load

Configure = Callable[[str], Settings]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    def write(text: str, programme: str = "start = 2022-11-01\ncutover = 2023-05-01") -> Settings:
        path = tmp_path / "rollout.toml"
        path.write_text(f"[programme]\n{programme}\n{text}", encoding="utf-8")
        monkeypatch.setenv("ROLLOUT_CONFIG", str(path))
        return load()

    return write


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2022-12-29/2023-01-03", date(2022, 12, 29), date(2023, 1, 3)),
        ("令和4年12月29日/令和5年1月3日", date(2022, 12, 29), date(2023, 1, 3)),
        ("R4.12.29～R5.1.3", date(2022, 12, 29), date(2023, 1, 3)),
        ("R4/12/29～R5/1/3", date(2022, 12, 29), date(2023, 1, 3)),
        ("2023-02-01", date(2023, 2, 1), date(2023, 2, 1)),
        ("2024/2/29", date(2024, 2, 29), date(2024, 2, 29)),
        ("令和5年度", date(2023, 4, 1), date(2024, 3, 31)),
        ("FY2022", date(2022, 4, 1), date(2023, 3, 31)),
        ("令和5年3月", date(2023, 3, 1), date(2023, 3, 31)),
        ("令和5年3月/令和5年4月14日", date(2023, 3, 1), date(2023, 4, 14)),
    ],
)
def test_a_range_is_read_as_a_person_writes_it(
    configured: Configure, typed: str, first: date, last: date
) -> None:
    (found,) = configured(f'[calendar]\nfreeze = ["{typed}"]').calendar.freeze
    assert (found.first, found.last) == (first, last)


def test_eras_and_fiscal_years_stand_wherever_a_date_is_typed(configured: Configure) -> None:
    settings = configured(
        """
        [sites."津"]
        [departments."総務部"]
        site = "津"
        not_before = "令和5年度"
        not_after = "令和5年度"
        [machines."DK20-000001"]
        pinned = "R5.2.1"
        [people."000417"]
        trained_on = "令和4年12月"
        [generations.DK17]
        path = "refresh"
        successors = { "令和5年1月10日" = 40 }
        """,
        programme='start = "令和4年度"\ncutover = "令和5年5月1日"',
    )
    assert (settings.programme.start, settings.programme.cutover) == (
        date(2022, 4, 1),
        date(2023, 5, 1),
    )
    rules = settings.departments["総務部"]
    assert (rules.not_before, rules.not_after) == (date(2023, 4, 1), date(2024, 3, 31))
    assert settings.machines["DK20-000001"].pinned == date(2023, 2, 1)
    assert settings.people["000417"].trained_on == date(2022, 12, 31)
    assert settings.generation("DK17").successors == {date(2023, 1, 10): 40}


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        (
            '[calendar]\nclosed = ["2023-01-03/2022-12-29"]',
            "calendar.closed.0",
            "swap the two days",
        ),
        (
            '[calendar]\nfreeze = ["2023-03-20/2023-04-14", "2023-04-10/2023-04-20"]',
            "calendar.freeze",
            "2023-03-20/2023-04-14 and 2023-04-10/2023-04-20 overlap: correct one",
        ),
        ('[calendar]\nclosed = ["令和4年2月30日"]', "calendar.closed.0", "has 28 days"),
        ('[calendar]\nclosed = ["平成35年1月1日"]', "calendar.closed.0", "write 令和5年"),
        ('[calendar]\nclosed = ["soon"]', "calendar.closed.0", "not a"),
        ('[departments."総務部"]\ncontact = "x"', "departments.総務部", 'add site = "本庁"'),
        ('[departments."総務部"]\nsite = "津"', "departments.総務部.site", 'add [sites."津"]'),
        (
            '[sites."津"]\n[departments.A]\nsite = "津"\nnot_before = 2023-02-01\n'
            "not_after = 2023-01-01",
            "departments.A",
            "swap them",
        ),
        ('[sites."津"]\nmachines_per_day = 0', "sites.津.machines_per_day", "give at least 1"),
        ('[sites."津"]\nat_once = 0', "sites.津.at_once", "1 or more"),
        ('[sites."津"]\nweekdays = ["monday"]', "sites.津.weekdays.0", "'mon'"),
        ("[limits]\ndepartment_share_per_day = 0", "limits.department_share_per_day", "greater"),
        (
            '[generations.DK20]\nsuccessors = { "2023-01-10" = 5 }',
            "generations.DK20",
            'path = "refresh"',
        ),
        ('[people."1"]\nabsences = ["R5.1.2", "R5.1.1/R5.1.5"]', "people.1.absences", "overlap"),
        ("[pilot]\nsites = 3", "pilot.sites", "not a known key"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place_and_the_remedy(
    configured: Configure, text: str, place: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        configured(text)
    assert place in str(refused.value)
    assert remedy in str(refused.value)
