"""The daemon's threads are watched: a clock without a sign, and work that does not come back."""

import threading

import pytest

from rollout.service.watch import ClockDied, Watch, WorkHangs


def test_a_clock_that_gives_signs_is_alive() -> None:
    watch = Watch(clock_seconds=60, work_seconds=60)
    watch.sign()
    watch.check_clock()


def test_a_clock_without_a_sign_is_dead() -> None:
    watch = Watch(clock_seconds=0, work_seconds=60)
    with pytest.raises(ClockDied, match="gave no sign"):
        watch.check_clock()


def test_work_that_hangs_is_named_with_its_place_and_no_other_is() -> None:
    watch = Watch(clock_seconds=60, work_seconds=0)
    at_work, go_on = threading.Event(), threading.Event()

    def hang_here() -> None:
        with watch.working("tick"):
            at_work.set()
            go_on.wait(20)

    thread = threading.Thread(target=hang_here)
    thread.start()
    assert at_work.wait(20)
    with pytest.raises(WorkHangs, match="the daemon's tick has hung") as hang:
        watch.check_work()
    assert "in hang_here" in hang.value.where
    assert watch.at_work
    go_on.set()
    thread.join()
    assert not watch.at_work
    watch.check_work()


def test_work_that_failed_is_over_as_well() -> None:
    watch = Watch(clock_seconds=60, work_seconds=0)
    with pytest.raises(ValueError, match="x"), watch.working("tick"):
        raise ValueError("x")
    watch.check_work()
