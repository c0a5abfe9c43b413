"""Spares from the screen: what an operator is told before, and what happens."""

from rollout.application import spares
from rollout.application.machines import Joined
from rollout.domain.machine import MachineState
from rollout.domain.spare import HELD_WHILE_OUT, NEEDED_FOR
from rollout.i18n import _
from rollout.i18n.labels import label
from tui.desk import Desk
from tui.screens.confirm import Question


def can_have(joined: Joined) -> bool:
    """Whether the owner of the machine may need a spare; whether there is one is asked later."""
    return (
        joined.owner is not None
        and joined.spare is None
        and joined.stands_in_for is None
        and MachineState(joined.machine.state) in NEEDED_FOR
    )


def can_give_back(joined: Joined) -> bool:
    """Whether the machine has a spare, or is one that is out."""
    return joined.spare is not None or joined.stands_in_for is not None


def hand_out_question(desk: Desk, tag: str) -> Question:
    """Which spare would be handed out; asks the database. Raises RolloutError."""
    offer = spares.offer(desk.database, tag)
    best = offer.best
    lines = [
        _("{owner} gets {spare} ({generation}, {state}) at {site}.").format(
            owner=offer.owner,
            spare=best.asset_tag,
            generation=best.generation,
            state=label(MachineState(best.state)),
            site=offer.site,
        ),
        _("{left} {left:spare is|spares are} left at {site} after that.").format(
            left=len(offer.tags) - 1, site=offer.site
        ),
    ]
    if MachineState(best.state) in HELD_WHILE_OUT:
        lines.append(_("The spare is held while it is out: no step begins on it."))
    return Question(
        title=_("Machine {tag}: hand out a spare").format(tag=tag),
        lines=lines,
        yes=_("hand out"),
        reason=True,
    )


def give_back_question(joined: Joined) -> Question:
    """What is told before a spare comes back into the pool."""
    tag = joined.machine.asset_tag
    spare, machine = joined.spare or tag, joined.stands_in_for or tag
    return Question(
        title=_("Take the spare {spare} back").format(spare=spare),
        lines=[
            _("It stands in for {machine}; from now on it can be handed out again.").format(
                machine=machine
            )
        ],
        yes=_("take back"),
    )


def hand_out(desk: Desk, tag: str, reason: str | None) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    loan = spares.hand_out(desk.database, tag, desk.operator, desk.now(), reason)
    return _("{spare} stands in for {machine}: give it to {owner} ({staff_number}), {site}").format(
        spare=loan.spare,
        machine=loan.machine,
        owner=loan.owner,
        staff_number=loan.staff_number,
        site=loan.site,
    )


def take_back(desk: Desk, tag: str) -> str:
    """Do it; what to tell the operator. Raises RolloutError."""
    loan = spares.take_back(desk.database, tag, desk.operator, desk.now())
    return _("{spare} is back; it stood in for {machine} of {owner}").format(
        spare=loan.spare, machine=loan.machine, owner=loan.owner
    )
