"""What one check found."""

from dataclasses import dataclass

from rollout.domain.lifecycle import Described


class Level(Described):
    """How bad it is."""

    OK = "ok", "In order."
    WARNING = "warning", "The service works, but somebody should look."
    PROBLEM = "problem", "The service cannot do its work, or will soon not be able to."


@dataclass(frozen=True)
class Finding:
    """One check: `key` is its name for programs, `check` that for people.

    `remedy` says what to do, and is empty when it is in order.
    """

    key: str
    check: str
    level: Level
    found: str
    remedy: str = ""


def judged(key: str, check: str, found: str, *, problem: str = "", warning: str = "") -> Finding:
    """A finding by the first remedy that is needed."""
    level = Level.PROBLEM if problem else Level.WARNING if warning else Level.OK
    return Finding(key, check, level, found, problem or warning)
