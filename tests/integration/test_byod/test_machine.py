"""Whatever people, phones, the service and the mailbox do: no second invitation, no wipe of a
device in use, no path outside the table, and what is to go is gone in the end."""

import shutil
import tempfile
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import databases
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlmodel import col, select

from rollout.adapters.notices.writer import TemplateWriter
from rollout.application.byod.applying import ApplicationRefused, DeviceApplication, apply, decide
from rollout.application.byod.inviting import ask
from rollout.application.byod.leaving import lose, release
from rollout.application.byod.work import DevicesWork
from rollout.application.notices.sending import Outbox, Pace
from rollout.application.operators import Operator
from rollout.domain.account import AccountState, CloudService
from rollout.domain.errors import NotAllowed
from rollout.domain.personal_device import (
    ENDED,
    IN_USE,
    LEAVING,
    PERSONAL_DEVICE,
    ApplicationKind,
    DeviceState,
    DeviceVerb,
    Platform,
)
from rollout.settings import OperatorRole, Settings
from rollout.settings.accounts import Accounts, Tenant
from rollout.settings.byod import Byod
from rollout.settings.notices import Notices
from rollout.settings.tree import Programme
from rollout.store import history
from rollout.store.tables import Account, AuditRow, Person, PersonalDevice
from tests.integration.test_byod.in_memory import START, SYSTEMS, Mailbox, Service

CLERK, CHIEF = (
    Operator("hana", OperatorRole.OPERATOR),
    Operator("ken", OperatorRole.APPROVER),
)
PEOPLE, LIMIT = 3, 2
SETTINGS: Any = Settings.model_construct(
    programme=Programme(start=date(2022, 11, 1), cutover=date(2023, 5, 1)),
    byod=Byod.model_validate({"group": "phones", "max_devices": LIMIT}),
    accounts=Accounts(tenant=Tenant(tenant_id="t", client_id="c", credential="managed-identity")),
    notices=Notices(sender="dx@pref.example.jp", doubt_minutes=5),
)


