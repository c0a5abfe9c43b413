"""What is left of a limit is what counting day by day would say."""

from hypothesis import given
from hypothesis import strategies as st

from rollout.planning.limits import Canary, Places, Stock, bits, positions

days = st.integers(0, 9)


@given(st.sets(st.integers(0, 300)))
def test_a_set_of_days_comes_back_in_order(chosen: set[int]) -> None:
    assert list(positions(bits(chosen))) == sorted(chosen)


@given(st.lists(st.integers(-1, 3), min_size=10, max_size=10),
       st.lists(st.tuples(days, st.integers(-2, 3)), max_size=12))  # fmt: skip
def test_a_day_is_open_as_long_as_it_has_places(
    left: list[int], taken: list[tuple[int, int]]
) -> None:
    places = Places(left)
    for day, machines in taken:
        places.take(day, machines)
        left[day] -= machines
    assert places.left == left
    assert list(positions(places.open)) == [day for day in range(10) if left[day] > 0]


@given(st.lists(st.integers(0, 3), min_size=10, max_size=10),
       st.lists(st.tuples(days, st.integers(1, 4), st.booleans()), max_size=12))  # fmt: skip
def test_a_day_gives_no_successor_that_a_later_day_has_been_promised(
    deliveries: list[int], wishes: list[tuple[int, int, bool]]
) -> None:
    stock = Stock([sum(deliveries[: day + 1]) for day in range(10)])
    taken = [0] * 10
    for day, machines, give_back in wishes:
        if give_back:
            stock.take(day, -taken[day])
            taken[day] = 0
        else:
            number = min(machines, max(0, stock.left[day]))
            stock.take(day, number)
            taken[day] += number
        left = [sum(deliveries[: at + 1]) - sum(taken[: at + 1]) for at in range(10)]
        assert min(left) >= 0
        assert stock.left == [min(left[at:]) for at in range(10)]
        assert list(positions(stock.open)) == [at for at in range(10) if min(left[at:]) > 0]


@given(st.integers(1, 3), st.lists(st.tuples(days, st.booleans()), max_size=15))
def test_the_first_day_of_a_generation_never_holds_more_than_its_canary(
    most: int, wishes: list[tuple[int, bool]]
) -> None:
    canary = Canary(most)
    taken = [0] * 10
    for day, give_back in wishes:
        first = next((at for at, n in enumerate(taken) if n), None)
        assert canary.first == first
        if give_back and taken[day] and day != first:
            canary.take(day, -1)
            taken[day] -= 1
        elif not give_back and canary.allows(day):
            canary.take(day, 1)
            taken[day] += 1
        begun = [n for n in taken if n]
        assert begun[:1] <= [most]
