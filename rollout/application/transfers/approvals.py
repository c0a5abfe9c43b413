"""Take-out approvals and personal devices of people who leave or whose PC stays behind."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from rollout.application.transfers.effects import Approval, Effects
from rollout.domain.takeout import TakeoutState, TakeoutVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.store import approvals, transitions
from rollout.store.tables import Takeout


def end_takeouts(
    session: Session,
    people: Collection[int],
    effects: Effects,
    *,
    actor: str,
    at: datetime,
    write: bool = True,
    tags: Collection[str] | None = None,
) -> None:
    """Withdraw what let no PC out yet, and call back every PC that may be outside; of the PCs
    `tags` only, where they are given."""
    why = told(msgid("its user has left or was transferred, and the PC stays"))
    found: dict[TakeoutVerb, list[int]] = defaultdict(list)
    for one in approvals.takeouts(session, people):
        if tags is not None and one.asset_tag not in tags:
            continue
        effects.takeouts.append(Approval(one.staff_number, one.asset_tag, one.state))
        if one.state != TakeoutState.RECALLED:
            found[TakeoutVerb.RECALL if one.allowed_at else TakeoutVerb.WITHDRAW].append(one.id)
    if write:
        for verb, ids in found.items():
            transitions.apply(session, Takeout, ids, verb, actor=actor, at=at, reason=why)


def show_devices(session: Session, people: Collection[int], effects: Effects) -> None:
    """Personal devices of people who leave: `rollout byod release` takes the data off them."""
    effects.devices += [
        Approval(number, str(id_), state)
        for number, id_, state in approvals.devices(session, people)
    ]
