"""What each gate says, at its limit and on both sides of it."""

import pytest

from rollout.domain.gates import (
    GATES,
    PREREQUISITES,
    Ahead,
    Counts,
    Gate,
    Lack,
    Limits,
    Reading,
    Verdict,
    all_open,
    halting,
    readings,
)

OPEN, CLOSED, HALTED = Verdict.OPEN, Verdict.CLOSED, Verdict.HALTED
USUAL = Limits()


def says(gate: Gate, counts: Counts, limits: Limits = USUAL) -> Verdict:
    return GATES[gate](counts, limits).verdict


@pytest.mark.parametrize(
    ("gate", "below", "at", "above"),
    [
        (
            Gate.SUCCEEDED,
            (Counts(10, succeeded=7), CLOSED),
            (Counts(10, succeeded=8), OPEN),
            (Counts(10, succeeded=9), OPEN),
        ),
        (
            Gate.FAILED,
            (Counts(99, failed=4), OPEN),
            (Counts(99, failed=5), OPEN),
            (Counts(99, failed=6), HALTED),
        ),
        (
            Gate.SILENT,
            (Counts(99, silent=4), OPEN),
            (Counts(99, silent=5), OPEN),
            (Counts(99, silent=6), HALTED),
        ),
        (
            Gate.FAILED_SHARE,
            (Counts(12, failed=2), OPEN),
            (Counts(12, failed=3), OPEN),
            (Counts(12, failed=4), HALTED),
        ),
        (
            Gate.SILENT_SHARE,
            (Counts(12, silent=2), OPEN),
            (Counts(12, silent=3), OPEN),
            (Counts(12, silent=4), HALTED),
        ),
        (
            Gate.SOAK,
            (Counts(1, quiet_minutes=59.99), CLOSED),
            (Counts(1, quiet_minutes=60), OPEN),
            (Counts(1, quiet_minutes=60.01), OPEN),
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Gate) else "",
)
def test_exactly_at_the_limit_is_on_the_good_side(
    gate: Gate,
    below: tuple[Counts, Verdict],
    at: tuple[Counts, Verdict],
    above: tuple[Counts, Verdict],
) -> None:
    for counts, wanted in (below, at, above):
        assert says(gate, counts) is wanted, counts


@pytest.mark.parametrize("size", [10, 20, 30, 70, 90, 110, 230])
@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_share_exactly_at_its_limit_is_not_left_to_rounding(size: int, tenths: int) -> None:
    limits = Limits(succeeded_share=tenths / 10, failed_share=tenths / 10)
    exactly = size * tenths // 10
    assert says(Gate.SUCCEEDED, Counts(size, succeeded=exactly), limits) is OPEN
    assert says(Gate.SUCCEEDED, Counts(size, succeeded=exactly - 1), limits) is CLOSED
    assert says(Gate.FAILED_SHARE, Counts(size, failed=exactly), limits) is OPEN
    assert says(Gate.FAILED_SHARE, Counts(size, failed=exactly + 1), limits) is HALTED


def test_one_machine_in_doubt_keeps_the_wave_where_it_is() -> None:
    assert says(Gate.UNKNOWN, Counts(99, unknown=0)) is OPEN
    assert says(Gate.UNKNOWN, Counts(99, unknown=1)) is CLOSED


def test_what_cannot_be_measured_is_closed() -> None:
    nothing = Counts(0)
    assert says(Gate.SUCCEEDED, nothing) is CLOSED
    assert says(Gate.SOAK, nothing) is CLOSED
    assert not all_open(readings(nothing, Limits()))
    assert not all_open([])


def test_a_share_of_a_few_machines_does_not_halt_but_the_counts_do() -> None:
    assert says(Gate.FAILED_SHARE, Counts(9, failed=9)) is OPEN
    assert says(Gate.FAILED_SHARE, Counts(10, failed=9)) is HALTED
    assert says(Gate.FAILED, Counts(9, failed=9)) is HALTED


def test_a_reading_names_the_numbers_that_decided() -> None:
    found = halting(readings(Counts(40, failed=12, silent=6), Limits()))
    assert [reading.gate for reading in found] == [Gate.FAILED, Gate.FAILED_SHARE, Gate.SILENT]
    assert (found[0].value, found[0].limit) == (12, 5)
    assert (found[1].count, found[1].of, found[1].value, found[1].limit) == (12, 40, 0.3, 0.25)


def test_an_override_holds_until_the_number_becomes_worse() -> None:
    accepted: dict[Gate, float | None] = {Gate.FAILED: 6.0}
    at, worse, mended = (
        {reading.gate: reading for reading in readings(Counts(99, failed=n), Limits(), accepted)}
        for n in (6, 7, 2)
    )
    assert (at[Gate.FAILED].verdict, at[Gate.FAILED].overridden) == (OPEN, True)
    assert worse[Gate.FAILED].verdict is HALTED
    assert (mended[Gate.FAILED].verdict, mended[Gate.FAILED].overridden) == (OPEN, False)


@pytest.mark.parametrize(
    ("gate", "accepted", "holds", "worse"),
    [
        (Gate.UNKNOWN, Counts(9, unknown=1), Counts(9, unknown=1), Counts(9, unknown=2)),
        (Gate.SUCCEEDED, Counts(9, succeeded=5), Counts(9, succeeded=6), Counts(9, succeeded=4)),
        (Gate.SOAK, Counts(9, quiet_minutes=9), Counts(9, quiet_minutes=30), Counts(9)),
    ],
)
def test_an_override_of_a_closed_gate_holds_until_its_number_becomes_worse(
    gate: Gate, accepted: Counts, holds: Counts, worse: Counts
) -> None:
    def reading(counts: Counts, overrides: dict[Gate, float | None]) -> Reading:
        (found,) = [one for one in readings(counts, Limits(), overrides) if one.gate is gate]
        return found

    given = {gate: reading(accepted, {}).value}
    for counts in (accepted, holds):
        assert (reading(counts, given).verdict, reading(counts, given).overridden) == (OPEN, True)
    assert (reading(worse, given).verdict, reading(worse, given).overridden) == (CLOSED, False)


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [
        (Ahead(seats=3), OPEN),
        (Ahead(seats=4), OPEN),
        (Ahead(seats=2), CLOSED),
        (Ahead(), CLOSED),
    ],
)
def test_three_seats_that_were_accepted_are_not_two(ahead: Ahead, verdict: Verdict) -> None:
    limits = Limits(licences_free=10)
    (reading,) = readings(None, limits, {Gate.LICENCES: 3.0}, ahead=ahead)
    assert reading.verdict is verdict
    # What was accepted without a number holds with any.
    (reading,) = readings(None, limits, {Gate.LICENCES: None}, ahead=ahead)
    assert reading.verdict is OPEN


