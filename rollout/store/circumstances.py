"""What the history tells of single machines up to a moment: why each stood where it did."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select as columns
from sqlmodel import Session, col

from rollout.domain.machine import MACHINE, MachineState, MachineVerb, Step
from rollout.store.batches import batches
from rollout.store.tables import AuditRow

_STEP_OF = {step.working: step for step in Step}
_ENDS_THE_STEP = frozenset(
    {
        MachineVerb.FINISH,
        MachineVerb.RETRY,
        MachineVerb.STAND_DOWN,
        MachineVerb.EXCLUDE,
        MachineVerb.SUPERSEDE,
        MachineVerb.READMIT,
    }
)
_AGAIN = frozenset({MachineVerb.RETRY, MachineVerb.STAND_DOWN})
_VERBS = [verb.value for verb in MachineVerb]


@dataclass
class Circumstances:
    """The columns of a machine that a move writes, as they were; `actor` made the last move.

    `hold_until` is None as well where the hold did not note it.
    """

    cause: str | None = None
    step: Step | None = None
    attempt: int = 1
    actor: str | None = None
    hold_until: date | None = None
    _reasons: dict[str, str | None] = field(default_factory=dict, repr=False)

    def follow(self, actor: str, verb: MachineVerb, state: MachineState, reason: str | None,
               detail: str | None) -> None:  # fmt: skip
        """Let one more fact happen."""
        self.actor = actor
        if verb is MachineVerb.RELEASE:
            self.cause = self._reasons.get(state)
        else:
            self.cause = self._reasons[state] = reason
        if state not in MACHINE.explained:
            self.cause = None
        if verb is MachineVerb.BEGIN:
            self.step = _STEP_OF[state]
        elif verb in _ENDS_THE_STEP:
            self.step = None
        if verb is MachineVerb.FINISH:
            self.attempt = 1
        elif verb in _AGAIN:
            self.attempt += 1
        self.hold_until = _until(detail) if verb is MachineVerb.HOLD else None


def _until(detail: str | None) -> date | None:
    said: Any = json.loads(detail) if detail else None
    until = said.get("until") if isinstance(said, dict) else None
    return date.fromisoformat(until) if until else None


def circumstances(
    session: Session, machine_ids: Iterable[int], moment: datetime
) -> dict[int, Circumstances]:
    """What led each of these machines to where it stood at `moment`, by id.

    To be asked for some thousands at a time: every fact of theirs is read.
    """
    found: dict[int, Circumstances] = {}
    for batch in batches(machine_ids):
        for id_, actor, verb, state, reason, detail in session.execute(_moves(batch, moment)):
            known = found.setdefault(id_, Circumstances())
            known.follow(actor, MachineVerb(verb), MachineState(state), reason, detail)
    return found


def _moves(machine_ids: Sequence[int], moment: datetime) -> Any:
    return (
        columns(
            col(AuditRow.noun_id),
            col(AuditRow.actor),
            col(AuditRow.verb),
            col(AuditRow.to_state),
            col(AuditRow.reason),
            col(AuditRow.detail),
        )
        .where(
            col(AuditRow.noun) == "machine",
            col(AuditRow.noun_id).in_(machine_ids),
            col(AuditRow.verb).in_(_VERBS),
            col(AuditRow.at) <= moment,
        )
        .order_by(col(AuditRow.id))
    )
