"""What the clock does with take-out: applications expire, PCs become portable and cease to be.

This is the only place that makes a machine portable, so that nothing leads around what `fitness`
demands.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application.choosing import today
from rollout.application.settle import DAEMON
from rollout.application.takehome.fitness import lacks
from rollout.domain.history import Fact
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.takeout import DISK_PIN, PinState, PinVerb, TakeoutVerb
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import history, leases, portability, takeout_changes, takeouts, transitions
from rollout.store.batches import batches
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import DiskPin, Machine, Takeout
from rollout.store.takeout_changes import Seen
from rollout.store.takeouts import AppliedPc

AT_ONCE = 5_000
"""PCs that are looked at in one transaction: nobody else writes meanwhile."""
PIN = "encryption_pin"
"""The control that says whether the disk asks for a PIN."""

_VERBS = {
    ("pass", PinState.AWAITED): PinVerb.SEE,
    ("pass", PinState.MISSING): PinVerb.SEE,
    ("fail", PinState.CHOSEN): PinVerb.MISS,
    ("pending", PinState.CHOSEN): PinVerb.MISS,
}


class Watch:
    """Looks at most once in `pause`: days and evidence do not change with every tick.

    Every PC is looked at after a start, when the configuration may be another one; from then on
    those of which something was told since, and with a new day those for which something begins or
    ends with it: a look costs what has happened and not what there is.
    """

    def __init__(self, pause: timedelta = timedelta(minutes=1)) -> None:
        self._pause = pause
        self._looked: datetime | None = None
        self._day: date | None = None
        self._seen = Seen(0, 0)

    def look(
        self, database: Database, settings: Settings, *, lease_epoch: int, at: datetime
    ) -> None:
        """Do what is due. Raises LeaseHeld when another daemon has taken over."""
        if self._looked is not None and timedelta() <= at - self._looked < self._pause:
            return
        day = today(settings, at)
        with database.read() as session:
            now = takeout_changes.seen(session)
            among = self._among(session, day)
        for some in batches(sorted(among), AT_ONCE):
            watch(database, settings, lease_epoch=lease_epoch, at=at, among=some)
        self._looked, self._day, self._seen = at, day, now

    def _among(self, session: Session, day: date) -> set[int]:
        if self._day is None or day < self._day:
            return takeout_changes.every(session)
        found = takeout_changes.since(session, self._seen)
        if day > self._day:
            found |= takeout_changes.by_day(session, self._day, day)
        return found


def watch(
    database: Database,
    settings: Settings,
    *,
    lease_epoch: int,
    at: datetime,
    among: Collection[int],
) -> None:
    """Expire what is over, and let these PCs out or keep them in; repeatable at any time."""
    day = today(settings, at)
    with database.read() as session:
        if not (
            portability.looked_at(session, day, among)
            or takeouts.over(session, day, among)
            or any(takeouts.of_people_gone(session, day, among))
        ):
            return
    with database.write() as session:
        leases.require(session, lease_epoch)
        _look_now(session, settings, day, at, among)


def _look_now(
    session: Session, settings: Settings, day: date, at: datetime, among: Collection[int]
) -> None:
    _end(session, takeouts.over(session, day, among), TakeoutVerb.EXPIRE, at)
    inside, outside = takeouts.of_people_gone(session, day, among)
    _end(session, inside, TakeoutVerb.WITHDRAW, at)
    _end(session, outside, TakeoutVerb.RECALL, at)
    found = portability.looked_at(session, day, among)
    _see_pins(session, found, at)
    missing = lacks(session, settings, found, day)
    portable = {pc.id for pc in found if pc.state == MachineState.PORTABLE}
    fit = [pc.id for pc in found if pc.id not in portable and not missing[pc.id]]
    allowed = portability.allowing(session, fit, day)
    portability.note_allowed(session, list(allowed.values()), at)
    transitions.apply(session, Machine, fit, MachineVerb.LET_OUT, actor=DAEMON, at=at)
    kept_in: dict[Told, list[int]] = defaultdict(list)
    for id_ in sorted(portable):
        if why := missing[id_]:
            kept_in[why[0]].append(id_)
    for reason, ids in kept_in.items():
        transitions.apply(
            session, Machine, ids, MachineVerb.KEEP_IN, actor=DAEMON, at=at, reason=reason
        )


def _end(session: Session, ids: Sequence[int], verb: TakeoutVerb, at: datetime) -> None:
    reason = told(
        msgid("its period is over")
        if verb is TakeoutVerb.EXPIRE
        else msgid("the applicant has left")
    )
    transitions.apply(session, Takeout, ids, verb, actor=DAEMON, at=at, reason=reason)


def _asked(pin: DiskPin, at: datetime) -> Fact:
    """That the user of a PC is asked for a PIN, from when on."""
    return Fact(
        instant_text(at), DAEMON, DISK_PIN.noun, pin.id or 0, pin.key, PinVerb.ASK.value, None,
        pin.state,
    )  # fmt: skip


def _see_pins(session: Session, pcs: Sequence[AppliedPc], at: datetime) -> None:
    """Follow what was measured of PINs: a PC whose user was asked has a row from then on."""
    tags = {pc.id: pc.asset_tag for pc in pcs}
    verdicts = portability.verdicts(session, list(tags))
    known = portability.pins(session, list(tags))
    asked = [
        DiskPin(machine_id=id_, key=tag, state_since=at)
        for id_, tag in tags.items()
        if PIN in verdicts.get(id_, {}) and id_ not in known
    ]
    session.add_all(asked)
    session.flush()
    history.append(session, [_asked(pin, at) for pin in asked])
    moves: dict[PinVerb, list[int]] = defaultdict(list)
    for id_, pin in portability.pins(session, list(tags)).items():
        verb = _VERBS.get((verdicts.get(id_, {}).get(PIN, ""), PinState(pin.state)))
        if verb is not None:
            moves[verb].append(pin.id or 0)
    for verb, ids in moves.items():
        transitions.apply(session, DiskPin, ids, verb, actor=DAEMON, at=at)
