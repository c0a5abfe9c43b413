"""What owners are told of dates, whatever happens to the dates."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rollout.application.notices.dates import Decided, When, decide
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.planning.calendar import Span, WorkCalendar
from rollout.store.notice_needs import Had, Known, Slot
from rollout.store.notices import New

DAY = date(2022, 12, 1)
NOW = datetime(2022, 11, 18, 1, tzinfo=UTC)
_K, _S = NoticeKind, NoticeState


def when(today: date, calendar: WorkCalendar | None = None) -> When:
    return When(today, 14, calendar or WorkCalendar(), NOW)


def told(kind: NoticeKind, day: date = DAY, owner: int = 7) -> Known:
    return Known(1, 1, kind, day, _S.SENT, 1, owner, tried=True)


@pytest.mark.parametrize(
    ("today", "kind"),
    [
        (date(2022, 11, 16), None),
        (date(2022, 11, 17), _K.DAYS_BEFORE),
        (date(2022, 11, 30), _K.DAY_BEFORE),
        (date(2022, 12, 1), None),
    ],
)
def test_owners_are_told_on_working_days(today: date, kind: NoticeKind | None) -> None:
    found = decide([Slot(1, DAY, False, 7)], [], {}, when(today))
    assert [one.kind for one in found.new] == ([] if kind is None else [kind])


def test_the_eve_of_a_day_after_a_closure_is_the_last_day_before_it() -> None:
    closed = WorkCalendar([Span(date(2022, 12, 29), date(2023, 1, 3))])
    slot = Slot(1, date(2023, 1, 4), False, 7)
    assert when(date(2022, 12, 28), closed).due(slot.day) is _K.DAY_BEFORE
    assert when(date(2022, 12, 27), closed).due(slot.day) is _K.DAYS_BEFORE


def test_the_owner_of_a_held_machine_is_told_nothing() -> None:
    held = Slot(1, date(2022, 12, 8), True, 7)
    assert not decide([held], [told(_K.DAYS_BEFORE)], {}, when(NOW.date())).anything


def test_a_day_that_was_lost_just_now_is_not_called_off_yet() -> None:
    lost = {1: Had(1, 7, NOW + timedelta(seconds=1))}
    assert not decide([], [told(_K.DAYS_BEFORE)], lost, when(NOW.date())).anything
    found = decide([], [told(_K.DAYS_BEFORE)], {1: Had(1, 7, NOW)}, when(NOW.date()))
    assert [(one.kind, one.told_id) for one in found.new] == [(_K.CANCELLED, 7)]


def test_while_an_answer_is_in_doubt_nothing_else_is_told() -> None:
    doubt = Known(1, 1, _K.DAYS_BEFORE, DAY, _S.PLANNED, 1, 7, tried=True)
    moved = Slot(1, date(2022, 12, 8), False, 7)
    assert not decide([moved], [doubt], {}, when(NOW.date())).anything


def test_a_mail_that_waits_for_a_person_is_not_planned_twice() -> None:
    refused = Known(1, 1, _K.DAYS_BEFORE, DAY, _S.FAILED, 1, 7, tried=True)
    assert not decide([Slot(1, DAY, False, 7)], [refused], {}, when(NOW.date())).anything


def test_ten_thousand_notices_are_planned_in_one_go() -> None:
    many = [Slot(number, DAY, False, number) for number in range(10_000)]
    assert len(decide(many, [], {}, when(NOW.date())).new) == 10_000


class Announcing(RuleBasedStateMachine):
    """A machine's day and owner change at will; mails go, are refused, or their answer is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.today = NOW.date()
        self.slot: Slot | None = Slot(1, DAY, False, 7)
        self.owner = 7
        self.outbox: list[Known] = []
        self.believes: dict[int, date] = {}
        """Which day each person counts on, by the mails that reached them."""

    def look(self) -> Decided:
        had = {1: Had(1, self.owner, NOW if self.slot is None else None)}
        return decide([self.slot] if self.slot else [], self.outbox, had, when(self.today))

    @rule()
    def fill(self) -> None:
        found = self.look()
        for id_ in found.drop:
            self._set(id_ - 1, state=_S.DROPPED)
        for new in found.new:
            assert isinstance(new, New)
            same = [one for one in self.outbox if (one.kind, one.day) == (new.kind, new.day)]
            assert all(one.edition != new.edition for one in same)
            self.outbox.append(
                Known(len(self.outbox) + 1, 1, new.kind, new.day, _S.PLANNED, new.edition,
                      new.told_id, tried=False)
            )  # fmt: skip

    @rule(answer=st.sampled_from(["taken", "lost", "refused"]))
    def send(self, answer: str) -> None:
        for index, one in enumerate(self.outbox):
            if one.state is not _S.PLANNED or one.day < self.today:
                continue
            to = one.told_id or self.owner
            if answer == "refused" and not one.tried:
                self._set(index, state=_S.FAILED)
            elif answer == "lost":
                self._set(index, tried=True, told_id=to)
            else:
                self._set(index, state=_S.SENT, tried=True, told_id=to)
                self._reaches(to, one)

    def _reaches(self, to: int, one: Known) -> None:
        if one.kind is _K.CANCELLED:
            self.believes.pop(to, None)
        else:
            self.believes[to] = one.day

    def _set(self, index: int, **values: object) -> None:
        self.outbox[index] = self.outbox[index]._replace(**values)

    @rule(days=st.integers(-3, 9))
    def move(self, days: int) -> None:
        self.slot = Slot(1, max(self.today, DAY + timedelta(days=days)), False, self.owner)

    @rule()
    def lose(self) -> None:
        self.slot = None

    @rule(owner=st.sampled_from([7, 8]))
    def change_hands(self, owner: int) -> None:
        self.owner = owner
        if self.slot is not None:
            self.slot = self.slot._replace(owner_id=owner)

    @precondition(lambda self: self.today < DAY + timedelta(days=10))
    @rule()
    def sleep(self) -> None:
        self.today += timedelta(days=1)

    @rule()
    def settle(self) -> None:
        """When every mail gets through, everybody counts on what is true."""
        for index, one in enumerate(self.outbox):
            if one.state is _S.FAILED:
                self._set(index, state=_S.PLANNED, tried=False)
        for _round in range(4):
            self.fill()
            self.send("taken")
        assert not self.look().anything
        for person, day in self.believes.items():
            if day >= self.today:
                assert self.slot is not None
                assert (person, day) == (self.owner, self.slot.day)

    @invariant()
    def nothing_is_called_for_twice(self) -> None:
        keys = [(one.kind, one.day, one.edition) for one in self.outbox]
        assert len(keys) == len(set(keys))


TestAnnouncing = Announcing.TestCase
TestAnnouncing.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
