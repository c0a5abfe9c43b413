"""What is counted of machines while they are exported, and again when an export is verified.

States come from the history, verdicts from the evidence: whoever counts them again from there finds
out whether what is kept of each machine for fast reading still says the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from rollout.domain.controls import Verdict
from rollout.store.exporting.machines import FIELDS, Page

STATE = FIELDS.index("state")
_CONTROLS = tuple(FIELDS.index(f"controls_{name}") for name in ("passed", "failed", "pending"))
_VERDICTS = tuple(f"verdict.{it}" for it in (Verdict.PASS, Verdict.FAIL, Verdict.PENDING))


def begin(counts: Counter[str]) -> None:
    """What is counted at least, were there no machine."""
    counts.update(dict.fromkeys(("machines", *_VERDICTS), 0))


def count_page(page: Page, counts: Counter[str]) -> None:
    """The machines of a page of columns."""
    count_states(page[STATE], counts)
    count_verdicts([sum(filter(None, page[place])) for place in _CONTROLS], counts)


def count_states(states: Sequence[str], counts: Counter[str]) -> None:
    """One of each machine."""
    counts["machines"] += len(states)
    for state, number in Counter(states).items():
        counts[f"state.{state}"] += number


def count_verdicts(numbers: Sequence[int], counts: Counter[str]) -> None:
    """How many controls passed, failed and wait, of all machines together."""
    counts.update(dict(zip(_VERDICTS, numbers, strict=True)))


def comparable(counts: Counter[str], made: Mapping[str, int]) -> Counter[str]:
    """Without what an export of an older version did not count."""
    known = any(name in made for name in _VERDICTS)
    return Counter({name: n for name, n in counts.items() if known or name not in _VERDICTS})
