"""Requests stay below the quotas and wait as long as they are told."""

from rollout.adapters.graph.rates import Rates


def test_a_bucket_lets_its_amount_go_and_then_one_at_a_time() -> None:
    rates = Rates({"write": (4, 2)})

    assert [rates.wait("write", 0) for _ in range(4)] == [0, 0, 0, 0]
    assert rates.wait("write", 0) == 0.5
    assert rates.wait("write", 0.5) == 0


def test_kinds_do_not_wait_for_each_other() -> None:
    rates = Rates({"write": (1, 10), "read": (1, 10)})
    rates.wait("write", 0)

    assert rates.wait("read", 0) == 0
    assert rates.wait("unknown to the quotas", 0) == 0


def test_a_refusal_is_obeyed_to_the_second() -> None:
    rates = Rates({"write": (100, 10)})

    rates.throttled("write", 7, 100)

    assert rates.wait("write", 103) == 4
    assert rates.wait("write", 107) == 0


def test_refusals_that_name_no_time_double_until_one_goes_well() -> None:
    rates = Rates({"write": (100, 10)})
    pauses, now = [], 0.0
    for _ in range(4):
        rates.throttled("write", None, now)
        pauses.append(rates.wait("write", now))
        now += pauses[-1]
    rates.went_well("write")
    rates.throttled("write", None, now)

    assert pauses == [1, 2, 4, 8]
    assert rates.wait("write", now) == 1


def test_refusals_of_one_moment_are_one_pause() -> None:
    rates = Rates({"write": (100, 10)})

    for _ in range(20):
        rates.throttled("write", None, 0)

    assert rates.wait("write", 0) == 1


def test_of_several_refusals_the_one_that_says_longest_is_obeyed() -> None:
    rates = Rates({"write": (100, 10)})

    for told in (3, 40, 5, None):
        rates.throttled("write", told, 0)
    assert rates.wait("write", 0) == 40

    rates.throttled("write", 60, 10)
    assert rates.wait("write", 10) == 60
