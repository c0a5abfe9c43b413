"""What a PC lacks before it may leave the office: the one place that decides it."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlmodel import Session

from rollout.domain.machine import IN_USE, MachineState
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import takeouts
from rollout.store.tables import Machine


def lacks(
    session: Session, settings: Settings, machines: Sequence[Machine], today: date
) -> dict[int, list[Told]]:
    """What each PC lacks today; one with an empty list may leave. What cannot be judged lacks."""
    ids = [machine.id or 0 for machine in machines]
    verdicts = takeouts.verdicts(session, ids)
    allowed = takeouts.allowing(session, ids, today)
    return {
        machine.id or 0: [
            *policy_lacks(settings, machine),
            *_evidence_lacks(settings, verdicts.get(machine.id or 0, {})),
            *([] if machine.id in allowed else [told(msgid("no approved application for today"))]),
        ]
        for machine in machines
    }


def policy_lacks(settings: Settings, machine: Machine) -> list[Told]:
    """What the policy of its generation, or its own state, has against it."""
    found = []
    if settings.generation(machine.generation).take_home is not True:
        found.append(
            told(
                msgid("generation {generation} may not be taken out"),
                generation=machine.generation,
            )
        )
    if machine.may_leave is False:
        found.append(told(msgid("the ledger says that it stays in the office")))
    if MachineState(machine.state) not in IN_USE:
        found.append(told(msgid("it is not handed over yet")))
    return found


def _evidence_lacks(settings: Settings, verdicts: Mapping[str, str]) -> list[Told]:
    return [
        told(msgid("no evidence of {control}: {verdict}"), control=control, verdict=verdict)
        for control in settings.take_home.controls
        if (verdict := verdicts.get(control, "not measured")) != "pass"
    ]
