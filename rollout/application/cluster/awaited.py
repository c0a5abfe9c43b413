"""Sites that a worker was started for and that the ledger does not have: not yet, or misspelled."""

from collections.abc import Iterable
from difflib import get_close_matches

from rollout.store import machines
from rollout.store.database import Database

_ALIKE = 0.4
"""Names of two characters, of which one is wrong, are still alike."""


def with_near_names(database: Database, awaited: Iterable[str]) -> str:
    """These names, each with those of the ledger that may have been meant."""
    with database.read() as session:
        known = sorted(machines.site_keys(session).values())
    return ", ".join(_with_near(name, known) for name in awaited)


def _with_near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=_ALIKE)
    return f"{name} ({', '.join(near)}?)" if near else name
