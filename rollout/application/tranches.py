"""Dividing waves into the parts in which they begin."""

from datetime import datetime

from sqlmodel import Session

from rollout.application import gates
from rollout.domain.machine import MachineState
from rollout.domain.tranches import Member, divide
from rollout.settings import Settings
from rollout.store import tranches
from rollout.store.tables import Machine

_NOT_BEGUN = (MachineState.PLANNED, MachineState.REGISTERED)


def assign(session: Session, settings: Settings, at: datetime) -> None:
    """Give every machine of a running wave its tranche, once.

    A machine that comes to a wave which was divided already joins the last part: the first ones
    were chosen, and may be through. So does a machine that waits for its successor: nothing is
    begun with it, so it can go first for nobody.
    """
    replaced = settings.replaced
    for wave_id, newcomers in tranches.without(session).items():
        last = tranches.last(session, wave_id)
        if last:
            numbers = {machine.id or 0: last for machine in newcomers}
        else:
            numbers = divide(
                [_member(machine) for machine in newcomers if machine.generation not in replaced],
                canary=settings.canary,
                share=settings.tranches.share,
                smallest=settings.tranches.smallest_wave,
            )
            final = max(numbers.values(), default=1)
            numbers = {machine.id or 0: final for machine in newcomers} | numbers
        tranches.add(session, wave_id, numbers)
        if not tranches.current(session, wave_id):
            gates.begin_first(session, settings, wave_id, at)


def _member(machine: Machine) -> Member:
    stands = machine.held_from or machine.state
    return Member(
        id=machine.id or 0,
        tag=machine.asset_tag,
        generation=machine.generation,
        site=machine.site_id,
        day=machine.planned_day,
        begun=stands not in _NOT_BEGUN,
    )
