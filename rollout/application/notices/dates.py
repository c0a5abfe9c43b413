"""What is to be told of a machine's date: the decision, without database and clock."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from rollout.domain.notice import ABOUT_THE_DAY, NoticeKind, NoticeState
from rollout.planning.calendar import WorkCalendar
from rollout.store.notice_needs import Had, Known, Slot
from rollout.store.notices import New

_K, _S = NoticeKind, NoticeState
_ENTRIES = ABOUT_THE_DAY | {_K.CANCELLED}
"""These put an entry into the owner's calendar, or take it out."""


@dataclass
class Decided:
    """Notices to be put into the outbox, and those in it that hold no longer."""

    new: list[New] = field(default_factory=list)
    drop: list[int] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        """Whether there is something to write."""
        return bool(self.new or self.drop)


def working_day_before(calendar: WorkCalendar, day: date) -> date:
    """The last working day before `day`."""
    found = day - timedelta(days=1)
    while not calendar.is_working(found):
        found -= timedelta(days=1)
    return found


@dataclass(frozen=True)
class When:
    """The day on which is decided, and what the configuration says of days."""

    today: date
    days_before: int
    calendar: WorkCalendar
    lost_before: datetime
    """A machine that lost its day before this moment will not get another one at once."""

    def due(self, day: date) -> NoticeKind | None:
        """What is told today of a day that nobody was told yet."""
        eve = working_day_before(self.calendar, day)
        first = working_day_before(self.calendar, day - timedelta(days=self.days_before - 1))
        if eve <= self.today < day:
            return _K.DAY_BEFORE
        return _K.DAYS_BEFORE if first <= self.today < eve else None


def decide(
    slots: Iterable[Slot], known: Iterable[Known], had: Mapping[int, Had], when: When
) -> Decided:
    """What each owner is to be told.

    Owners who count on a day are told another one at once, and that it is off when the machine
    lost it or is somebody else's; the others so many days ahead, and everybody on the eve. A held
    machine's owner is told nothing more. While a mail may have gone whose answer was lost, nothing
    else is told of its machine.
    """
    told: dict[int, list[Known]] = defaultdict(list)
    for one in known:
        told[one.machine_id].append(one)
    decided, waiting = Decided(), {slot.machine_id: slot for slot in slots}
    for machine_id in waiting.keys() | told.keys():
        _of_machine(
            waiting.get(machine_id), told.get(machine_id, ()), had.get(machine_id), when, decided
        )
    decided.new.sort(key=lambda new: (new.day, new.machine_id or 0))
    return decided


def _of_machine(
    slot: Slot | None, known: Sequence[Known], had: Had | None, when: When, decided: Decided
) -> None:
    entry = _entry(known)
    holding = []
    for one in known:
        if one.state not in (_S.PLANNED, _S.FAILED):
            continue
        in_doubt = one.state is _S.PLANNED and one.tried
        if in_doubt or _holds(one, slot, had, entry, when):
            holding.append(one)
        else:
            decided.drop.append(one.id)
    if entry is not None and _is_off(entry.told_id, slot, had, when):
        if entry.day >= when.today and not any(one.kind is _K.CANCELLED for one in holding):
            _tell(decided, known, _K.CANCELLED, entry.machine_id, entry.day, entry.told_id)
        entry = None
    if slot is None or slot.held:
        return
    due = when.due(slot.day)
    if not any(one.kind in _ENTRIES and one.told_id in (None, slot.owner_id) for one in holding):
        if entry is not None and entry.day != slot.day:
            _tell(decided, known, _K.NEW_DATE, slot.machine_id, slot.day)
            return
        if entry is None and due is _K.DAYS_BEFORE:
            _tell(decided, known, _K.DAYS_BEFORE, slot.machine_id, slot.day)
    if due is _K.DAY_BEFORE and not _told_the_eve(known, slot):
        _tell(decided, known, _K.DAY_BEFORE, slot.machine_id, slot.day)


def _entry(known: Sequence[Known]) -> Known | None:
    """The mail by which an owner counts on a day, if one does."""
    kinds = _ENTRIES | {_K.DAY_BEFORE}
    gone = [one for one in known if one.kind in kinds and one.state is _S.SENT]
    return gone[-1] if gone and gone[-1].kind is not _K.CANCELLED else None


def _is_off(told_id: int | None, slot: Slot | None, had: Had | None, when: When) -> bool:
    """Whether that owner, who was told a day, has none any more."""
    owner_id = slot.owner_id if slot is not None else had.owner_id if had is not None else told_id
    if told_id is not None and owner_id != told_id:
        return True
    lost = had.lost_since if slot is None and had is not None else None
    return lost is not None and lost <= when.lost_before


def _holds(one: Known, slot: Slot | None, had: Had | None, entry: Known | None, when: When) -> bool:
    """Whether a notice that did not go yet would still tell the truth."""
    if one.day < when.today:
        return False
    if one.kind is _K.CANCELLED:
        return _is_off(one.told_id, slot, had, when)
    if slot is None or slot.held or slot.day != one.day:
        return False
    if one.kind is _K.NEW_DATE:
        return entry is not None and entry.day != one.day
    return one.day > when.today


def _told_the_eve(known: Sequence[Known], slot: Slot) -> bool:
    """Whether the eve of this day was told to this owner, or is going to be."""
    return any(
        one.kind is _K.DAY_BEFORE
        and one.day == slot.day
        and one.state is not _S.DROPPED
        and one.told_id in (None, slot.owner_id)
        for one in known
    )


def _tell(
    decided: Decided,
    known: Sequence[Known],
    kind: NoticeKind,
    machine_id: int,
    day: date,
    told_id: int | None = None,
) -> None:
    before = [one.edition for one in known if one.kind is kind and one.day == day]
    decided.new.append(
        New(kind, day, machine_id=machine_id, edition=max(before, default=0) + 1, told_id=told_id)
    )
