"""The torture of `bench/accounts_torture.py`, shorter: whatever is killed, everybody has what he
should have, once."""

import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
SEED = 1


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Accounts whose work was killed a few times and then ran to its end."""
    sys.path.insert(0, str(BENCH))
    try:
        import accounts_torture
    finally:
        sys.path.remove(str(BENCH))
    root = tmp_path_factory.mktemp("accounts")
    return accounts_torture.torture(root, accounts_torture.SHORT, SEED, say=lambda _words: None)


def test_everything_is_true_at_the_end(outcome: Any) -> None:
    evidence = {name: found for name, found in outcome.broken.items() if found}
    assert not evidence, f"seed {SEED}: {evidence}"


def test_it_was_torture(outcome: Any) -> None:
    """Processes were killed while orders were under way, and the tenant did its worst."""
    assert outcome.done["killed at work"] > 1
    assert outcome.done["rows that a kill left in doubt"] > 0
    assert outcome.done["throttled"] > 0
    assert outcome.done["unavailable or answer lost"] > 0
    assert outcome.states["licence blocked"] > 0
