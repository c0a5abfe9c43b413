"""Requests that are answered together."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from rollout.application.together import AT_MOST, Together


class Work:
    """Doubles numbers; holds its first transaction until it is let go, and chokes on 13."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        self.begun.set()
        assert self.go.wait(120)
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


def _ask_behind_the_first(
    work: Work, together: Together[int, int], numbers: Sequence[int]
) -> list[Callable[[], int]]:
    """Ask for -1, and for `numbers` while that is being written; what each is answered."""
    with ThreadPoolExecutor(len(numbers) + 1) as pool:
        first = pool.submit(together, -1)
        assert work.begun.wait(120)
        others = [pool.submit(together, number) for number in numbers]
        while len(together._waiting) < len(numbers):
            threading.Event().wait(0.001)
        work.go.set()
        assert first.result(120) == -2
    return [other.result for other in others]


def test_who_waits_is_answered_by_the_next_transaction() -> None:
    work = Work()
    answers = _ask_behind_the_first(work, Together(work), range(9))
    assert [answer() for answer in answers] == [2 * number for number in range(9)]
    assert [sorted(group) for group in work.groups] == [[-1], list(range(9))]


def test_nobody_fails_because_of_another() -> None:
    work = Work()
    numbers = [1, 13, 2]
    answers = _ask_behind_the_first(work, Together(work), numbers)
    assert (answers[0](), answers[2]()) == (2, 4)
    with pytest.raises(ValueError, match="13"):
        answers[1]()


def test_more_than_one_transaction_takes_are_answered_by_several() -> None:
    work = Work()
    numbers = range(100, AT_MOST + 105)
    answers = _ask_behind_the_first(work, Together(work), numbers)
    assert [answer() for answer in answers] == [2 * number for number in numbers]
    assert [len(group) for group in work.groups] == [1, AT_MOST, 5]


def test_a_request_alone_is_answered_or_fails_alone() -> None:
    work = Work()
    work.go.set()
    together = Together[int, int](work)
    assert together(4) == 8
    with pytest.raises(ValueError, match="13"):
        together(13)
    assert together(5) == 10