def test_an_override_reaches_one_gate_alone() -> None:
    accepted: dict[Gate, float | None] = {Gate.SOAK: None}
    found = {one.gate: one for one in readings(Counts(1, unknown=1), Limits(), accepted)}
    assert found[Gate.SOAK].verdict is OPEN
    assert found[Gate.UNKNOWN].verdict is CLOSED
    assert found[Gate.SUCCEEDED].verdict is CLOSED


@pytest.mark.parametrize(
    ("gate", "below", "at", "above"),
    [
        (
            Gate.TRAINING,
            (Ahead(people=10, trained=8), CLOSED),
            (Ahead(people=10, trained=9), OPEN),
            (Ahead(people=10, trained=10), OPEN),
        ),
        (
            Gate.NOTICES,
            (Ahead(announced=20, told=18), CLOSED),
            (Ahead(announced=20, told=19), OPEN),
            (Ahead(announced=20, told=20), OPEN),
        ),
        (
            Gate.LICENCES,
            (Ahead(seats=4), CLOSED),
            (Ahead(seats=5), OPEN),
            (Ahead(seats=6), OPEN),
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Gate) else "",
)
def test_a_prerequisite_exactly_at_its_limit_is_open(
    gate: Gate,
    below: tuple[Ahead, Verdict],
    at: tuple[Ahead, Verdict],
    above: tuple[Ahead, Verdict],
) -> None:
    limits = Limits(training_share=0.9, notices_share=0.95, licences_free=5)
    for ahead, wanted in (below, at, above):
        reading = PREREQUISITES[gate](ahead, limits)
        assert reading is not None
        assert reading.verdict is wanted, ahead


def test_a_prerequisite_without_a_limit_is_off() -> None:
    nothing = Ahead()
    assert readings(None, Limits(), ahead=nothing) == []
    (one,) = readings(None, Limits(licences_free=0), ahead=Ahead(seats=0))
    assert (one.gate, one.verdict) == (Gate.LICENCES, OPEN)


def test_what_a_prerequisite_lacks_closes_it_and_is_said() -> None:
    limits = Limits(training_share=0.5, notices_share=0.5, licences_free=0)
    for reading in readings(None, limits, ahead=Ahead()):
        assert (reading.verdict, reading.value) == (CLOSED, None)
        assert reading.lack is not None
    lack = Lack("no record of {course}", {"course": "security"})
    known = Ahead(people=4, trained=4, lacks={Gate.TRAINING: lack})
    found = {reading.gate: reading for reading in readings(None, limits, ahead=known)}
    assert (found[Gate.TRAINING].verdict, found[Gate.TRAINING].lack) == (CLOSED, lack)


def test_more_seats_used_than_there_are_is_below_every_limit() -> None:
    (reading,) = readings(None, Limits(licences_free=0), ahead=Ahead(seats=-3))
    assert (reading.verdict, reading.value) == (CLOSED, -3)


def test_before_the_first_machine_only_prerequisites_speak_and_behind_the_last_none() -> None:
    limits = Limits(training_share=0.5)
    ahead = Ahead(people=2, trained=1)
    assert [one.gate for one in readings(None, limits, ahead=ahead)] == [Gate.TRAINING]
    assert Gate.TRAINING not in {one.gate for one in readings(Counts(1), limits)}


def test_an_overridden_prerequisite_is_open() -> None:
    limits = Limits(training_share=0.9)
    ahead = Ahead(people=10, trained=1)
    (reading,) = readings(None, limits, {Gate.TRAINING: 0.1}, ahead=ahead)
    assert (reading.verdict, reading.overridden) == (OPEN, True)
