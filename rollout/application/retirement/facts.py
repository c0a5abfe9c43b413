"""Decisions in the history of a machine, whose state they leave as it is."""

from datetime import datetime

from sqlmodel import Session

from rollout.domain.history import Fact
from rollout.domain.retirement import ErasureVerb
from rollout.i18n.told import stored
from rollout.store import history
from rollout.store.columns import instant_text
from rollout.store.tables import Machine


def note(
    session: Session,
    machine: Machine,
    verb: ErasureVerb,
    *,
    actor: str,
    at: datetime,
    reason: str | None = None,
) -> None:
    """Append a decision to the machine's history."""
    fact = Fact(
        instant_text(at),
        actor,
        "machine",
        machine.id or 0,
        machine.asset_tag,
        verb.value,
        machine.state,
        machine.state,
        stored(reason) if reason is not None else None,
        None,
        machine.version,
    )
    history.append(session, [fact])
