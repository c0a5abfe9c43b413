"""The words of the history: what a fact is about, what was done, and from where to where."""

from enum import StrEnum

from rollout.application.host_keys import HostKeyVerb
from rollout.domain.account import ACCOUNT, CLOUD_GROUP
from rollout.domain.departments import DepartmentChangeKind
from rollout.domain.lifecycle import Lifecycle
from rollout.domain.machine import MACHINE
from rollout.domain.notice import NOTICE
from rollout.domain.noun import Noun
from rollout.domain.personal_device import PERSONAL_DEVICE
from rollout.domain.programme_board import MILESTONE
from rollout.domain.retirement import ErasureVerb
from rollout.domain.run import RUN
from rollout.domain.spare import SpareVerb
from rollout.domain.takeout import DISK_PIN, TAKEOUT
from rollout.domain.wave import WAVE
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.store.tables import AuditRow

LIFECYCLES: dict[str, Lifecycle] = {
    lifecycle.noun: lifecycle
    for lifecycle in (
        MACHINE,
        WAVE,
        RUN,
        ACCOUNT,
        CLOUD_GROUP,
        PERSONAL_DEVICE,
        TAKEOUT,
        DISK_PIN,
        NOTICE,
        MILESTONE,
    )
}
_WITHOUT_A_MOVE: tuple[type[StrEnum], ...] = (
    HostKeyVerb,
    SpareVerb,
    ErasureVerb,
    DepartmentChangeKind,
)
"""Verbs that leave a state as it is."""


def noun_word(noun: str) -> str:
    """What a fact is about."""
    if noun in set(Noun):
        return label(Noun(noun))
    return {
        "database": _("database"),
        "department": _("department"),
        "indicator": _("indicator"),
        "mailbox": _("mailbox"),
        "mailbox_batch": _("batch"),
        "site": _("site"),
        "stop": _("stop"),
    }.get(noun, noun)


def verb_word(noun: str, verb: str) -> str:
    """What was done; the same verb may be another word of another noun."""
    known = [LIFECYCLES[noun].verbs] if noun in LIFECYCLES else []
    for words in (*known, *_WITHOUT_A_MOVE):
        if verb in set(words):
            return label(words(verb))
    return {
        "alarm": _("alarm"),
        "amend": _("amended"),
        "apply": _("applied for"),
        "approve": _("approved"),
        "create": _("created"),
        "forget": _("forgotten"),
        "halt": _("halted"),
        "measure": _("measured"),
        "override_gate": _("gate passed once"),
        "register": _("registered"),
        "report": _("reported"),
        "restore": _("restored from a copy"),
        "resume": _("resumed"),
        "train": _("trained"),
    }.get(verb, verb)


def verbs_named(word: str) -> tuple[str, ...]:
    """Every verb that is called so, by its own word or in the language in force."""
    found = {
        str(verb.value)
        for words in (*(lifecycle.verbs for lifecycle in LIFECYCLES.values()), *_WITHOUT_A_MOVE)
        for verb in words
        if word in (verb.value, label(verb))
    }
    return tuple(sorted(found)) or (word,)


def states_words(fact: AuditRow) -> str:
    """From which state to which."""
    words = [state_word(fact.noun, state or "") for state in (fact.from_state, fact.to_state)]
    return " → ".join(words) if words[0] != words[1] else words[0]


def state_word(noun: str, state: str) -> str:
    """A state of what a fact is about."""
    if noun == "stop":
        return {"running": _("not stopped"), "halted": _("stopped")}.get(state, state)
    states: type[StrEnum] | None = LIFECYCLES[noun].states if noun in LIFECYCLES else None
    return label(states(state)) if states is not None and state in set(states) else state
