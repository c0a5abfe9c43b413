"""Personal devices as rows of a list, one of them whole, and what is wrong with any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rollout.application.byod.applying import lacks
from rollout.domain.lifecycle import Described
from rollout.domain.personal_device import (
    ENDED,
    LEAVING,
    PERSONAL_DEVICE,
    DeviceState,
    DeviceVerb,
    Ownership,
    StrayReason,
)
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import activity, device_work
from rollout.store import personal_devices as store
from rollout.store.database import Database
from rollout.store.personal_devices import Wanted as Wanted  # front ends ask with it

EVERYTHING = Wanted()
_FACTS = 200
"""Of the history, what one device shows."""


class DeviceAlarm(Described):
    """Why somebody should look at a device."""

    COMPANY = "company", "The service takes it to be the organisation's: it could be wiped whole."
    PENDING = "pending", "The apps' data are to go for too long."
    TROUBLE = "trouble", "The service refuses what it was asked for."
    UNTOLD = "untold", "The invitation came back: its owner does not have the steps."


class DeviceAction(Described):
    """What an operator can do with a device; a command of `rollout byod` each."""

    APPROVE = "approve", "Let it be used."
    REJECT = "reject", "Refuse it."
    INVITE = "invite", "Take its owner into the group and send the steps."
    LOST = "lost", "End sign-ins and take the apps' data away."
    RELEASE = "release", "End its use."


_VERBS = {
    DeviceAction.APPROVE: (DeviceVerb.APPROVE,),
    DeviceAction.REJECT: (DeviceVerb.REJECT,),
    DeviceAction.INVITE: (DeviceVerb.INVITE,),
    DeviceAction.LOST: (DeviceVerb.LOSE,),
    DeviceAction.RELEASE: (DeviceVerb.RELEASE, DeviceVerb.WITHDRAW),
}


@dataclass(frozen=True)
class Alarm:
    """One device with one thing that is wrong; `since` is when it began."""

    number: int
    kind: DeviceAlarm
    staff_number: str
    name: str
    model: str
    since: datetime
    why: str


@dataclass(frozen=True)
class Stray:
    """A registered device that belongs to no application in use."""

    key: str
    reason: StrayReason
    staff_number: str | None
    name: str | None
    department: str
    platform: str
    model: str
    device_name: str
    company: bool
    first_seen: datetime
    last_seen: datetime | None


def devices(
    database: Database, settings: Settings, at: datetime, wanted: Wanted = EVERYTHING
) -> list[dict[str, Any]]:
    """Every device that is asked for, ready to be shown or written as JSON."""
    with database.read() as session:
        rows = store.listed(session, _with_limits(wanted, settings, at))
    return [_shown(row, settings, at) for row in rows]


def how_many(
    database: Database, settings: Settings, at: datetime, wanted: Wanted = EVERYTHING
) -> int:
    """How many devices are asked for."""
    with database.read() as session:
        return store.how_many(session, _with_limits(wanted, settings, at))


def detail(
    database: Database, settings: Settings, number: int, at: datetime
) -> dict[str, Any] | None:
    """One device with what its person lacks, and its history, newest last."""
    with database.read() as session:
        found = store.listed(session, Wanted(number=number))
        if not found:
            return None
        one = store.one(session, number)
        missing = lacks(session, one[1], settings) if one is not None else ()
        asked = activity.Wanted(nouns=(PERSONAL_DEVICE.noun,), keys=(str(number),))
        facts = activity.page(session, asked, before=None, limit=_FACTS)
    zone = settings.programme.zone
    return _shown(found[0], settings, at) | {
        "lacks": list(missing),
        "history": [
            {
                "at": fact.at.astimezone(zone).isoformat(timespec="seconds"),
                "actor": fact.actor,
                "verb": fact.verb,
                "from": fact.from_state,
                "to": fact.to_state,
                "reason": fact.reason,
            }
            for fact in reversed(facts)
        ],
    }


def actions(state: DeviceState) -> tuple[DeviceAction, ...]:
    """What can be done with a device in that state, by its table."""
    possible = set(PERSONAL_DEVICE.verbs_from(state))
    return tuple(action for action, verbs in _VERBS.items() if possible & set(verbs))


def alarms(database: Database, settings: Settings, at: datetime) -> list[Alarm]:
    """Everything that somebody should look at, oldest first."""
    with database.read() as session:
        rows = store.listed(session, _with_limits(Wanted(alarmed=True), settings, at))
    found = [
        Alarm(row.id, kind, row.staff_number, row.name, row.model, since, why)
        for row in rows
        for kind, since, why in _alarms(row, settings, at)
    ]
    return sorted(found, key=lambda alarm: (alarm.since, alarm.number))


def strays(database: Database) -> list[Stray]:
    """Registered devices without an application, as the last reading showed them."""
    with database.read() as session:
        return [
            Stray(
                key=row.key,
                reason=StrayReason(row.reason),
                staff_number=row.staff_number,
                name=row.name,
                department=_department(row),
                platform=row.platform,
                model=row.model,
                device_name=row.device_name,
                company=row.seen_as == Ownership.COMPANY,
                first_seen=row.first_seen,
                last_seen=row.last_seen,
            )
            for row in store.strays(session)
        ]


def counts(database: Database) -> Mapping[DeviceState, int]:
    """How many are in each state, every state named."""
    with database.read() as session:
        found = store.by_state(session)
    return {state: found.get(state.value, 0) for state in DeviceState}


def last_reading(database: Database) -> datetime | None:
    """When the service was last read as a whole."""
    with database.read() as session:
        reading = device_work.last_reading(session)
        return reading.read_at if reading is not None else None


def _with_limits(wanted: Wanted, settings: Settings, at: datetime) -> Wanted:
    limit = at - timedelta(days=settings.byod.pending_days)
    return replace(wanted, pending_before=limit)


def _alarms(
    row: Any, settings: Settings, at: datetime
) -> Sequence[tuple[DeviceAlarm, datetime, str]]:
    found = []
    live = row.state not in ENDED
    if live and row.seen_as == Ownership.COMPANY and row.seen_as_since is not None:
        why = _("the service takes it to be the organisation's: it could be wiped whole")
        found.append((DeviceAlarm.COMPANY, row.seen_as_since, why))
    since = row.leaving_since
    limit = timedelta(days=settings.byod.pending_days)
    if row.state in LEAVING and since is not None and at - since > limit:
        why = _(
            "{days} {days:day|days}: the app was not opened since, or the work account is "
            "still on it"
        )
        found.append((DeviceAlarm.PENDING, since, why.format(days=(at - since).days)))
    if live and row.trouble:
        found.append((DeviceAlarm.TROUBLE, row.asked_at or row.state_since, row.trouble))
    if row.state == DeviceState.INVITED and row.invitation is not None:
        why = _(
            "{why}: bring a list with the right address (`rollout import people`) and it goes "
            "again; where the address is right, `rollout notice retry {number}`"
        ).format(why=row.invitation_why, number=row.invitation)
        found.append((DeviceAlarm.UNTOLD, row.state_since, why))
    return found


def _department(row: Any) -> str:
    return " ".join(part for part in (row.bureau, row.division) if part)


def _shown(row: Any, settings: Settings, at: datetime) -> dict[str, Any]:
    leaving = row.state in LEAVING and row.leaving_since is not None
    found = _alarms(row, settings, at)
    return {
        "number": row.id,
        "staff_number": row.staff_number,
        "name": row.name,
        "department": _department(row),
        "platform": row.platform,
        "model": row.model,
        "purpose": row.purpose,
        "kind": row.kind,
        "state": row.state,
        "since": _moment(row.state_since, settings),
        "cause": row.cause,
        "applied_on": row.applied_on.isoformat(),
        "applied_by": row.applied_by,
        "consent": {"rules": row.consent_version, "day": row.consented_on.isoformat()},
        "head_of_office": row.head_of_office,
        "head_decision": row.head_decision,
        "decided_by": row.decided_by,
        "decided_at": _moment(row.decided_at, settings),
        "invited_at": _moment(row.invited_at, settings),
        "last_seen": _moment(row.last_seen, settings),
        "ownership": row.ownership,
        "seen_as": row.seen_as,
        "lost_on": row.lost_on.isoformat() if row.lost_on else None,
        "sessions_ended_at": _moment(row.sessions_ended_at, settings),
        "wipe_ordered_at": _moment(row.wipe_ordered_at, settings),
        # The computer that took the order may be some seconds ahead of this one.
        "leaving_days": max(0, (at - row.leaving_since).days) if leaving else None,
        "trouble": row.trouble,
        "request_id": row.request_id,
        "alarms": [kind.value for kind, _since, _why in found],
        "alarm_reasons": [why for _kind, _since, why in found],
        "actions": [action.value for action in actions(DeviceState(row.state))],
    }


def _moment(moment: datetime | None, settings: Settings) -> str | None:
    zone = settings.programme.zone
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else None
