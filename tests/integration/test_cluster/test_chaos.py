"""The chaos of `bench/chaos.py`, shorter: whatever fails, the truth is in the tables."""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"
SEED = 20220414


@pytest.fixture(scope="module")
def outcome() -> Iterator[Any]:
    """A programme on two daemons and three workers, tormented and then left in peace."""
    sys.path.insert(0, str(BENCH))
    try:
        import chaos
    finally:
        sys.path.remove(str(BENCH))
    # Not pytest's folder: PostgreSQL has a user of its own where we are root, and must get there.
    with TemporaryDirectory(prefix="rollout-chaos-") as name:
        Path(name).chmod(0o755)
        root = Path(name).resolve()
        yield chaos.chaos(root, chaos.SHORT, SEED, say=lambda _words: None)


def test_everything_is_true_at_the_end(outcome: Any) -> None:
    evidence = {name: found for name, found in outcome.broken.items() if found}
    assert not evidence, f"seed {SEED}: {evidence}\n" + "\n".join(outcome.stories)


def test_it_was_chaos(outcome: Any) -> None:
    """PCs were rewritten, processes were killed, and operators were heard."""
    assert outcome.counts["wipes"] > 0
    assert outcome.done["started"] > 5
    assert outcome.counts["claims"] > outcome.counts["wipes"]
