"""Machines whose next step an operator wants now: before their day and their part of the wave.

Everything else that keeps a step back keeps these back too: the wave has to run with its approval,
and stops, change windows, sign-ins, places and the blast radius hold.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from rollout.application.choosing import BEGIN, next_step
from rollout.application.operators import Operator
from rollout.domain.errors import RolloutError
from rollout.domain.machine import MachineState, Step
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.i18n.told import told
from rollout.settings import OperatorRole, Settings
from rollout.store import commands, machines, waves
from rollout.store.database import Database
from rollout.store.tables import Machine


class NothingToBegin(RolloutError):
    """Some of the machines have no step that could begin; the message names each."""


def steps(database: Database, settings: Settings, tags: Sequence[str]) -> dict[str, Step]:
    """The step that each machine would begin. Raises NothingToBegin, NotFound."""
    with database.read() as session:
        return {tag: step for tag, (_machine, step) in _beginning(session, settings, tags).items()}


def ask(
    database: Database,
    settings: Settings,
    tags: Sequence[str],
    operator: Operator,
    at: datetime,
    *,
    reason: str | None,
) -> int:
    """Ask the daemon to begin the next step of all these machines, or of none; how many.

    Raises NothingToBegin, NotFound, NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    if not reason:
        raise NothingToBegin(_("a step out of its turn needs a reason: give --reason"))
    with database.write() as session:
        found = _beginning(session, settings, tags)
        for machine, _step in found.values():
            commands.ask(session, BEGIN, machine.id or 0, actor=operator.name, at=at, reason=reason)
        return len(found)


def _beginning(
    session: Session, settings: Settings, tags: Sequence[str]
) -> dict[str, tuple[Machine, Step]]:
    running = set(waves.running(session))
    found, refused = {}, []
    for tag in dict.fromkeys(tags):
        machine = machines.by_tag(session, tag)
        step = next_step(settings, machine)
        if machine.wave_id not in running:
            refused.append(_("{tag}: it is in no wave that runs").format(tag=tag))
        elif step is None:
            state = label(MachineState(machine.state))
            refused.append(_("{tag}: no step follows {state}").format(tag=tag, state=state))
        else:
            found[tag] = machine, step
    if refused:
        raise NothingToBegin("; ".join(refused))
    return found


def answer(session: Session, run_of: dict[int, int], at: datetime) -> None:
    """Tell those who asked for machines that begin now in which run they do."""
    for command in commands.open_ones(session, BEGIN):
        run_id = run_of.get(command.target_id)
        if run_id is not None:
            text = told(msgid("it begins in run {run}"), run=run_id)
            commands.answer(session, command.id or 0, text, at=at)


def drop(session: Session, settings: Settings, at: datetime) -> None:
    """Refuse what cannot happen any more, because the machine or its wave went elsewhere."""
    asked = commands.open_ones(session, BEGIN)
    if not asked:
        return
    running = set(waves.running(session))
    for command in asked:
        machine = machines.by_id(session, command.target_id)
        if machine.wave_id not in running:
            text = told(msgid("its wave does not run any more"))
        elif next_step(settings, machine) is None:
            state = MachineState(machine.state).value
            text = told(msgid("no step follows its state: {state}"), state=state)
        else:
            continue
        commands.answer(session, command.id or 0, text, at=at, refused=True)
