"""What a PC lacks before it may leave the office: the one place that decides it."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from sqlmodel import Session

from rollout.domain.machine import IN_USE, MachineState
from rollout.domain.text import match_key
from rollout.domain.words import msgid
from rollout.i18n import language
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import portability, training
from rollout.store.tables import Machine
from rollout.store.takeouts import AppliedPc

Pc = Machine | AppliedPc


def lacks(
    session: Session, settings: Settings, machines: Sequence[Pc], today: date
) -> dict[int, list[Told]]:
    """What each PC lacks today; one with an empty list may leave. What cannot be judged lacks."""
    ids = [machine.id or 0 for machine in machines]
    verdicts = portability.verdicts(session, ids)
    allowed = portability.allowing(session, ids, today)
    unapproved = told(msgid("no approved application for today"))
    here = language()
    untrained = _untrained(session, settings, machines)
    return {
        machine.id or 0: [
            *policy_lacks(settings, machine, here),
            *_evidence_lacks(settings, verdicts.get(machine.id or 0, {}), here),
            *untrained.get(machine.owner_id or 0, ()),
            *([] if machine.id in allowed else [unapproved]),
        ]
        for machine in machines
    }


def _untrained(
    session: Session, settings: Settings, machines: Sequence[Pc]
) -> dict[int, list[Told]]:
    """By owner, the courses of `[training] take_home` that are missing."""
    wanted = {match_key(course): course for course in settings.training.take_home}
    if not wanted:
        return {}
    had = training.had(session, wanted, settings.training.pass_score)
    owners = {machine.owner_id for machine in machines if machine.owner_id is not None}
    return {
        owner: [
            told(msgid("its user lacks the training {course}"), course=name)
            for key, name in wanted.items()
            if key not in had.get(owner, ())
        ]
        for owner in owners
    }


@lru_cache(maxsize=1024)
def _told(language: str, message: str, *values: tuple[str, str]) -> Told:
    """The same few sentences for thousands of PCs; made once in each language."""
    return told(message, **dict(values))


def policy_lacks(settings: Settings, machine: Pc, here: str) -> list[Told]:
    """What the policy of its generation, or its own state, has against it."""
    found = []
    if settings.generation(machine.generation).take_home is not True:
        found.append(_told(here, _GENERATION, ("generation", machine.generation)))
    if machine.may_leave is False:
        found.append(_told(here, _LEDGER))
    if MachineState(machine.state) not in IN_USE:
        found.append(_told(here, _NOT_YET))
    return found


def _evidence_lacks(settings: Settings, verdicts: Mapping[str, str], here: str) -> list[Told]:
    return [
        _told(here, _EVIDENCE, ("control", control), ("verdict", verdict))
        for control in settings.take_home.controls
        if (verdict := verdicts.get(control, "not measured")) != "pass"
    ]


_GENERATION = msgid("generation {generation} may not be taken out")
_LEDGER = msgid("the ledger says that it stays in the office")
_NOT_YET = msgid("it is not handed over yet")
_EVIDENCE = msgid("no evidence of {control}: {verdict}")
