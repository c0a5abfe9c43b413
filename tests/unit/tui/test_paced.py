"""Costly answers are asked for no more often than they are worth."""

from tui.paced import Paced


def test_the_first_answer_is_due_and_then_only_when_its_key_has_changed():
    answers = iter((1, 2, 3))
    paced = Paced(lambda: next(answers))
    assert paced.due("a")
    paced.renew("a")
    assert paced.answer == 1
    assert not paced.due("a")


def test_an_answer_that_took_long_is_not_asked_for_again_at_once(monkeypatch):
    clock = iter((100.0, 101.0, 101.0, 102.0, 119.9, 120.1))
    monkeypatch.setattr("tui.paced.monotonic", lambda: next(clock))
    paced = Paced(lambda: "slow")
    paced.renew("a")
    assert not paced.due("b"), "one second after"
    assert not paced.due("b"), "18.9 seconds after"
    assert paced.due("b"), "19.1 seconds after"
