"""The outbox against a database and a tenant over HTTPS."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from notice_bureau import NOW, Bureau
from sqlalchemy import text

from rollout.application.notices.invitation import invitation, invite
from rollout.application.notices.planning import kept_back
from rollout.application.notices.retrying import retry
from rollout.application.operators import Operator
from rollout.application.stops import halt
from rollout.domain.errors import LeaseHeld
from rollout.domain.notice import NoticeState
from rollout.domain.stop import StopScope
from rollout.settings import OperatorRole
from rollout.store import leases, notices
from rollout.store.tables import PersonalDevice

SATO = Operator("sato", OperatorRole.OPERATOR)
Post = Any


@pytest.fixture
def bureau(tmp_path: Path, post_with: Callable[..., Post]) -> Iterator[Any]:
    post = post_with()
    made = Bureau(tmp_path, post.mailer, post.sender)
    made.post = post
    yield made
    made.database.close()


def calendar(message: dict[str, Any]) -> Any:
    (attached,) = message["attachments"]
    return Calendar.from_ical(b64decode(attached["contentBytes"]))


def test_a_notice_goes_once_with_an_entry_for_the_calendar(bureau: Any) -> None:
    assert bureau.fill().new == 1
    assert bureau.fill().new == 0
    assert bureau.send().sent == 1
    assert bureau.send().sent == 0
    assert bureau.states() == [("days_before", "sent")]
    (message,) = bureau.post.messages()
    assert "12月1日" in message["subject"]
    read = calendar(message)
    assert (read["method"], read.timezones[0]["tzid"]) == ("REQUEST", "Asia/Tokyo")
    assert read.events[0].decoded("dtstart").isoformat() == "2022-12-01T09:00:00+09:00"


@pytest.mark.parametrize("state", ["planned", "awaiting_approval"])
def test_who_is_not_told_because_the_wave_is_not_approved_is_counted(
    state: str, bureau: Any
) -> None:
    assert kept_back(bureau.database, bureau.settings, NOW) == {}
    with bureau.database.write() as session:
        session.execute(text("UPDATE waves SET state = :state"), {"state": state})
    assert bureau.fill().new == 0
    assert kept_back(bureau.database, bureau.settings, NOW) == {1: 1}
    assert kept_back(bureau.database, bureau.settings, NOW - timedelta(days=30)) == {}


def test_killed_between_order_and_answer_nothing_is_lost_or_doubled(bureau: Any) -> None:
    bureau.fill()
    bureau.post.control("behaviour", lost_answer_share=1)
    assert bureau.send().in_doubt == 1
    bureau.post.control("behaviour", lost_answer_share=0)

    assert bureau.send().sent == 1
    assert len(bureau.post.sent()) == 1


def test_a_mail_in_doubt_that_the_mailbox_never_shows_goes_again_after_a_while(
    bureau: Any,
) -> None:
    bureau.fill()
    bureau.post.control("behaviour", unavailable_share=1)
    assert bureau.send().in_doubt == 1
    bureau.post.control("behaviour", unavailable_share=0)
    assert (bureau.send().in_doubt, bureau.post.sent()) == (1, [])

    bureau.clock.moment += timedelta(minutes=11)
    assert bureau.send().sent == 1


def test_a_changed_day_changes_the_entry_and_makes_no_second_one(bureau: Any) -> None:
    bureau.cycle()
    bureau.change("planned_day = '2022-12-08'")
    bureau.cycle()

    assert bureau.states() == [("days_before", "sent"), ("new_date", "sent")]
    first, second = (calendar(message).events[0] for message in bureau.post.messages())
    assert first["uid"] == second["uid"]
    assert first["sequence"] < second["sequence"]
    assert second.decoded("dtstart").date() == date(2022, 12, 8)


def test_a_day_that_comes_back_is_told_again(bureau: Any) -> None:
    bureau.cycle()
    for day in ("2022-12-08", "2022-12-01", "2022-12-08"):
        bureau.change("planned_day = :day", day=day)
        bureau.cycle()

    assert bureau.states() == [("days_before", "sent"), *[("new_date", "sent")] * 3]
    last = calendar(bureau.post.messages()[-1]).events[0]
    assert last.decoded("dtstart").date() == date(2022, 12, 8)


def test_a_day_that_vanished_is_taken_out_of_the_calendar_after_a_while(bureau: Any) -> None:
    bureau.cycle()
    since = bureau.clock.moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    bureau.change("planned_day = NULL, wave_id = NULL, state = 'registered', state_since = :at",
                  at=since)  # fmt: skip
    bureau.cycle()
    assert bureau.states() == [("days_before", "sent")]

    bureau.clock.moment += timedelta(minutes=61)
    bureau.cycle()
    first, second = (calendar(message) for message in bureau.post.messages())
    assert (second["method"], second.events[0]["status"]) == ("CANCEL", "CANCELLED")
    assert first.events[0]["uid"] == second.events[0]["uid"]
    assert first.events[0]["sequence"] < second.events[0]["sequence"]


def test_a_pc_that_changes_hands_is_off_for_the_one_and_announced_to_the_other(
    bureau: Any,
) -> None:
    bureau.cycle()
    bureau.change("owner_id = 2")
    bureau.cycle()

    told = [
        (message["toRecipients"][0]["emailAddress"]["address"][:6], calendar(message)["method"])
        for message in bureau.post.messages()
    ]
    assert told == [("000001", "REQUEST"), ("000001", "CANCEL"), ("000002", "REQUEST")]


def test_a_notice_that_was_overtaken_before_it_went_never_goes(bureau: Any) -> None:
    bureau.fill()
    bureau.change("planned_day = '2022-12-08'")
    bureau.clock.moment += timedelta(days=7)
    bureau.cycle()

    assert bureau.states() == [("days_before", "dropped"), ("days_before", "sent")]
    assert ["12月8日" in subject for subject in bureau.post.sent()] == [True]


def test_a_mail_that_came_back_is_recorded_and_waits_for_a_person(bureau: Any) -> None:
    bureau.change("owner_id = 2")  # nobody has that address in the tenant
    bureau.cycle()
    bureau.clock.moment += timedelta(minutes=1)
    bureau.work._looked_back = None
    assert bureau.cycle().came_back == 1
    with bureau.database.read() as session:
        (letter,) = notices.letters(session, [NoticeState.FAILED])
        assert notices.counted(session).stuck == 1
    assert "550 5.1.10" in (letter.cause or "")

    bureau.cycle()
    assert len(bureau.post.sent()) == 1
    assert retry(bureau.database, SATO, bureau.clock.now(), numbers=[letter.id]) == 1
    bureau.cycle()
    assert len(bureau.post.sent()) == 2


def test_a_rehearsal_records_nothing(bureau: Any) -> None:
    bureau.fill()
    assert bureau.out.rehearse(bureau.post.sender, [], 10, "rehearsal/1") == (1, "")
    assert bureau.states() == [("days_before", "planned")]
    assert bureau.send().sent == 1


def test_nothing_goes_while_everything_is_stopped(bureau: Any) -> None:
    halt(bureau.database, StopScope.ALL, "", SATO, NOW, "訓練")
    bureau.fill()
    assert bureau.send().held_back == 1
    bureau.cycle()
    assert bureau.post.sent() == []


def test_nothing_goes_any_more_when_the_programme_is_over(bureau: Any) -> None:
    with bureau.database.write() as session:
        session.execute(text("UPDATE waves SET state = 'done'"))
    bureau.clock.moment = datetime(2023, 5, 2, 1, tzinfo=UTC)
    bureau.cycle()
    assert bureau.states() == []


def test_who_lost_the_lease_orders_nothing_more(bureau: Any) -> None:
    bureau.fill()
    with bureau.database.write() as session:
        leases.release(session, bureau.epoch)
        leases.acquire(session, "other", now=datetime.now(UTC), lasts=timedelta(hours=1))
    with pytest.raises(LeaseHeld):
        bureau.cycle()
    assert bureau.post.sent() == []


def test_two_senders_at_once_send_once(bureau: Any) -> None:
    bureau.fill()
    with bureau.database.read() as session:
        (row,) = notices.letters(session, [NoticeState.PLANNED])
    with bureau.database.write() as session:
        assert notices.tried(session, row, NOW, before=None, key="k")
        assert not notices.tried(session, row, NOW, before=None, key="k")


def test_the_owner_of_a_personal_device_is_invited_with_the_steps_of_its_platform(
    bureau: Any,
) -> None:
    with bureau.database.write() as session:
        session.add(
            PersonalDevice(
                person_id=1, platform="android", model="Pixel 7", purpose="メール",
                applied_on=NOW.date(), applied_by="sato", applied_at=NOW, decided_by="suzuki",
                consent_version="1", consented_on=NOW.date(), state="approved", state_since=NOW,
            )
        )  # fmt: skip
        session.flush()
        invite(session, 1, 1, day=NOW.date(), at=NOW)
        invite(session, 1, 1, day=NOW.date(), at=NOW)
    bureau.cycle()

    (message,) = [one for one in bureau.post.messages() if "Pixel 7" in one["subject"]]
    assert "Google Play" in message["body"]["content"]
    assert "App Store" not in message["body"]["content"]
    with bureau.database.read() as session:
        standing = invitation(session, 1)
    assert standing is not None
    assert standing.state is NoticeState.SENT


def test_everybody_is_told_of_the_cutover_once(bureau: Any) -> None:
    bureau.clock.moment = datetime(2023, 4, 25, 1, tzinfo=UTC)
    bureau.cycle()
    bureau.clock.moment += timedelta(days=1)
    bureau.cycle()
    assert bureau.states() == [("cutover_day", "sent")] * 2
    assert all("5月1日" in subject for subject in bureau.post.sent())
