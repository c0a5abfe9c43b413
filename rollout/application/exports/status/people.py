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
    """Everybody in service, and all personal devices ever applied for."""

    people: int
    shares: Sequence[Share]
    devices: dict[DeviceFigure, int]
    obstacles: Sequence[ObstacleEffect]

    def change(self, share: Share) -> int | None:
        """How many more than here `share` has, a later figure of the same; None when either moment
        does not tell."""
        for own in self.shares:
            if own.figure is share.figure and own.number is not None and share.number is not None:
                return share.number - own.number
        return None


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
    )


def people_at(session: Session, settings: Settings, then: datetime) -> People:
    """People as far as the history tells of `then`; sign-ins and trainings are kept of today."""
    day = day_of(settings, then)
    everyone = store.people(session, day)
    unknown = (PeopleFigure.MFA_REGISTERED, PeopleFigure.TRAINED, PeopleFigure.READY)
    return People(
        everyone,
        [
            *_accounts(store.services_at(session, then, day), everyone),
            *(Share(figure, None, everyone) for figure in unknown),
        ],
        _devices(store.devices_at(session, then)),
        (),
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
