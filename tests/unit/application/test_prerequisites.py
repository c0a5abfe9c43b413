"""Waves whose owners are not trained, not told, or without a seat do not begin."""

import json
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rollout.application import gates, waves
from rollout.application.gate_words import numbers_of
from rollout.application.gates import GateRefused
from rollout.domain.gates import Gate, Verdict
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.store import licences, notices, training, transitions
from rollout.store.tables import AuditRow, Machine, Notice

Office = Any

COURSE = "情報セキュリティ研修"
TOKYO = ZoneInfo("Asia/Tokyo")
SLOT = date(2022, 11, 1)
"""The day that the office's machines are planned for."""


def readings(office: Office) -> dict[Gate, Any]:
    progress, _ = waves.progress(office.database, office.settings, 1, office.clock.now())
    return {reading.gate: reading for reading in progress.readings}


def kept_back(office: Office) -> list[Any]:
    now = office.clock.now()
    return waves.standing(office.database, office.settings, 1, now).kept_back


def owned(office: Office, count: int, **columns: Any) -> list[int]:
    ids = office.machines(count, **columns)
    for number, machine_id in enumerate(ids):
        office.owner(machine_id, f"職員{machine_id}", f"{machine_id:05}{number}")
    return ids


def owner_of(office: Office, machine_id: int) -> int:
    return office.machine(machine_id).owner_id


def attended(office: Office, machine_ids: list[int], **columns: Any) -> None:
    with office.database.write() as session:
        training.add(
            session,
            [
                {
                    "person_id": owner_of(office, machine_id),
                    "course": COURSE,
                    "course_key": COURSE,
                    "taken_on": date(2022, 10, 3),
                    "score": None,
                    "passed": None,
                    **columns,
                }
                for machine_id in machine_ids
            ],
        )


def told(office: Office, machine_ids: list[int], at: datetime, day: date = SLOT) -> None:
    with office.database.write() as session:
        days = dict.fromkeys(machine_ids, day)
        notices.plan_for_machines(session, NoticeKind.DAYS_BEFORE, days, at=at)
        wanted = [
            row.id or 0
            for row in notices.in_state(session, NoticeState.PLANNED)
            if row.machine_id in machine_ids and row.day == day
        ]
        notices.sent(session, wanted, actor="mail", at=at)


def demand_training(office: Office, share: float = 0.75, **training_: Any) -> None:
    office.configure("training", courses=(COURSE,), **training_)
    office.configure("gates", training_share=share)


def test_a_wave_begins_when_exactly_the_wanted_share_is_trained(office: Office) -> None:
    demand_training(office)
    office.wave()
    ids = owned(office, 4)
    attended(office, ids[:2])
    office.tick()
    office.tick()
    assert office.states(ids) == ["planned"] * 4
    assert [reading.gate for reading in kept_back(office)] == [Gate.TRAINING]
    assert numbers_of(readings(office)[Gate.TRAINING]) == "2 of 4 people: 50.0%, limit 75.0%"
    attended(office, ids[2:3])
    office.tick()
    assert set(office.states(ids)) == {"checking"}
    assert kept_back(office) == []
    (opened,) = [row for row in office.rows(AuditRow) if row.verb == "open_tranche"]
    assert json.loads(opened.detail)["gates"]["training"]["count"] == 3


def test_without_any_record_the_gate_says_which_is_missing_and_how_to_give_it(
    office: Office,
) -> None:
    demand_training(office)
    office.wave()
    ids = owned(office, 2)
    office.tick()
    assert office.states(ids) == ["planned"] * 2
    reading = readings(office)[Gate.TRAINING]
    assert reading.verdict is Verdict.CLOSED
    assert numbers_of(reading).startswith(
        f"there is no record of {COURSE}: give one with `rollout import training FILE`"
    )


@pytest.mark.parametrize(
    ("pass_score", "record", "counts"),
    [
        (None, {}, True),
        (None, {"passed": False}, False),
        (None, {"score": 10.0}, True),
        (70.0, {"score": 70.0}, True),
        (70.0, {"score": 69.5}, False),
        (70.0, {"score": 69.5, "passed": True}, False),
        (70.0, {"score": 90.0, "passed": False}, False),
        (70.0, {"passed": True}, True),
        (70.0, {}, False),
    ],
)
def test_what_counts_as_a_training_that_was_had(
    office: Office, pass_score: float | None, record: dict[str, Any], counts: bool
) -> None:
    demand_training(office, 1.0, pass_score=pass_score)
    office.wave(running=False)
    (machine_id,) = owned(office, 1)
    attended(office, [machine_id], **record)
    assert (readings(office)[Gate.TRAINING].verdict is Verdict.OPEN) is counts


