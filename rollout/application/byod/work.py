"""Doing at the cloud service what was asked for of personal devices, and looking what is there.

Every order may be given twice without harm: joining, leaving, ending sessions, wiping the apps'
data. An invitation may not: it is a notice, and goes at most once by the rules of the outbox.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.application.accounts.directory import Directory, DirectoryAway
from rollout.application.accounts.orders import (
    AddMember,
    Order,
    RemoveMember,
    RevokeSessions,
    WipeApps,
)
from rollout.application.byod.applying import ApplicationRefused
from rollout.application.byod.devices import Devices
from rollout.application.byod.outcomes import DOUBTED_FOR, Report, Tally, troubled
from rollout.application.byod.syncing import ACTOR, Synced, take
from rollout.application.notices.invitation import invitation, invite
from rollout.application.ports import Clock
from rollout.domain.errors import RolloutError
from rollout.domain.notice import NoticeState
from rollout.domain.personal_device import DeviceState, DeviceVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import device_work as store
from rollout.store import transitions
from rollout.store.database import Database
from rollout.store.device_work import Task
from rollout.store.tables import PersonalDevice

LOOK = timedelta(seconds=30)
"""Between two looks whether something was asked for."""

_ORDERED = {
    True: msgid("sign-ins are ended; the apps' data go when the app is opened next"),
    False: msgid("sign-ins are ended; no protected app of it is known"),
}
"""What a lost device waits for, by whether its apps are known."""


class DevicesWork:
    """Not for several threads at once."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: Clock,
        directory: Directory,
        devices: Devices,
    ) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._directory, self._devices = directory, devices
        self._group: str | None = None

    def cycle(self, stop: Callable[[], bool] = lambda: False) -> datetime:
        """Everything that is due; when to look again. Raises DirectoryAway, NotBelieved.

        The daemon's: a reading only when the last one is old enough. A group that is not found
        does not keep a lost device from being looked for.
        """
        self.expire()
        obstacle: RolloutError | None = None
        try:
            self.carry_out(stop)
        except DirectoryAway:
            raise
        except RolloutError as error:
            obstacle = error
        at, every = self._clock.now(), timedelta(minutes=self._settings.byod.sync_minutes)
        with self._database.read() as session:
            last, awaited = store.last_reading(session), store.awaited(session)
        if awaited and (last is None or not timedelta() <= at - last.read_at < every):
            self.sync()
        if obstacle is not None:
            raise obstacle
        return self._clock.now() + LOOK

    def sync(self) -> Synced:
        """Read everything, and bring it to the applications. Raises DirectoryAway, NotBelieved."""
        reading = self._devices.reading(self._clock.now())
        return take(self._database, reading, self._clock.now())

    def expire(self) -> int:
        """Applications that waited for too long; how many."""
        at, days = self._clock.now(), self._settings.byod.expire_days
        with self._database.write() as session:
            late = store.waiting_since(session, at - timedelta(days=days))
            why = told(msgid("nobody decided or invited for {days} {days:day|days}"), days=days)
            self._move(session, late, DeviceVerb.EXPIRE, why)
        return len(late)

    def carry_out(self, stop: Callable[[], bool] = lambda: False) -> Tally:
        """Give every order that is due, and write the invitations. Raises DirectoryAway.

        What the service refused is kept with its words and tried again a while later. A group that
        is not found keeps back who joins or leaves it and nobody else: ApplicationRefused is raised
        after everything else was done.
        """
        done = Tally()
        orders, obstacle = self._orders()
        if orders:
            report = Report(self._database, self._clock, orders, done)
            exchange = self._directory.exchange(stop)
            try:
                exchange.send([order for order, _task in orders])
                while answers := exchange.answers():
                    report(answers)
            finally:
                exchange.end()
        self._close_lost()
        self._invitations(done)
        if obstacle is not None:
            raise obstacle
        return done

    def close(self) -> None:
        """Give connections back."""
        self._directory.close()
        self._devices.close()

    def _tasks(self) -> list[Task]:
        with self._database.read() as session:
            return store.tasks(session, self._clock.now())

    def _orders(self) -> tuple[list[tuple[Order, Task]], ApplicationRefused | None]:
        """What is due, and why nobody can join or leave the group, if that is so."""
        found: list[tuple[Order, Task]] = []
        obstacle: ApplicationRefused | None = None
        for task in self._tasks():
            if task.user is None:
                continue
            if task.state == DeviceState.APPROVED or task.leaves_group:
                try:
                    found += self._of_the_group(task, task.user) if obstacle is None else ()
                except ApplicationRefused as refused:
                    obstacle = refused
            else:
                found += self._of_one_that_goes(task, task.user)
        return found, obstacle

    def _of_the_group(self, task: Task, user: str) -> Iterator[tuple[Order, Task]]:
        if task.leaves_group:
            yield RemoveMember(task.number, self._group_id(), user), task
        elif task.joined_at is None:
            yield AddMember(task.number, self._group_id(), user), task

    @staticmethod
    def _of_one_that_goes(task: Task, user: str) -> Iterator[tuple[Order, Task]]:
        if task.state == DeviceState.LOST and task.sessions_ended_at is None:
            yield RevokeSessions(task.number, user), task
        if task.tag is not None and task.wipe_ordered_at is None:
            yield WipeApps(task.number, user, task.tag), task

    def _group_id(self) -> str:
        if self._group is None:
            name = self._settings.byod.group
            found = self._devices.group(name) if name else []
            if len(found) != 1:
                raise ApplicationRefused(
                    _(
                        "the directory has {count} groups named {name}: [byod] group needs the "
                        "name of exactly one"
                    ).format(count=len(found), name=repr(name))
                )
            self._group = found[0]
        return self._group

    def _close_lost(self) -> None:
        """Lost devices whose every order was taken."""
        with self._database.write() as session:
            for apps, why in _ORDERED.items():
                ready = store.lost_and_done(session, apps=apps)
                self._move(session, ready, DeviceVerb.ORDER, told(why))

    def _invitations(self, done: Tally) -> None:
        """Who has joined gets the invitation, by the outbox of the notices, once for each order;
        when the mail service took it, its owner is invited."""
        at, zone = self._clock.now(), self._settings.programme.zone
        with self._database.write() as session:
            for task in store.tasks(session, at):
                if task.state != DeviceState.APPROVED or task.joined_at is None:
                    continue
                standing = invitation(session, task.number)
                if standing is None:
                    day = (task.asked_at or at).astimezone(zone).date()
                    invite(session, task.number, task.person_id, day=day, at=at)
                    done.written += 1
                elif standing.state == NoticeState.SENT:
                    row = {"id": task.number, "invited_at": standing.sent_at or at}
                    store.write(session, [row | {"trouble": None, "request_id": None}])
                    self._move(session, [task.number], DeviceVerb.INVITE, None)
                    done.invited += 1
                elif standing.state == NoticeState.FAILED:
                    why = told(
                        msgid("the invitation did not go: {why}; see `rollout notice list`"),
                        why=standing.cause or "?",
                    )
                    store.write(session, [troubled(task.number, why, None, at + DOUBTED_FOR)])
                    done.troubled += 1

    def _move(
        self, session: Session, numbers: list[int], verb: DeviceVerb, reason: Told | None
    ) -> None:
        transitions.apply(
            session, PersonalDevice, numbers, verb, actor=ACTOR, at=self._clock.now(),
            reason=reason,
        )  # fmt: skip
