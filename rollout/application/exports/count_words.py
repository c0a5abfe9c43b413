"""What a stamp counts, in words: it keeps `state.migrated`, people read the label."""

from collections.abc import Callable, Mapping

from rollout.application.fact_words import fact_words
from rollout.domain.controls import Verdict
from rollout.domain.machine import MachineState
from rollout.i18n import _
from rollout.i18n.labels import labels


def count_words() -> Callable[[str], str]:
    """Reads the name of a count; one that is not known stays as it is."""
    kinds: Mapping[str, Mapping[str, str]] = {
        "": {
            "machines": _("machines"),
            "audited": _("machines on the new platform"),
            "facts": _("facts"),
        },
        "state": labels(MachineState),
        "verdict": labels(Verdict),
        "noun": fact_words().nouns,
    }

    def read(name: str) -> str:
        kind, _dot, word = name.rpartition(".")
        return kinds.get(kind, {}).get(word, name)

    return read
