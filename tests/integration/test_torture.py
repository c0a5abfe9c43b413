"""The torture of `bench/torture.py`, shorter: whatever is killed, the truth is in the tables."""

import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
SEED = 20220414


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A programme that was tormented for 20 seconds and then left in peace."""
    sys.path.insert(0, str(BENCH))
    try:
        import torture
    finally:
        sys.path.remove(str(BENCH))
    root = tmp_path_factory.mktemp("torture")
    return torture.torture(root, torture.SHORT, SEED, say=lambda _words: None)


def test_everything_is_true_at_the_end(outcome: Any) -> None:
    evidence = {name: found for name, found in outcome.broken.items() if found}
    assert not evidence, f"seed {SEED}: {evidence}\n" + "\n".join(outcome.stories)


def test_it_was_torture(outcome: Any) -> None:
    """PCs were rewritten, daemons were killed, and operators were heard."""
    assert outcome.counts["wipes"] > 0
    assert outcome.done["started"] > 1
    assert outcome.counts["claims"] > outcome.counts["wipes"]
