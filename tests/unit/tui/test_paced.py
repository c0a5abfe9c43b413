"""Costly answers are asked for no more often than they are worth."""

import pytest

from tui.paced import Costly, Pace


def test_what_was_never_answered_is_asked_at_once_and_again_only_when_its_key_has_changed():
    answers = iter((1, 2, 3))
    pace, part = Pace(), Costly(lambda: next(answers))
    assert pace.due([(part, "a")]) == (part, "a")
    pace.renew(part, "a")
    assert part.answer == 1
    assert pace.due([(part, "a")]) is None


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes by hand, and with it the time that the thread has worked."""
    at = [100.0]
    monkeypatch.setattr("tui.paced.monotonic", lambda: at[0])
    monkeypatch.setattr("tui.paced.thread_time", lambda: at[0])
    return at


def test_a_slow_answer_lets_all_others_wait_nineteen_times_as_long(clock):
    def slow() -> str:
        clock[0] += 1.0
        return "slow"

    pace, one, other = Pace(), Costly(slow), Costly(lambda: "fast")
    pace.renew(other, "a")
    pace.renew(one, "a")
    clock[0] += 18.9
    assert pace.due([(one, "b"), (other, "b")]) is None
    clock[0] += 0.2
    assert pace.due([(one, "b"), (other, "b")]) == (other, "b"), "whose answer is the oldest"
    assert pace.due([(one, "b"), (other, "a")]) == (one, "b"), "what has not changed is not asked"


def test_a_first_answer_waits_for_nothing(clock):
    def slow() -> str:
        clock[0] += 1.0
        return "slow"

    pace, one, other = Pace(), Costly(slow), Costly(lambda: "fast")
    pace.renew(one, "a")
    assert pace.due([(one, "b"), (other, "b")]) == (other, "b")


def test_who_hurries_waits_once_for_nothing_even_when_it_was_said_during_an_answer(clock):
    def slow() -> str:
        clock[0] += 1.0
        pace.hurry()
        return "slow"

    pace, one = Pace(), Costly(slow)
    pace.renew(one, "a")
    assert pace.due([(one, "a")]) is None, "nothing has changed"
    assert pace.due([(one, "b")]) == (one, "b")
    one.ask = lambda: clock.__setitem__(0, clock[0] + 1.0)
    pace.renew(one, "b")
    one.answer = "known"
    assert pace.due([(one, "c")]) is None