class PersonalDevices(RuleBasedStateMachine):
    """The use cases on a real database, between people and a service."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="rollout-devices-"))
        self.database = databases.migrated(self.folder / "rollout.db")
        self.moment, self.tags = START, 0
        self.service, self.mailbox = Service(self.database), Mailbox()
        port: Any = self.service
        self.work = DevicesWork(self.database, SETTINGS, self, port, port)
        mailer: Any = self.mailbox
        self.outbox = Outbox(self.database, SETTINGS, mailer, TemplateWriter(SETTINGS), self)

    def now(self) -> datetime:
        """The clock."""
        return self.moment

    def _fill(self) -> None:
        with self.database.write() as session:
            for n in range(1, PEOPLE + 1):
                person = Person(staff_number=f"{n:06d}", name=f"N{n}")
                session.add(person)
                session.flush()
                session.add(
                    Account(
                        key=f"{n} identity", person_id=person.id or 0,
                        service=CloudService.IDENTITY.value, state=AccountState.READY.value,
                        state_since=START, external_id=f"user {n}",
                    )
                )  # fmt: skip

    @initialize(unseen=st.booleans())
    def begin(self, unseen: bool) -> None:
        """One phone in use, one person to be invited, perhaps in the group without our knowledge,
        one application; the rest is chance."""
        self._fill()
        self._approved(1)
        self.invite_all()
        self.go_on(losing=False, mood="taken")
        self.register(1, Platform.IOS)
        self.sync()
        assert [row.state for row in self._rows()] == [DeviceState.COMPLIANT]
        self._approved(2)
        self.invite_all()
        if unseen:
            self.go_on(losing=True, mood="taken")
        self.apply(3, Platform.ANDROID)

    def _approved(self, person: int) -> None:
        self.apply(person, Platform.IOS)
        self.decide(len(self._rows()) - 1, approve=True)

    def _rows(self) -> list[PersonalDevice]:
        with self.database.read() as session:
            return list(session.exec(select(PersonalDevice)).all())

    def _pick(self, place: int) -> int:
        rows = self._rows()
        return rows[place % len(rows)].id or 0

    @rule(person=st.integers(1, PEOPLE), platform=st.sampled_from(list(SYSTEMS)))
    def apply(self, person: int, platform: Platform) -> None:
        rows = [row for row in self._rows() if row.person_id == person and row.state not in ENDED]
        kind = ApplicationKind.ADDITIONAL if rows else ApplicationKind.NEW
        form = DeviceApplication(
            f"{person:06d}", platform, "phone", "mail", kind, "1", START.date(), "head"
        )
        if len(rows) < LIMIT:
            apply(self.database, SETTINGS, form, CLERK, self.moment)
        else:
            with pytest.raises(ApplicationRefused):
                apply(self.database, SETTINGS, form, CLERK, self.moment)

    @rule(place=st.integers(0, 99), approve=st.sampled_from([True, True, True, False]))
    def decide(self, place: int, approve: bool) -> None:
        number = self._pick(place)
        before = {row.id: row.state for row in self._rows()}.get(number)
        try:
            decide(self.database, SETTINGS, number, CHIEF, self.moment, approve=approve, reason="r")
        except (ApplicationRefused, NotAllowed):
            assert before != DeviceState.APPLIED
        else:
            assert before == DeviceState.APPLIED

    @precondition(lambda self: any(row.state == DeviceState.APPROVED for row in self._rows()))
    @rule()
    def invite_all(self) -> None:
        assert ask(self.database, SETTINGS, None, CLERK, self.moment).refused == []

    @rule(
        losing=st.booleans(),
        mood=st.sampled_from(["taken", "lost", "never came", "refused", "later"]),
    )
    def go_on(self, losing: bool, mood: str) -> None:
        self.service.losing, self.mailbox.mood = losing, mood
        self._cycle()
        self.service.losing, self.mailbox.mood = False, "taken"

    def _cycle(self) -> None:
        self.work.carry_out()
        self.outbox.go_again()
        self.outbox.round((), 100, Pace(lambda seconds: None))
        self.work.carry_out()

    @rule(person=st.integers(1, PEOPLE), platform=st.sampled_from(list(SYSTEMS)))
    def register(self, person: int, platform: Platform) -> None:
        self.tags += 1
        self.service.apps[f"tag-{self.tags}"] = (f"user {person}", platform)

    @precondition(lambda self: self.service.apps)
    @rule(place=st.integers(0, 99), act=st.sampled_from(["open", "remove", "company", "private"]))
    def handle(self, place: int, act: str) -> None:
        tags = sorted(self.service.apps)
        tag = tags[place % len(tags)]
        if act == "open":
            self.service.open(tag)
        elif act == "remove":
            self.service.apps.pop(tag)
            self.service.company.discard(tag)
        elif act == "company":
            self.service.company.add(tag)
        else:
            self.service.company.discard(tag)

    @rule()
    def sync(self) -> None:
        self.work.sync()
        facts = self._facts()
        again = self.work.sync()
        assert (again.enrolled, again.missing, again.released) == (0, 0, 0)
        assert self._facts() == facts
        bound = {row.device_tag: row for row in self._rows() if row.device_tag}
        for tag in self.service.company & set(bound):
            if bound[tag].state not in ENDED:
                assert bound[tag].seen_as == "company"

    @rule(place=st.integers(0, 99), lost=st.booleans())
    def leave(self, place: int, lost: bool) -> None:
        number = self._pick(place)
        before = {row.id: row.state for row in self._rows()}.get(number)
        try:
            if lost:
                lose(self.database, SETTINGS, number, CLERK, self.moment)
            else:
                release(self.database, number, CLERK, self.moment)
        except ApplicationRefused:
            waiting = (DeviceState.APPLIED, DeviceState.APPROVED)
            assert before in ENDED or (lost and before in waiting)

    @rule(minutes=st.sampled_from([1, 6, 20, 60 * 24 * 10]))
    def wait(self, minutes: int) -> None:
        self.moment += timedelta(minutes=minutes)

    @rule()
    def expire(self) -> None:
        self.work.expire()

    def _facts(self) -> int:
        with self.database.read() as session:
            return len(session.exec(select(AuditRow.id)).all())

    @invariant()
    def nobody_is_invited_twice(self) -> None:
        devices = Counter(key.split("/")[1] for key in self.mailbox.sent)
        assert [key for key, times in devices.items() if times > 1] == []

    @invariant()
    def limits_hold(self) -> None:
        live = Counter(row.person_id for row in self._rows() if row.state not in ENDED)
        assert all(count <= LIMIT for count in live.values())

    @invariant()
    def every_move_is_one_of_the_table_and_the_history_ends_where_the_rows_are(self) -> None:
        last: dict[int, str] = {}
        with self.database.read() as session:
            facts = session.exec(
                select(AuditRow)
                .where(AuditRow.noun == "personal_device", col(AuditRow.to_state).is_not(None))
                .order_by(col(AuditRow.id))
            ).all()
        for fact in facts:
            if fact.verb != "apply":
                move = (DeviceState(fact.from_state), DeviceVerb(fact.verb))
                assert PERSONAL_DEVICE.moves[move] == fact.to_state
                assert last[fact.noun_id] == fact.from_state
            last[fact.noun_id] = str(fact.to_state)
        assert last == {row.id: row.state for row in self._rows()}

    @invariant()
    def who_uses_a_device_is_in_the_group(self) -> None:
        using = {f"user {row.person_id}" for row in self._rows() if row.state in IN_USE}
        assert using <= self.service.members

    @invariant()
    def what_is_released_is_gone(self) -> None:
        released = {row.device_tag for row in self._rows() if row.state == DeviceState.RELEASED}
        assert released & set(self.service.apps) == set()

    def teardown(self) -> None:
        for _round in range(4):
            self.moment += timedelta(days=1)
            self._cycle()
            for tag in list(self.service.apps):
                self.service.open(tag)
            self.moment += timedelta(minutes=1)
            self.work.sync()
        self.work.carry_out()
        rows = self._rows()
        assert [row.id for row in rows if row.state in LEAVING] == []
        in_group = {
            f"user {row.person_id}"
            for row in rows
            if row.state not in ENDED and row.asked_at is not None
        }
        assert self.service.members == in_group
        with self.database.read() as session:
            assert history.verify(session).holds
        self.database.close()
        shutil.rmtree(self.folder)


TestPersonalDevices = PersonalDevices.TestCase
TestPersonalDevices.settings = settings(max_examples=10, stateful_step_count=25, deadline=None)