def test_every_demanded_course_is_needed_and_a_second_try_counts(office: Office) -> None:
    office.configure("training", courses=(COURSE, "ＢＹＯＤ 研修"), pass_score=60)
    office.configure("gates", training_share=1.0)
    office.wave(running=False)
    (machine_id,) = owned(office, 1)
    attended(office, [machine_id], score=20.0)
    attended(office, [machine_id], score=80.0, taken_on=date(2022, 10, 20))
    assert readings(office)[Gate.TRAINING].value is None, "one course has no record at all"
    attended(office, [machine_id], course="BYOD研修", course_key="byod研修", score=60.0)
    assert readings(office)[Gate.TRAINING].verdict is Verdict.OPEN


def test_people_with_two_machines_count_once_and_machines_set_aside_not_at_all(
    office: Office,
) -> None:
    demand_training(office, 1.0)
    office.wave(running=False)
    first, second, aside = owned(office, 3)
    with office.database.write() as session:
        row = session.get(Machine, second)
        row.owner_id = owner_of(office, first)
        session.add(row)
    attended(office, [first])
    with office.database.write() as session:
        transitions.apply(
            session, Machine, [aside], MachineVerb.HOLD, actor="a", at=office.clock.now(),
            reason="away",
        )  # fmt: skip
    reading = readings(office)[Gate.TRAINING]
    assert (reading.count, reading.of, reading.verdict) == (1, 1, Verdict.OPEN)


def test_only_those_who_come_next_are_asked(office: Office) -> None:
    demand_training(office, 1.0)
    office.configure("tranches", smallest_wave=2, canary=1, share=0.5)
    office.configure("gates", soak_minutes=0, succeeded_share=0.5)
    office.wave()
    ids = owned(office, 4)
    office.tick()
    _, tranche = waves.progress(office.database, office.settings, 1, office.clock.now())
    (canary,) = [machine_id for machine_id in ids if tranche[machine_id] == 1]
    attended(office, [canary])
    office.tick()
    assert sorted(office.states(ids)) == ["checking", "planned", "planned", "planned"]
    assert office.states([canary]) == ["checking"]
    reading = readings(office)[Gate.TRAINING]
    assert (reading.count, reading.of) == (0, 2), "the share that comes after the canary"


def test_a_wave_is_kept_until_every_licence_has_enough_free_seats(office: Office) -> None:
    def stock(sku: str, enabled: int, consumed: int) -> None:
        with office.database.write() as session:
            licences.record(
                session, sku, enabled=enabled, consumed=consumed, suspended=0,
                taken_at=office.clock.now(),
            )  # fmt: skip

    office.configure("gates", licences=("E3", "EMS"), licences_free=10)
    office.wave()
    ids = office.machines(2)
    office.tick()
    assert "the stock of E3, EMS was never read" in numbers_of(readings(office)[Gate.LICENCES])
    stock("E3", 100, 80)
    office.clock.forward(minutes=1)
    office.tick()
    assert "the stock of EMS was never read" in numbers_of(readings(office)[Gate.LICENCES])
    stock("EMS", 100, 91)
    office.tick()
    assert numbers_of(readings(office)[Gate.LICENCES]) == "9 free, limit 10"
    assert office.states(ids) == ["planned"] * 2
    office.clock.forward(minutes=1)
    stock("EMS", 101, 91)
    office.tick()
    assert set(office.states(ids)) == {"checking"}


def test_a_stock_exactly_as_old_as_allowed_counts_and_an_older_one_does_not(
    office: Office,
) -> None:
    office.configure("gates", licences=("E3",), licences_free=1, licences_hours=24)
    office.wave(running=False)
    office.machines(1)
    with office.database.write() as session:
        licences.record(
            session, "E3", enabled=9, consumed=1, suspended=0, taken_at=office.clock.now()
        )
    office.clock.forward(hours=24)
    assert readings(office)[Gate.LICENCES].verdict is Verdict.OPEN
    office.clock.forward(seconds=1)
    reading = readings(office)[Gate.LICENCES]
    assert reading.verdict is Verdict.CLOSED
    assert "was read more than 24 hours ago" in numbers_of(reading)


