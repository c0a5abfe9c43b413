"""What a stop reaches: everything, one generation or one site."""

from collections.abc import Iterable
from dataclasses import dataclass

from rollout.domain.lifecycle import Described


class StopScope(Described):
    """How far a stop reaches."""

    ALL = "all", "The whole programme."
    GENERATION = "generation", "The machines of one generation."
    SITE = "site", "The machines at one site."


class StopState(Described):
    """Whether a stop is in force."""

    RUNNING = "running", "What it reaches may begin."
    HALTED = "halted", "Nothing that it reaches begins."


@dataclass(frozen=True)
class Stopped:
    """The stops in force."""

    everything: bool = False
    generations: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()

    @classmethod
    def of(cls, found: Iterable[tuple[str, str]]) -> "Stopped":
        """From pairs of scope and target."""
        pairs = list(found)
        return cls(
            any(scope == StopScope.ALL for scope, _ in pairs),
            frozenset(target for scope, target in pairs if scope == StopScope.GENERATION),
            frozenset(target for scope, target in pairs if scope == StopScope.SITE),
        )

    def reaches(self, generation: str, site: str | None) -> bool:
        """Whether a machine of that generation at that site may begin nothing."""
        return self.everything or generation in self.generations or site in self.sites
