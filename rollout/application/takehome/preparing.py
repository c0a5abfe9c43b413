"""PCs that were handed over before they might leave are prepared for it later.

A PC whose generation was not allowed to leave, or whose owner had no need, was handed over without
step enable. When the policy allows it and somebody may take the PC out, the daemon begins that step
on the PC in use, outside every wave. A PC that is switched off then is at its owner's as before and
is tried again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlmodel import Session

from rollout.application.choosing import today
from rollout.application.orders import host_orders
from rollout.application.ports import RunOrder
from rollout.application.settle import DAEMON
from rollout.domain.machine import WORKING, MachineVerb, Step
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import Settings
from rollout.store import claims, leases, machines, preparing, runs, stops, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Run

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
    ) -> RunOrder | None:
        """A run that prepares machines of one site; None when none is due or may begin."""
        if self._looked is not None and timedelta() <= at - self._looked < self._pause:
            return None
        with database.read() as session:
            found = bool(_at_one_site(session, settings, at))
        if not found:
            self._looked = at
            return None
        with database.write() as session:
            leases.require(session, lease_epoch)
            if len(runs.alive(session)) >= settings.limits.runs_at_once:
                return None
            chosen = _at_one_site(session, settings, at)
            return _claim(session, settings, chosen, lease_epoch, at) if chosen else None


def _at_one_site(session: Session, settings: Settings, at: datetime) -> Sequence[Machine]:
    """The machines of the site that has waited longest, as many as it has room for.

    Somebody works on them: they are begun in the hours of the site's window only.
    """
    allowed = [name for name, policy in settings.generations.items() if policy.take_home is True]
    found = preparing.due(
        session,
        allowed,
        today(settings, at),
        asked_before=at - AGAIN,
        everybody=settings.take_home.prepare_later == "everybody",
    )
    if not found:
        return ()
    stopped, sites = stops.stopped(session), machines.site_keys(session)
    local = at.astimezone(settings.programme.zone)
    at_work = machines.working_by_site(session, WORKING)
    by_site: dict[int | None, list[Machine]] = {}
    for machine in found:
        site = sites.get(machine.site_id or 0)
        opens = settings.windows.at(site).opens(local)
        if opens and not stopped.reaches(machine.generation, site):
            by_site.setdefault(machine.site_id, []).append(machine)
    for site_id, waiting in by_site.items():
        room = settings.site(sites.get(site_id or 0, "")).at_once - at_work.get(site_id, 0)
        if room > 0:
            return waiting[: min(room, settings.limits.machines_per_run, settings.ansible.forks)]
    return ()


def _claim(
    session: Session,
    settings: Settings,
    chosen: Sequence[Machine],
    lease_epoch: int,
    at: datetime,
) -> RunOrder:
    ids = [machine.id or 0 for machine in chosen]
    run = Run(
        ident=uuid4().hex,
        step=Step.ENABLE.value,
        site_id=chosen[0].site_id,
        size=len(ids),
        lease_epoch=lease_epoch,
        created_at=at,
        state_since=at,
    )
    session.add(run)
    session.flush()
    run_id, ident = run.id or 0, run.ident
    transitions.apply(session, Machine, ids, MachineVerb.BEGIN, actor=DAEMON, at=at, run_id=run_id)
    attempts = claims.last_attempts(session, Step.ENABLE, ids)
    deadline = settings.deadline(Step.ENABLE)
    made = claims.add(
        session,
        [
            {
                "machine_id": machine_id,
                "step": Step.ENABLE.value,
                "attempt": attempts.get(machine_id, 0) + 1,
                "run_id": run_id,
                "created_at": at,
                "deadline_at": at + deadline,
                "arm_token_hash": None,
            }
            for machine_id in ids
        ],
    )
    return RunOrder(
        run_id=run_id,
        ident=ident,
        playbook="enable.yml",
        hosts=host_orders(session, settings, ids, made, {}),
        forks=settings.ansible.forks,
        limit_seconds=deadline.total_seconds(),
    )
