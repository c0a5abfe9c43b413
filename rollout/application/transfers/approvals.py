"""Take-out approvals and personal devices of people who leave or whose PC stays behind."""

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
) -> None:
    """Withdraw what was not taken out yet; a PC that is out is shown, since it has to come back."""
    why = told(msgid("its user has left or was transferred, and the PC stays"))
    withdrawn = []
    for one in approvals.takeouts(session, people):
        effects.takeouts.append(Approval(one.staff_number, one.asset_tag, one.state))
        if one.state != TakeoutState.OUT:
            withdrawn.append(one.id)
    if write and withdrawn:
        transitions.apply(
            session, Takeout, withdrawn, TakeoutVerb.WITHDRAW, actor=actor, at=at, reason=why
        )


def show_devices(session: Session, people: Collection[int], effects: Effects) -> None:
    """Personal devices of people who leave: `rollout byod release` takes the data off them."""
    effects.devices += [
        Approval(number, str(id_), state)
        for number, id_, state in approvals.devices(session, people)
    ]
