"""What a replaced PC reports of its own erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application.retirement import certificates
from rollout.application.settle import DAEMON
from rollout.domain.history import canonical
from rollout.domain.machine import MachineVerb
from rollout.domain.run import ClaimOutcome
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.store import claims, retirements, transitions
from rollout.store.tables import Claim, Machine


def ordered(session: Session, claim: Claim, report: Mapping[str, Any], at: datetime) -> None:
    """The machine was told to erase itself: from here on it cannot be called back."""
    claims.arm(session, claim.id or 0, at=at, boot_id=str(report.get("boot_id") or ""))
    current = claims.by_epoch(session, claim.id or 0)
    if current is not None:
        current.report = canonical(dict(report))
        session.add(current)
        session.flush()


def erased(
    session: Session, machine: Machine, claim: Claim, report: Mapping[str, Any], at: datetime
) -> None:
    """The machine has reported that its disk is empty."""
    row = retirements.of(session, machine)
    row.certificate = certificates.confirmed(machine, row, claim, report, at)
    retirements.keep(session, row)
    claims.end(session, [claim.id or 0], ClaimOutcome.DONE, at)
    transitions.apply(
        session,
        Machine,
        [machine.id or 0],
        MachineVerb.FINISH,
        actor=DAEMON,
        at=at,
        reason=told(msgid("reported itself empty")),
        run_id=claim.run_id,
    )
