"""Shares of the stacked bar."""

from hypothesis import given
from hypothesis import strategies as st

from rollout.domain.machine import MachineState
from tui.looks import GROUPS, by_group
from tui.widgets.state_bar import shares

_NUMBERS = st.fixed_dictionaries({group: st.integers(0, 1_000_000) for group in GROUPS})


@given(_NUMBERS.filter(lambda numbers: sum(numbers.values()) > 0), st.integers(10, 300))
def test_the_bar_is_full_and_nobody_is_hidden(numbers, cells):
    given_cells = shares(numbers, cells)

    assert sum(given_cells.values()) == cells
    assert all(given_cells[group] >= 1 for group, number in numbers.items() if number)


def test_every_state_belongs_to_one_group():
    counts = {state.value: 1 for state in MachineState}

    assert sum(by_group(counts).values()) == len(MachineState)
