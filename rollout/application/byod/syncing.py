"""What the service shows is brought to the applications: one reading, one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.application.byod.devices import Reading
from rollout.domain.device_matching import Expected, Matched, match
from rollout.domain.device_sightings import Sighting, Verdict, put_together
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact
from rollout.domain.personal_device import (
    ENDED,
    LEAVING,
    REGISTERED,
    DeviceState,
    DeviceVerb,
    Ownership,
    Platform,
    StrayReason,
)
from rollout.domain.text import match_key
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.told import Told, stored, told
from rollout.store import device_sightings as store
from rollout.store import history, sign_ins, transitions
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.device_sightings import Known
from rollout.store.tables import PersonalDevice

ACTOR = "devices"
BELIEVED = 5
"""When so many devices of a kind are known and the service shows none, it is not believed."""
_AFTER = {Verdict.KEEPS: DeviceVerb.COMPLY, Verdict.BREAKS: DeviceVerb.BREAK}
_RESULTS = {
    Verdict.KEEPS: DeviceState.COMPLIANT,
    Verdict.BREAKS: DeviceState.NONCOMPLIANT,
    Verdict.UNTOLD: DeviceState.ENROLLED,
}
_Move = tuple[DeviceVerb, Told | None]


class NotBelieved(RolloutError):
    """The service showed so little that nothing is made of it; the message says what to do."""


@dataclass(frozen=True)
class Synced:
    """One reading: private devices that are registered, and what became of the applications.

    `company` are the numbers of devices that the service takes to be the organisation's.
    """

    devices: int
    matched: int
    stray: int
    enrolled: int
    missing: int
    released: int
    company: tuple[int, ...]


def take(database: Database, reading: Reading, at: datetime) -> Synced:
    """Write a whole reading. The same one again changes nothing. Raises NotBelieved."""
    with database.write() as session:
        known = store.known(session)
        _must_be_believed(known, reading)
        serials = {match_key(serial) for serial in store.own_serials(session)}
        sightings = put_together(reading.registrations, reading.enrolments, reading.apps, serials)
        matched = match(sightings, [_expected(one) for one in known if one.user])
        store.keep(session, [row for one in known if (row := _seen(one, matched, at))])
        history.append(session, [_alarm(one, at) for one in known if _turned(one, matched)])
        moves = _moves(known, matched, reading)
        _apply(session, moves, at)
        strays = _strays(session, matched, sign_ins.people_of_users(session))
        store.replace_strays(session, strays, at)
        store.note_reading(session, at, len(sightings), len(matched.bound), len(strays))
    return Synced(
        devices=len(sightings),
        matched=len(matched.bound),
        stray=len(strays),
        enrolled=_count(moves, DeviceVerb.ENROL, DeviceState.INVITED, known),
        missing=_count(moves, DeviceVerb.MISS, None, known),
        released=_count(moves, DeviceVerb.CONFIRM, None, known),
        company=tuple(number for number, seen in sorted(matched.bound.items()) if seen.company),
    )


def _must_be_believed(known: Sequence[Known], reading: Reading) -> None:
    for column, shown, what in (
        ("device_tag", reading.apps, _("protected apps")),
        ("managed_device_id", reading.enrolments, _("enrolled devices")),
        ("device_id", reading.registrations, _("registered devices")),
    ):
        count = sum(getattr(one, column) is not None for one in known)
        if count >= BELIEVED and not shown:
            raise NotBelieved(
                _(
                    "the service shows no {what} although {count} {count:is|are} known: nothing "
                    "was changed; see `rollout doctor`, and release what really is gone"
                ).format(what=what, count=count)
            )


def _expected(one: Known) -> Expected:
    return Expected(
        one.number, one.user or "", Platform(one.platform), one.model, one.state in LEAVING,
        one.device_tag, one.device_id, one.managed_device_id,
    )  # fmt: skip


def _seen(one: Known, matched: Matched, at: datetime) -> dict[str, Any] | None:
    """The columns that a sighting changes; None where nothing does."""
    sighting = matched.bound.get(one.number)
    if sighting is None:
        gone = one.state in REGISTERED and any(getattr(one, name) for name in store.IDS)
        return {"id": one.number, **dict.fromkeys(store.IDS)} if gone else None
    ids: tuple[str | None, ...] = (
        sighting.tag, sighting.device_id, sighting.azure_device_id, sighting.managed_id
    )  # fmt: skip
    if one.state in LEAVING:
        # What is to go is remembered until it is gone, whatever is shown of it meanwhile.
        ids = tuple(new or getattr(one, name) for name, new in zip(store.IDS, ids, strict=True))
    row: dict[str, Any] = {}
    if ids != tuple(getattr(one, name) for name in store.IDS):
        row |= dict(zip(store.IDS, ids, strict=True))
    if sighting.last_seen is not None and sighting.last_seen != one.last_seen:
        row["last_seen"] = sighting.last_seen
    owner = _owner(sighting)
    if owner is not None and owner != one.seen_as:
        row |= {"seen_as": owner.value, "seen_as_since": at}
    ordered, opened = one.wipe_ordered_at, sighting.app_seen
    if ordered is not None and opened is not None and opened > ordered:
        # The app was opened since and is still there: the order has not reached it.
        row["wipe_ordered_at"] = None
    return {"id": one.number, **row} if row else None


def _owner(sighting: Sighting) -> Ownership | None:
    if sighting.company:
        return Ownership.COMPANY
    return Ownership.PERSONAL if sighting.owner_told else None


def _turned(one: Known, matched: Matched) -> bool:
    sighting = matched.bound.get(one.number)
    return sighting is not None and sighting.company and one.seen_as != Ownership.COMPANY


def _alarm(one: Known, at: datetime) -> Fact:
    why = told(msgid("the service takes it to be the organisation's: it could be wiped whole"))
    return Fact(
        instant_text(at), ACTOR, "personal_device", one.number, str(one.number), "alarm",
        None, None, reason=stored(why),
    )  # fmt: skip


def _moves(
    known: Iterable[Known], matched: Matched, reading: Reading
) -> dict[int, tuple[_Move, ...]]:
    """The verbs that each device follows, by number."""
    moves: dict[int, tuple[_Move, ...]] = {}
    for one in known:
        sighting = matched.bound.get(one.number)
        if one.state in LEAVING:
            if one.state == DeviceState.WIPE_PENDING and _nothing_left(one, sighting, reading):
                moves[one.number] = ((DeviceVerb.CONFIRM, None),)
        elif sighting is not None:
            moves[one.number] = tuple(_towards(DeviceState(one.state), sighting))
        elif one.state in REGISTERED:
            moves[one.number] = ((DeviceVerb.MISS, None),)
    return moves


def _nothing_left(one: Known, sighting: Sighting | None, reading: Reading) -> bool:
    """Whether a reading that began after the order shows nothing that holds data.

    The directory's registration holds none; it counts only where nothing else was ever known.
    """
    since = one.wipe_ordered_at if one.device_tag else one.leaving_since
    if since is None or reading.begun_at < since:
        return False
    if sighting is None:
        return True
    only_registered = not (one.device_tag or one.managed_device_id)
    return not sighting.tag and not sighting.managed_id and not only_registered


def _towards(state: DeviceState, sighting: Sighting) -> Iterable[_Move]:
    wanted = _RESULTS[sighting.verdict]
    if state == wanted:
        return
    if state == DeviceState.INVITED or wanted == DeviceState.ENROLLED:
        yield DeviceVerb.ENROL, None
    if wanted != DeviceState.ENROLLED:
        cause = (
            told(msgid("the service says: {word}"), word=sighting.breach)
            if sighting.verdict is Verdict.BREAKS
            else None
        )
        yield _AFTER[sighting.verdict], cause


def _apply(session: Session, moves: Mapping[int, Sequence[_Move]], at: datetime) -> None:
    for step in range(max((len(verbs) for verbs in moves.values()), default=0)):
        groups: dict[tuple[DeviceVerb, str], tuple[Told | None, list[int]]] = {}
        for number, verbs in moves.items():
            if step < len(verbs):
                verb, cause = verbs[step]
                groups.setdefault((verb, str(cause)), (cause, []))[1].append(number)
        for (verb, _text), (cause, numbers) in groups.items():
            transitions.apply(
                session, PersonalDevice, numbers, verb, actor=ACTOR, at=at, reason=cause
            )


def _count(
    moves: Mapping[int, Sequence[_Move]],
    verb: DeviceVerb,
    state: DeviceState | None,
    known: Iterable[Known],
) -> int:
    before = {one.number: one.state for one in known}
    return sum(
        any(done == verb for done, _cause in verbs) and state in (None, before[number])
        for number, verbs in moves.items()
    )


def _strays(session: Session, matched: Matched, people: Mapping[str, int]) -> list[dict[str, Any]]:
    others = store.platforms_of_others(session)
    rows: dict[str, dict[str, Any]] = {}
    for sighting in matched.stray:
        person = people.get(sighting.user)
        rows[sighting.key] = {
            "key": sighting.key,
            "person_id": person,
            "reason": _reason(person, sighting, others).value,
            "user_id": sighting.user,
            "platform": sighting.platform.value if sighting.platform else sighting.system,
            "model": sighting.model,
            "device_name": sighting.name,
            "seen_as": owner.value if (owner := _owner(sighting)) else None,
            "last_seen": sighting.last_seen,
        }
    return list(rows.values())


def _reason(
    person: int | None, sighting: Sighting, others: Mapping[tuple[int, str], set[str]]
) -> StrayReason:
    if person is None:
        return StrayReason.UNKNOWN_OWNER
    states: dict[bool, set[str]] = defaultdict(set)
    if sighting.platform is not None:
        for state in others.get((person, sighting.platform.value), ()):
            states[state in ENDED].add(state)
    if states[False]:
        return StrayReason.UNINVITED
    return StrayReason.ENDED if states[True] else StrayReason.UNAPPLIED
