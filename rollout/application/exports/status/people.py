"""People's side: accounts, personal devices, training, readiness."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rollout.application.exports.status.days import day_of
from rollout.application.readiness.query import ObstacleEffect, readiness
from rollout.application.training import status as training
from rollout.domain.account import AccountState, CloudService
from rollout.domain.lifecycle import Described
from rollout.domain.personal_device import REGISTERED, DeviceState
from rollout.settings import Settings
from rollout.store import service_figures as store
from rollout.store.database import Database
from rollout.store.tables import PeopleFigures


class PeopleFigure(Described):
    """What is counted of people; each is a number of so many."""

    LICENSED = "licensed", "Every product of the configuration is assigned."
    MAILBOX_READY = "mailbox_ready", "The mailbox answers."
    CHAT_READY = "chat_ready", "In the department's team, or provisioned in another chat."
    MFA_REGISTERED = "mfa_registered", "Registered for multi-factor sign-in."
    TRAINED = "trained", "Every demanded course was had."
    READY = "ready", "Nothing is missing for the cutover."


class DeviceFigure(Described):
    """Where personal devices stand."""

    WAITING = "waiting", "Applied for; nobody has decided."
    APPROVED = "approved", "Approved or invited, not registered yet."
    ENROLLED = "enrolled", "Registered."
    LEAVING = "leaving", "Lost, or the organisation's data is being taken away."
    ENDED = "ended", "Released, rejected, withdrawn or expired."


COUNTED = (PeopleFigure.MFA_REGISTERED, PeopleFigure.TRAINED, PeopleFigure.READY)
"""Figures of which no history tells: what was counted is kept."""

_DEVICES = {
    DeviceState.APPLIED: DeviceFigure.WAITING,
    DeviceState.APPROVED: DeviceFigure.APPROVED,
    DeviceState.INVITED: DeviceFigure.APPROVED,
    **dict.fromkeys(REGISTERED, DeviceFigure.ENROLLED),
    DeviceState.LOST: DeviceFigure.LEAVING,
    DeviceState.WIPE_PENDING: DeviceFigure.LEAVING,
}
_SERVICES = {
    PeopleFigure.LICENSED: CloudService.LICENCE,
    PeopleFigure.MAILBOX_READY: CloudService.MAILBOX,
    PeopleFigure.CHAT_READY: CloudService.CHAT,
}


@dataclass(frozen=True)
class Share:
    """So many of so many; `number` is None when the moment does not tell, `blocked` ones need a
    person."""

    figure: PeopleFigure
    number: int | None
    of: int
    blocked: int = 0

    @property
    def rate(self) -> float | None:
        """Between 0 and 1; None when nothing is known or nobody is there."""
        return None if self.number is None or not self.of else self.number / self.of


@dataclass(frozen=True)
class People:
    """Everybody in service, and all personal devices ever applied for.

    `counted_at` is when the figures of COUNTED were counted; None: not on that day.
    """

    people: int
    shares: Sequence[Share]
    devices: dict[DeviceFigure, int]
    obstacles: Sequence[ObstacleEffect]
    counted_at: datetime | None

    def number(self, figure: PeopleFigure) -> int | None:
        """Of one figure."""
        return next(share.number for share in self.shares if share.figure is figure)

    def change(self, share: Share) -> int | None:
        """How many more than here `share` has, a later figure of the same; None when either moment
        does not tell."""
        before = self.number(share.figure)
        return None if before is None or share.number is None else share.number - before


def people_now(database: Database, settings: Settings, session: Session, now: datetime) -> People:
    """People as they stand."""
    day = day_of(settings, now)
    everyone = store.people(session, day)
    trained = training.status(database, settings, day)
    ready = readiness(database, settings, now)
    asked = bool(settings.courses)
    return People(
        everyone,
        [
            *_accounts(store.services(session, day), everyone),
            Share(PeopleFigure.MFA_REGISTERED, store.registered(session, day), everyone),
            Share(PeopleFigure.TRAINED, trained.trained if asked else None, trained.people),
            Share(PeopleFigure.READY, ready.ready, len(ready.people)),
        ],
        _devices(store.devices(session)),
        ready.obstacles,
        now,
    )


def people_at(
    session: Session, settings: Settings, then: datetime, counted: PeopleFigures | None
) -> People:
    """People as the history tells of `then`, and what was `counted` of what it does not tell."""
    day = day_of(settings, then)
    everyone = store.people_at(session, then, day)
    numbers = (counted.registered, counted.trained, counted.ready) if counted else (None,) * 3
    of = counted.people if counted else everyone
    return People(
        everyone,
        [
            *_accounts(store.services_at(session, then, day), everyone),
            *(Share(figure, number, of) for figure, number in zip(COUNTED, numbers, strict=True)),
        ],
        _devices(store.devices_at(session, then)),
        (),
        counted.counted_at if counted else None,
    )


def _accounts(found: Sequence[store.ServiceState], people: int) -> list[Share]:
    blocked = (AccountState.BLOCKED,)
    return [
        Share(
            figure,
            store.ready(found, service),
            people,
            store.of_state(found, service, blocked),
        )
        for figure, service in _SERVICES.items()
    ]


def _devices(found: dict[DeviceState, int]) -> dict[DeviceFigure, int]:
    counts = dict.fromkeys(DeviceFigure, 0)
    for state, number in found.items():
        counts[_DEVICES.get(state, DeviceFigure.ENDED)] += number
    return counts
