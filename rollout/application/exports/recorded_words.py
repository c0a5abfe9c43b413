"""The history's own words, as people read them.

A word is another in another noun's mouth ("planned" of a wave and of a notice), so each is read
beside its noun. What is not known stays as it is kept.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

from rollout.application.exports.extract import said
from rollout.application.exports.forms import Cell
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
from rollout.domain.takeout import DISK_PIN, TAKEOUT
from rollout.domain.wave import WAVE

_TABLES: tuple[Lifecycle, ...] = (
    ACCOUNT, CLOUD_GROUP, DISK_PIN, MACHINE, MILESTONE, NOTICE, PERSONAL_DEVICE, RUN, TAKEOUT, WAVE,
)  # fmt: skip
_BESIDE: Mapping[str, tuple[type[StrEnum], ...]] = {
    Noun.MACHINE: (SpareVerb, ErasureVerb, HostKeyVerb),
    RecordedNoun.DEPARTMENT: (DepartmentChangeKind,),
}
Beside = Callable[[tuple[str, str | None]], Cell]
"""Makes a word for people of a noun and a word that is kept."""


def nouns() -> Mapping[str, str]:
    """What facts are about."""
    return {**said(Noun), **said(RecordedNoun)}


def verbs() -> Beside:
    """What was done."""
    recorded = said(RecordedVerb)
    known = {table.noun: {**recorded, **_all(_verbs(table))} for table in _TABLES}
    known[RecordedNoun.DEPARTMENT] = {**recorded, **_all(_BESIDE[RecordedNoun.DEPARTMENT])}
    return _read(known, recorded)


def states() -> Beside:
    """Where it stood and stands."""
    known = {table.noun: said(table.states) for table in _TABLES}
    # A stop is told as what it does to waves.
    return _read({**known, RecordedNoun.STOP: known[WAVE.noun]}, {})


def _verbs(table: Lifecycle) -> Iterable[type[StrEnum]]:
    return (table.verbs, *_BESIDE.get(table.noun, ()))


def _all(kinds: Iterable[type[StrEnum]]) -> dict[str, str]:
    return {word: label for kind in kinds for word, label in said(kind).items()}


def _read(known: Mapping[str, Mapping[str, str]], others: Mapping[str, str]) -> Beside:
    def read(pair: tuple[str, str | None]) -> Cell:
        noun, word = pair
        return word if word is None else known.get(noun, others).get(word, word)

    return read
