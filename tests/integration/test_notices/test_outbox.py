"""The outbox against a database and a tenant over HTTPS."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import text

from rollout.adapters.notices.writer import TemplateBroken, TemplateWriter, entry
from rollout.application.notices.planning import fill_outbox, wanted
from rollout.application.notices.sending import Outbox, outbox
from rollout.domain.notice import NoticeKind, NoticeState
from rollout.planning.calendar import WorkCalendar
from rollout.settings import Notices, load
from rollout.store import migrate, notices
from rollout.store.database import Database
from rollout.store.notices import Known, Slot
from rollout.store.tables import Machine, Person, Wave

SENDER = "dx@pref.example.jp"
DAY = date(2022, 12, 1)
NOW = datetime(2022, 11, 18, 1, tzinfo=UTC)


Post = Any


class HandClock:
    moment = NOW

    def now(self) -> datetime:
        return self.moment


class Office:
    def __init__(self, folder: Path, post: Post) -> None:
        file = folder / "rollout.toml"
        file.write_text(
            "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n"
            f'[notices]\nsender = "{SENDER}"\n',
            encoding="utf-8",
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ROLLOUT_CONFIG", str(file))
            self.settings = load()
        self.database = Database(f"sqlite:///{folder}/r.db")
        migrate.upgrade(self.database)
        self.clock, self.post = HandClock(), post
        with self.database.write() as session:
            person = Person(staff_number="000001", name="山田\r\nBcc: x@y.example")
            session.add(person)
            session.flush()
            session.add(
                Machine(
                    asset_tag="DK20-000001",
                    generation="DK20",
                    owner_id=person.id,
                    state="planned",
                    state_since=NOW,
                    planned_day=DAY,
                )
            )
            wave = Wave(number=1, state="approved", state_since=NOW, first_day=DAY, last_day=DAY)
            session.add(wave)
            session.flush()
            session.execute(text("UPDATE machines SET wave_id = :w"), {"w": wave.id})
        self.fill()
        self.out = Outbox(
            self.database, self.settings, post.mailer, TemplateWriter(self.settings), self.clock
        )

    def fill(self) -> int:
        return fill_outbox(self.database, self.settings, self.clock.now())

    def send(self) -> Any:
        return self.out.round([], 100, lambda _seconds: None)

    def states(self) -> list[tuple[str, str]]:
        return [(one.kind, one.state) for one in outbox(self.database, list(NoticeState))]


@pytest.fixture
def office(tmp_path: Path, post_with: Callable[..., Post]) -> Any:
    made = Office(tmp_path, post_with())
    yield made
    made.database.close()


def test_a_notice_goes_once_with_an_entry_for_the_calendar(office: Office) -> None:
    assert office.fill() == 0
    assert office.send().sent == 1
    assert office.send().sent == 0
    assert office.states() == [("days_before", "sent")]
    (subject,) = office.post.sent()
    assert "12月1日" in subject


def test_killed_between_order_and_answer_nothing_is_lost_or_doubled(office: Office) -> None:
    office.post.control("behaviour", lost_answer_share=1)
    assert office.send().in_doubt == 1
    office.post.control("behaviour", lost_answer_share=0)

    assert office.send().sent == 1
    assert len(office.post.sent()) == 1


def test_a_mail_in_doubt_that_the_mailbox_never_shows_goes_again_after_a_while(
    office: Office,
) -> None:
    office.post.control("behaviour", unavailable_share=1)
    assert office.send().in_doubt == 1
    office.post.control("behaviour", unavailable_share=0)
    assert (office.send().in_doubt, office.post.sent()) == (1, [])

    office.clock.moment += timedelta(minutes=11)
    assert office.send().sent == 1


def test_a_changed_day_sends_a_notice_of_the_new_one(office: Office) -> None:
    office.send()
    with office.database.write() as session:
        session.execute(text("UPDATE machines SET planned_day = '2022-12-08'"))

    assert office.fill() == 1
    office.send()
    assert office.states() == [("days_before", "sent"), ("new_date", "sent")]


def test_a_rehearsal_records_nothing(office: Office) -> None:
    assert office.out.rehearse(SENDER, [], 10, "rehearsal/1") == 1
    assert office.states() == [("days_before", "planned")]
    assert office.send().sent == 1


def test_two_senders_at_once_send_once(office: Office) -> None:
    with office.database.read() as session:
        (row,) = notices.letters(session, [NoticeState.PLANNED])
    with office.database.write() as session:
        assert notices.tried(session, row.id, NOW, before=None)
        assert not notices.tried(session, row.id, NOW, before=None)


def test_the_entry_of_a_later_notice_replaces_that_of_an_earlier(office: Office) -> None:
    (row,) = outbox(office.database, [NoticeState.PLANNED])
    later = row._replace(id=row.id + 1, day=date(2022, 12, 8))
    one, two = (
        Calendar.from_ical(entry(office.settings, each, "a@b.example", "件名\r\nX:1", NOW))
        for each in (row, later)
    )
    first, second = one.events[0], two.events[0]
    assert first["uid"] == second["uid"]
    assert first["sequence"] < second["sequence"]
    assert (one["method"], one.timezones[0]["tzid"]) == ("REQUEST", "Asia/Tokyo")
    assert first.decoded("dtstart").isoformat() == "2022-12-01T09:00:00+09:00"


def test_a_broken_template_is_named_with_its_line(office: Office, tmp_path: Path) -> None:
    (tmp_path / "days_before.ja.txt").write_text("件名\n\n本文\n{{ nobody }}\n", encoding="utf-8")
    settings = office.settings.model_copy(
        update={"notices": Notices(sender=SENDER, templates=tmp_path)}
    )
    with pytest.raises(TemplateBroken, match=r"days_before\.ja\.txt.*4.*nobody"):
        TemplateWriter(settings).check()


@pytest.mark.parametrize(
    ("today", "kind"),
    [
        (date(2022, 11, 16), None),
        (date(2022, 11, 17), NoticeKind.DAYS_BEFORE),
        (date(2022, 11, 30), NoticeKind.DAY_BEFORE),
        (date(2022, 12, 1), None),
    ],
)
def test_owners_are_told_on_working_days(today: date, kind: NoticeKind | None) -> None:
    found = wanted([Slot(1, DAY, False)], [], today, 14, WorkCalendar())
    assert found == ({} if kind is None else {kind: {1: DAY}})


def test_the_owner_of_a_held_machine_is_told_nothing() -> None:
    known = [Known(1, "days_before", DAY, "sent")]
    assert wanted([Slot(1, date(2022, 12, 8), True)], known, NOW.date(), 14, WorkCalendar()) == {}


def test_ten_thousand_notices_are_planned_in_one_go() -> None:
    many = [Slot(number, DAY, False) for number in range(10_000)]
    found = wanted(many, [], NOW.date(), 14, WorkCalendar())
    assert len(found[NoticeKind.DAYS_BEFORE]) == 10_000
