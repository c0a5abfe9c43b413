"""The words of the history, as people read them: what a fact is about, what was done, and from
where to where.

A word is another in another noun's mouth ("planned" of a wave and of a notice), so each is read
beside its noun. What is not known stays as it is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import chain

from rollout.application.host_keys import HostKeyVerb
from rollout.domain.account import ACCOUNT, CLOUD_GROUP
from rollout.domain.departments import DepartmentChangeKind
from rollout.domain.lifecycle import Lifecycle
from rollout.domain.machine import MACHINE
from rollout.domain.notice import NOTICE
from rollout.domain.noun import Noun
from rollout.domain.personal_device import PERSONAL_DEVICE
from rollout.domain.programme_board import MILESTONE
from rollout.domain.recorded import RecordedNoun, RecordedVerb
from rollout.domain.retirement import ErasureVerb
from rollout.domain.run import RUN
from rollout.domain.spare import SpareVerb
from rollout.domain.stop import StopState
from rollout.domain.takeout import DISK_PIN, TAKEOUT
from rollout.domain.wave import WAVE
from rollout.i18n import language
from rollout.i18n.labels import labels
from rollout.store.tables import AuditRow

LIFECYCLES: tuple[Lifecycle, ...] = (
    ACCOUNT, CLOUD_GROUP, DISK_PIN, MACHINE, MILESTONE, NOTICE, PERSONAL_DEVICE, RUN, TAKEOUT, WAVE,
)  # fmt: skip
VERBS: Mapping[str, tuple[type[StrEnum], ...]] = {
    **{lifecycle.noun: (RecordedVerb, lifecycle.verbs) for lifecycle in LIFECYCLES},
    Noun.MACHINE: (RecordedVerb, MACHINE.verbs, SpareVerb, ErasureVerb, HostKeyVerb),
    RecordedNoun.DEPARTMENT: (RecordedVerb, DepartmentChangeKind),
}
"""What is done with a noun, the nearest word last; with any other, what is recorded of all."""
STATES: Mapping[str, type[StrEnum]] = {
    **{lifecycle.noun: lifecycle.states for lifecycle in LIFECYCLES},
    RecordedNoun.STOP: StopState,
}


@dataclass(frozen=True)
class FactWords:
    """Every word of the history in one language. Exports ask for those of a million facts: nothing
    is translated while they do. `verb` and `state` take what is kept beside its noun."""

    nouns: Mapping[str, str]
    verbs: Mapping[str, Mapping[str, str]]
    recorded: Mapping[str, str]
    states: Mapping[str, Mapping[str, str]]

    def noun(self, noun: str) -> str:
        """What a fact is about."""
        return self.nouns.get(noun, noun)

    def verb(self, beside: tuple[str, str]) -> str:
        """What was done."""
        noun, verb = beside
        return self.verbs.get(noun, self.recorded).get(verb, verb)

    def state(self, beside: tuple[str, str | None]) -> str | None:
        """Where it stood or stands; None when the fact is of no state."""
        noun, state = beside
        return None if state is None else self.states.get(noun, {}).get(state, state)

    def states_of(self, fact: AuditRow) -> str:
        """From which state to which."""
        found = [self.state((fact.noun, state)) for state in (fact.from_state, fact.to_state)]
        return " → ".join(dict.fromkeys(word or "" for word in found))

    def verbs_named(self, word: str) -> tuple[str, ...]:
        """Every verb that is called so, by its own word or in this language; else `word`."""
        known = chain(self.recorded.items(), *(verbs.items() for verbs in self.verbs.values()))
        return tuple(sorted({verb for verb, said in known if word in (verb, said)})) or (word,)


def fact_words() -> FactWords:
    """In the language in force."""
    return _in(language())


@cache
def _in(_language: str) -> FactWords:
    return FactWords(
        nouns=_merged((Noun, RecordedNoun)),
        verbs={noun: _merged(kinds) for noun, kinds in VERBS.items()},
        recorded=labels(RecordedVerb),
        states={noun: labels(kind) for noun, kind in STATES.items()},
    )


def _merged(kinds: Iterable[type[StrEnum]]) -> dict[str, str]:
    return {word: said for kind in kinds for word, said in labels(kind).items()}
