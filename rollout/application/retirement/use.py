"""Whether the PC that replaces another one is in its user's hands."""

from sqlmodel import Session

from rollout.domain.machine import IN_USE
from rollout.store import machines, retirements


def in_use(session: Session, successor_id: int) -> bool:
    """Whether a successor was handed over, or one that has replaced it since."""
    seen: set[int] = set()
    while successor_id not in seen:
        seen.add(successor_id)
        if machines.by_id(session, successor_id).state in IN_USE:
            return True
        following = retirements.find(session, successor_id)
        if following is None:
            return False
        successor_id = following.successor_id
    return False
