"""A device is lost, or used for work no more: what is the organisation's is taken away, only that.

Both are written down at once; what the service has to do follows, and is repeated until it took the
order. There is no way from here to a device as a whole.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from rollout.application.byod.applying import ApplicationRefused
from rollout.application.operators import Operator
from rollout.domain.personal_device import ENDED, DeviceState, DeviceVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.i18n.told import told
from rollout.settings import OperatorRole, Settings
from rollout.store import device_work, transitions
from rollout.store import personal_devices as store
from rollout.store.database import Database
from rollout.store.tables import PersonalDevice

_NOT_INVITED = frozenset({DeviceState.APPLIED, DeviceState.APPROVED})


@dataclass(frozen=True)
class Leaving:
    """What a device became; `nothing_on_it` when nobody had been invited to use it.

    `apps` tells whether protected apps on it are known, whose data can be ordered away.
    """

    state: DeviceState
    nothing_on_it: bool = False
    apps: bool = False


def lose(
    database: Database,
    settings: Settings,
    number: int,
    operator: Operator,
    at: datetime,
    *,
    lost_on: date | None = None,
    reason: str | None = None,
) -> Leaving:
    """Its owner lost it: sessions end and the apps' data go. Reported again it stays as it is.

    Raises ApplicationRefused, NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    today = at.astimezone(settings.programme.zone).date()
    day = lost_on or today
    if day > today:
        raise ApplicationRefused(_("{day} has not come yet").format(day=day.isoformat()))
    with database.write() as session:
        row = _row(session, number)
        if row.state == DeviceState.LOST:
            return Leaving(DeviceState.LOST, apps=row.device_tag is not None)
        if row.state in _NOT_INVITED:
            raise ApplicationRefused(
                _("{number} was not in use yet: take it back with `rollout byod release`").format(
                    number=number
                )
            )
        _must_be_in_use(row)
        device_work.write(
            session,
            [
                {
                    "id": number,
                    "lost_on": day,
                    "leaving_since": row.leaving_since or at,
                    # Whoever has it could have signed in again since.
                    "sessions_ended_at": None,
                    "wipe_ordered_at": None,
                    "due_at": None,
                }
            ],
        )
        why = (reason or "").strip() or told(msgid("lost on {day}"), day=day.isoformat())
        _move(session, number, DeviceVerb.LOSE, operator, at, why)
        return Leaving(DeviceState.LOST, apps=row.device_tag is not None)


def release(
    database: Database,
    number: int,
    operator: Operator,
    at: datetime,
    *,
    reason: str | None = None,
) -> Leaving:
    """It is used for work no more; an application that nobody was invited on is taken back.

    Raises ApplicationRefused, NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    why = (reason or "").strip() or told(msgid("its owner gives its use up"))
    with database.write() as session:
        row = _row(session, number)
        if row.state in _NOT_INVITED:
            _move(session, number, DeviceVerb.WITHDRAW, operator, at, why)
            return Leaving(DeviceState.WITHDRAWN, nothing_on_it=True)
        if row.state in (DeviceState.LOST, DeviceState.WIPE_PENDING):
            return Leaving(DeviceState(row.state), apps=row.device_tag is not None)
        _must_be_in_use(row)
        device_work.write(session, [{"id": number, "leaving_since": at, "due_at": None}])
        _move(session, number, DeviceVerb.RELEASE, operator, at, why)
        return Leaving(DeviceState.WIPE_PENDING, apps=row.device_tag is not None)


def _row(session: Session, number: int) -> PersonalDevice:
    found = store.one(session, number)
    if found is None:
        raise ApplicationRefused(
            _("there is no application {number}: see `rollout byod list`").format(number=number)
        )
    return found[0]


def _must_be_in_use(row: PersonalDevice) -> None:
    if row.state in ENDED:
        raise ApplicationRefused(
            _("{number} is {state}: it is not in use").format(
                number=row.id, state=label(DeviceState(row.state))
            )
        )


def _move(
    session: Session, number: int, verb: DeviceVerb, operator: Operator, at: datetime, why: str
) -> None:
    transitions.apply(
        session, PersonalDevice, [number], verb, actor=operator.name, at=at, reason=why
    )