def test_a_notice_sent_on_the_last_day_is_in_time_and_a_minute_later_is_not(
    office: Office,
) -> None:
    office.configure("gates", notices_share=1.0, notices_days=7)
    office.wave(running=False)
    early, late = owned(office, 2)
    last_minute = datetime(2022, 10, 25, 23, 59, tzinfo=TOKYO)
    told(office, [early], last_minute)
    told(office, [late], last_minute + timedelta(minutes=1))
    reading = readings(office)[Gate.NOTICES]
    assert (reading.count, reading.of, reading.verdict) == (1, 2, Verdict.CLOSED)


def test_a_notice_counts_only_for_the_day_that_the_machine_has_now(office: Office) -> None:
    office.configure("gates", notices_share=1.0, notices_days=7)
    office.wave(running=False)
    (machine_id,) = owned(office, 1)
    long_ago = datetime(2022, 9, 1, 9, tzinfo=TOKYO)
    told(office, [machine_id], long_ago, SLOT + timedelta(days=1))
    assert readings(office)[Gate.NOTICES].verdict is Verdict.CLOSED
    told(office, [machine_id], long_ago)
    assert readings(office)[Gate.NOTICES].verdict is Verdict.OPEN


def test_a_notice_that_came_back_told_nobody(office: Office) -> None:
    office.configure("gates", notices_share=1.0)
    office.wave(running=False)
    (machine_id,) = owned(office, 1)
    at = datetime(2022, 10, 1, 9, tzinfo=TOKYO)
    told(office, [machine_id], at)
    with office.database.write() as session:
        (sent,) = notices.in_state(session, NoticeState.SENT)
        notices.failed(session, [sent.id or 0], actor="mail", at=at, reason="no such mailbox")
    assert readings(office)[Gate.NOTICES].verdict is Verdict.CLOSED
    (row,) = office.rows(Notice)
    assert (row.state, row.cause) == ("failed", "no such mailbox")


def test_a_notice_goes_into_the_outbox_once(office: Office) -> None:
    (machine_id,) = owned(office, 1, wave=None)
    at = office.clock.now()
    with office.database.write() as session:
        days = {machine_id: SLOT}
        assert notices.plan_for_machines(session, NoticeKind.DAY_BEFORE, days, at=at) == 1
        assert notices.plan_for_machines(session, NoticeKind.DAY_BEFORE, days, at=at) == 0
        assert notices.plan_for_machines(session, NoticeKind.DONE, days, at=at) == 1
        person = {owner_of(office, machine_id): SLOT}
        assert notices.plan_for_people(session, NoticeKind.CUTOVER_DAY, person, at=at) == 1
        assert notices.plan_for_people(session, NoticeKind.CUTOVER_DAY, person, at=at) == 0


def test_machines_of_nobody_need_no_notice_but_nothing_is_proven_by_them(office: Office) -> None:
    office.configure("gates", notices_share=1.0)
    office.wave(running=False)
    office.machines(2)
    reading = readings(office)[Gate.NOTICES]
    assert reading.verdict is Verdict.CLOSED
    assert "no machine that comes next has an owner" in numbers_of(reading)


def test_an_approver_lets_a_wave_begin_all_the_same(office: Office) -> None:
    demand_training(office, 1.0)
    office.wave()
    ids = owned(office, 2)
    attended(office, ids[:1])
    office.tick()
    assert office.states(ids) == ["planned"] * 2
    gates.override(
        office.database, office.settings, 1, Gate.TRAINING, office.approver,
        office.clock.now(), "taught at the desk",
    )  # fmt: skip
    office.tick()
    assert set(office.states(ids)) == {"checking"}
    (noted,) = [row for row in office.rows(AuditRow) if row.verb == "override_gate"]
    assert noted.reason == "taught at the desk"


def test_a_gate_that_is_off_cannot_be_overridden(office: Office) -> None:
    office.wave()
    office.machines(1)
    office.tick()
    with pytest.raises(GateRefused, match="decides nothing now"):
        gates.override(
            office.database, office.settings, 1, Gate.NOTICES, office.approver,
            office.clock.now(), "why not",
        )  # fmt: skip


def test_a_closed_prerequisite_pulls_nobody_back(office: Office) -> None:
    demand_training(office, 1.0)
    office.wave()
    (machine_id,) = owned(office, 1)
    attended(office, [machine_id])
    order, (checked,) = office.engine, [machine_id]
    office.tick()
    assert office.states([checked]) == ["checking"]
    office.engine.deliver(office.report(order.last, checked))
    office.engine.end(order.last.run_id)
    with office.database.write() as session:
        known = training.records(session)
        training.change(session, {row.id: (None, False) for row in known.values()})
    office.tick()
    assert office.states([checked]) == [Step.CAPTURE.working.value]
    assert office.machine(checked).state == MachineState.CAPTURING
