"""PCs that were handed over before they might leave are prepared for it later.

A PC whose generation was not allowed to leave, or whose owner had no need, was handed over without
step enable. When the policy allows it and somebody may take the PC out, the daemon begins that step
on the PC in use, outside every wave. A PC that is switched off then is at its owner's as before and
is tried again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.application import in_use
from rollout.application.choosing import today
from rollout.application.in_use import AtSite
from rollout.application.ports import RunOrder
from rollout.application.settle import DAEMON
from rollout.domain.machine import MachineVerb, Step
from rollout.domain.run import RunPurpose
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import leases, preparing, runs, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine

AGAIN = timedelta(hours=1)
"""A PC that did not answer, or whose preparation a person had begun anew, is asked again so long
after it was asked."""


def give_back(database: Database, *, lease_epoch: int, at: datetime) -> int:
    """Machines that were prepared in use, or that did not answer, are at their owners' as before;
    how many. Raises LeaseHeld."""
    with database.read() as session:
        if not preparing.resting(session):
            return 0
    with database.write() as session:
        leases.require(session, lease_epoch)
        found = preparing.resting(session)
        why = told(msgid("it was in use before"))
        transitions.apply(
            session, Machine, found, MachineVerb.HAND_BACK, actor=DAEMON, at=at, reason=why
        )
        return len(found)


class Preparing:
    """Looks at most once in `pause` for machines, since days and applications seldom change; at
    once again after a look that found some."""

    def __init__(self, pause: timedelta = timedelta(minutes=1)) -> None:
        self._pause = pause
        self._looked: datetime | None = None

    def claim(
        self, database: Database, settings: Settings, *, lease_epoch: int, at: datetime
    ) -> list[RunOrder]:
        """The runs that prepare machines, one for each site where some are due and may begin."""
        if self._looked is not None and timedelta() <= at - self._looked < self._pause:
            return []
        with database.read() as session:
            found = bool(_at_sites(session, settings, at, runs=1))
        if not found:
            self._looked = at
            return []
        with database.write() as session:
            leases.require(session, lease_epoch)
            free = settings.limits.runs_at_once - len(runs.alive(session))
            chosen = _at_sites(session, settings, at, runs=free)
            return _claim(session, settings, chosen, lease_epoch, at)


def _at_sites(session: Session, settings: Settings, at: datetime, *, runs: int) -> list[AtSite]:
    allowed = [name for name, policy in settings.generations.items() if policy.take_home is True]
    found = preparing.due(
        session,
        allowed,
        today(settings, at),
        asked_before=at - AGAIN,
        everybody=settings.take_home.prepare_later == "everybody",
    )
    most = settings.ansible.forks
    return in_use.at_sites(session, settings, found, at, exempt=False, most=most, at_most=runs)


def _claim(
    session: Session,
    settings: Settings,
    chosen: Sequence[AtSite],
    lease_epoch: int,
    at: datetime,
) -> list[RunOrder]:
    opened, made = in_use.open_runs(
        session, settings, chosen, Step.ENABLE, RunPurpose.STEP, lease_epoch=lease_epoch, at=at
    )
    run_of = {id_: one.run_id for one in opened for id_ in one.machine_ids}
    transitions.apply(
        session, Machine, run_of, MachineVerb.BEGIN, actor=DAEMON, at=at, run_id=run_of
    )
    return in_use.orders(session, settings, opened, made, Step.ENABLE, playbook="enable.yml")
