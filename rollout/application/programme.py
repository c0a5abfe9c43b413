"""One look at the tables and what follows from it: the daemon's tick.

A tick can be repeated at any time with the same result; whatever it needs to know is in the
tables, so that a killed daemon's successor goes on where it stood.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application import choosing, dispatch, due, failures, gates, probing, rechecks, settle
from rollout.application.cluster.crew import Crew
from rollout.application.ports import Clock, Queue, RunEngine, RunOrder
from rollout.application.results import Results
from rollout.application.retirement import erasing
from rollout.application.starting import Starter
from rollout.application.takehome.preparing import Preparing, give_back
from rollout.application.takehome.watching import Watch
from rollout.application.transfers import taking_effect
from rollout.domain.machine import STEP_FROM, WORKING, MachineState
from rollout.domain.run import RunVerb
from rollout.domain.wave import WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.planning.calendar import Span, WorkCalendar
from rollout.settings import Settings
from rollout.store import claims, commands, leases, machines, runs, transitions, waves
from rollout.store.database import Database
from rollout.store.tables import Command, Wave

log = logging.getLogger(__name__)

PROBE_AGAIN = timedelta(minutes=5)
"""A machine in doubt that did not answer is asked again after this."""

COMMANDS_AT_ONCE = 500
"""So many are answered in one tick, so that thousands do not keep it from everything else."""

_STOPPING, _NOT_RUNNING = msgid("stopping"), msgid("not running here: nothing to stop")

_MOVABLE = (
    frozenset(STEP_FROM)
    | WORKING
    | {
        MachineState.PREPARED,
        MachineState.FAILED,
        MachineState.SILENT,
        MachineState.UNKNOWN,
    }
)
"""While a machine of a wave is in one of these, the wave has work or a question left."""


@dataclass(frozen=True)
class Ticked:
    """What a tick did, and whether anything is under way or can be started."""

    started: int
    idle: bool
    obstacle: str | None = None
    """What keeps runs from being started at the moment."""


class Programme:
    """The acting side of the service, for the holder of one lease."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        engine: RunEngine,
        clock: Clock,
        *,
        lease_epoch: int,
    ) -> None:
        self.database = database
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self.lease_epoch = lease_epoch
        self._results = Results(database, clock)
        self._postings_of: date | None = None
        self._take_home, self._preparing = Watch(), Preparing()
        self._starter = Starter(database, engine, self._results, clock, lease_epoch=lease_epoch)
        self._crew: Crew | None = None
        if isinstance(engine, Queue):
            self._crew = Crew(database, settings, engine, lease_epoch=lease_epoch)
        self._calendar = WorkCalendar(
            [Span(known.first, known.last) for known in settings.calendar.closed],
            [Span(known.first, known.last) for known in settings.calendar.freeze],
        )

    def recover(self) -> int:
        """End the runs that earlier daemons left behind; how many.

        Their processes are dead before anything is settled: a claim must not be given again
        while an orphan could still act on it. What workers have in hand goes on.
        """
        with self.database.read() as session:
            elsewhere = self._crew.in_hand(session) if self._crew else frozenset()
            alive = runs.alive(session)
            left = [(run.id, run.ident) for run in alive if run.id not in elsewhere]
        self.engine.sweep([ident for _run, ident in left])
        at = self.clock.now()
        settled = 0
        for run_id, _ident in left:
            with self.database.write() as session:
                leases.require(session, self.lease_epoch)
                # A worker that starts beside us settles what its own dead left.
                run = runs.by_id(session, run_id)
                reason = told(msgid("the daemon that ran it is gone"))
                settled += settle.abandoned(session, run, at=at, reason=reason)
        return settled

    def abandon(self) -> None:
        """Stop what runs at once; its claims are settled as lost."""
        self._results.abandoning = True
        self.engine.close()

    def clock_was_set(self, by: timedelta) -> None:
        """Move the deadlines of what is under way along, so that each has the time it was given.

        Raises LeaseHeld when another daemon has taken over.
        """
        with self.database.write() as session:
            leases.require(session, self.lease_epoch)
            claims.move_deadlines(session, by)
        self._starter.forget_the_rest()

    def tick(self) -> Ticked:
        """Look once. Raises LeaseHeld when another daemon has taken over."""
        at, mine = self.clock.now(), self.lease_epoch
        self._obey()
        if self._crew is not None:
            self._crew.look(at)
        self._settle(at)
        self._follow_transfers(at)
        due.start_due(self.database, self.settings, lease_epoch=mine, at=at)
        gates.watch(self.database, self.settings, lease_epoch=mine, at=at)
        failures.hold_repeated(self.database, self.settings, lease_epoch=mine, at=at)
        failures.retry_by_itself(self.database, self.settings, lease_epoch=mine, at=at)
        dispatch.set_aside(self.database, self.settings, lease_epoch=mine, at=at)
        give_back(self.database, lease_epoch=mine, at=at)
        self._take_home.look(self.database, self.settings, lease_epoch=mine, at=at)
        # Before anything is looked for: what ends during this tick may let something begin that
        # was not found in it.
        busy = self._busy()
        rests = self._starter.rests(at)
        orders = [] if rests else self._claim(at)
        started = self._starter.start(orders)
        moved = self._close_waves()
        # What was looked for just now and not found need not be looked for again.
        idle = not (orders or busy) and self._idle(may_start=rests or moved)
        return Ticked(started, idle, self._starter.obstacle)

    def _follow_transfers(self, at: datetime) -> None:
        """Once on each day, and at the start of a daemon: postings change at midnight."""
        today = at.astimezone(self.settings.programme.zone).date()
        if self._postings_of == today:
            return
        taking_effect.look(self.database, self.settings, lease_epoch=self.lease_epoch, at=at)
        self._postings_of = today

    def _claim(self, at: datetime) -> list[RunOrder]:
        """Everything that may begin now."""
        mine = self.lease_epoch
        probe = probing.claim_probe(self.database, self.settings, lease_epoch=mine, at=at)
        orders = [] if probe is None else [probe]
        orders += dispatch.claim_ready(self.database, self.settings, lease_epoch=mine, at=at)
        erasing.begin_retention(self.database, self.settings, lease_epoch=mine, at=at)
        orders += rechecks.claim_rechecks(self.database, self.settings, lease_epoch=mine, at=at)
        erasure = erasing.claim_erasure(self.database, self.settings, lease_epoch=mine, at=at)
        orders += [] if erasure is None else [erasure]
        orders += self._preparing.claim(self.database, self.settings, lease_epoch=mine, at=at)
        return orders

    def _obey(self) -> None:
        """Carry out the commands that need no run of their own."""
        with self.database.read() as session:
            if not commands.any_open(session, "cancel_run"):
                return
        with self.database.write() as session:
            # Another daemon may run what is not running here.
            leases.require(session, self.lease_epoch)
            for command in commands.open_ones(session, "cancel_run", limit=COMMANDS_AT_ONCE):
                known = self._stop(session, command)
                commands.answer(
                    session,
                    command.id or 0,
                    told(_STOPPING if known else _NOT_RUNNING),
                    at=self.clock.now(),
                    refused=not known,
                )

    def _stop(self, session: Session, command: Command) -> bool:
        """Stop a run, wherever it is at work; False when it is nowhere."""
        if self._crew is None:
            return self.engine.cancel(command.target_id)
        at, reason = self.clock.now(), command.reason
        return self._crew.stop(session, command.target_id, at=at, reason=reason)

    def _settle(self, at: datetime) -> None:
        """End what has no end: runs that the engine refused, and claims past their deadline."""
        alive = self.engine.alive()
        with self.database.write() as session:
            leases.require(session, self.lease_epoch)
            if self._crew is not None:
                alive |= self._crew.in_hand(session)
            for run in runs.alive(session):
                if run.lease_epoch == self.lease_epoch and run.id not in alive:
                    reason = told(msgid("the engine does not run it"))
                    lost = runs.by_id(session, run.id)
                    settle.run_lost(session, lost, RunVerb.CRASH, at=at, reason=reason)
            settle.overdue(session, alive, at=at)
            self._doubt_again(session, at)

    def _close_waves(self) -> bool:
        """Waves without work soak and end, those with work again go on; whether any did."""
        at, moved = self.clock.now(), False
        with self.database.write() as session:
            leases.require(session, self.lease_epoch)
            for wave, work in waves.with_work(session, _MOVABLE):
                if wave.state == WaveState.RUNNING and not work:
                    verb = WaveVerb.SOAK
                elif wave.state != WaveState.RUNNING and work:
                    verb = WaveVerb.REOPEN
                elif wave.state == WaveState.SOAKING and self._soaked(wave, at):
                    verb = WaveVerb.FINISH
                else:
                    continue
                transitions.apply(session, Wave, [wave.id or 0], verb, actor=settle.DAEMON, at=at)
                moved = True
        return moved

    def _soaked(self, wave: Wave, at: datetime) -> bool:
        """Whether a wave has been watched long enough; only the pilot is watched for days."""
        days = self.settings.pilot.soak_working_days if wave.pilot else 0
        zone = self.settings.programme.zone
        since, today = wave.state_since.astimezone(zone).date(), at.astimezone(zone).date()
        return self._calendar.count(since + timedelta(days=1), today) >= days

    def _doubt_again(self, session: Session, at: datetime) -> None:
        """Ask machines in doubt again, in case they have come back."""
        for machine in machines.in_states(session, (MachineState.UNKNOWN,)):
            last = commands.last_for(session, "probe_machine", machine.id or 0)
            answered = last.answered_at if last is not None else None
            if last is None or (answered is not None and at - answered >= PROBE_AGAIN):
                commands.ask(
                    session,
                    "probe_machine",
                    machine.id or 0,
                    actor=settle.DAEMON,
                    at=at,
                    reason=machine.cause,
                )

    def _idle(self, *, may_start: bool) -> bool:
        """Nothing under way, nothing asked, nothing that could start today.

        A machine in doubt whose probe was answered waits for a person, not for us.
        """
        at = self.clock.now()
        if self._busy():
            return False
        with self.database.read() as session:
            return not (
                (may_start and choosing.startable(session, self.settings, at))
                or failures.retry_awaited(session, self.settings, at)
            )

    def _busy(self) -> bool:
        """Whether something is under way or asked for."""
        with self.database.read() as session:
            # An erasure that was ordered waits for the machine's word or a person's.
            at_work = WORKING - {MachineState.ERASING}
            return bool(
                runs.alive(session)
                or commands.any_open(session, "cancel_run", "probe_machine")
                or machines.working_by_site(session, at_work)
            )
