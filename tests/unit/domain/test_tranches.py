"""Which machines of a wave go first."""

from collections import Counter
from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.tranches import Member, divide

DAY = date(2022, 11, 1)


def members(count: int, *, sites: int = 2, generations: int = 2) -> list[Member]:
    return [
        Member(n, f"DK2{n % generations}-{n:06d}", f"DK2{n % generations}", n // 2 % sites, DAY)
        for n in range(1, count + 1)
    ]


def divided(found: list[Member], canary: int = 1, share: float = 0.1) -> dict[int, int]:
    return divide(found, canary=lambda generation: canary, share=share, smallest=30)


def test_canaries_of_every_generation_and_site_then_a_share_then_the_rest() -> None:
    wave = members(40)
    numbers = divided(wave)
    assert Counter(numbers.values()) == {1: 4, 2: 4, 3: 32}
    kinds = {(one.generation, one.site) for one in wave if numbers[one.id] == 1}
    assert len(kinds) == 4


def test_the_share_is_not_left_to_rounding() -> None:
    assert Counter(divided(members(30), canary=0).values()) == {1: 3, 2: 27}


def test_the_choice_is_the_same_whatever_the_order_of_asking() -> None:
    wave = members(60)
    shuffled = list(wave)
    Random(4).shuffle(shuffled)
    assert divided(wave) == divided(shuffled)


def test_a_small_wave_begins_as_a_whole() -> None:
    assert set(divided(members(29)).values()) == {1}
    assert len(set(divided(members(30)).values())) == 3


def test_machines_of_earlier_days_are_chosen_and_those_under_way_are_in_the_first() -> None:
    late = [Member(n, f"DK20-{n:06d}", "DK20", 1, date(2022, 11, 9)) for n in range(1, 30)]
    early = Member(90, "DK20-000090", "DK20", 1, DAY)
    begun = Member(91, "DK20-000091", "DK20", 1, date(2022, 11, 9), begun=True)
    numbers = divided([*late, early])
    assert numbers[90] == 1
    assert list(numbers.values()).count(1) == 1
    assert divided([*late, early, begun])[91] == 1


def test_the_numbers_have_no_gap() -> None:
    assert set(divided(members(30), canary=99).values()) == {1}
    assert set(divided(members(40), canary=0, share=1).values()) == {1}


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=30, max_size=80),
    st.integers(0, 3),
    st.floats(0, 1),
)
def test_no_machine_waits_for_one_of_a_later_day(
    kinds: list[tuple[int, int]], canary: int, share: float
) -> None:
    wave = [
        Member(n, f"DK20-{n:06d}", "DK20", site, DAY + timedelta(days=day))
        for n, (day, site) in enumerate(kinds)
    ]
    numbers = divided(wave, canary, share)
    for one in wave:
        ahead = [other.day for other in wave if numbers[other.id] < numbers[one.id]]
        assert all(day is not None and one.day is not None and day <= one.day for day in ahead)
