"""Applications to take PCs out, whatever people do in whatever order."""

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import databases
import pytest
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rollout.application.choosing import today
from rollout.application.operators import Operator
from rollout.application.takehome import decisions
from rollout.application.takehome.decisions import TakeoutRefused, Wish
from rollout.application.takehome.listing import listing
from rollout.application.takehome.watching import Watch
from rollout.domain.errors import NeedsApproval, NotAllowed
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import ClaimOutcome
from rollout.domain.takeout import ALLOWING, UNDER_WAY, TakeoutState, TakeoutVerb
from rollout.settings import OperatorRole, load
from rollout.store import evidence
from rollout.store.history import verify
from rollout.store.tables import Claim, Machine, Person, Run, Takeout

from .conftest import CONFIGURATION, START, Office

REFUSALS = (TakeoutRefused, NeedsApproval, NotAllowed)
APPLICANT, OTHER = "000417", "000418"
ACTORS = ("planner", "approver", APPLICANT)


class TakingOut(RuleBasedStateMachine):
    """One PC of one person in a real database; everything goes through the use cases."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        root = Path(self.folder.name)
        (root / "rollout.toml").write_text(CONFIGURATION, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ROLLOUT_CONFIG", str(root / "rollout.toml"))
            self.office = Office(databases.migrated(root / "r.db"), load())
        with self.office.database.write() as session:
            session.add_all(
                [
                    Person(staff_number=APPLICANT, name="山田"),
                    Person(staff_number=OTHER, name="髙橋"),
                ]
            )
            session.flush()
            session.add(
                Machine(asset_tag="DK20-000001", generation="DK20", state="migrated", owner_id=1,
                        serial="SN1", computer_name="PC-1", state_since=START)
            )  # fmt: skip
            session.flush()
            session.add(Run(ident="r", state="finished", size=1, lease_epoch=self.office.lease,
                            created_at=START, state_since=START))  # fmt: skip
        self.pin, self.looks = "", 0
        # One daemon throughout: within a day it looks only at what was told since.
        self.watch = Watch(pause=timedelta())
        self.last_day = date.max
        self.measure("pending")

    def teardown(self) -> None:
        if hasattr(self, "office"):
            try:
                with self.office.database.read() as session:
                    assert verify(session).holds
            finally:
                self.office.database.close()
                self.folder.cleanup()

    @property
    def day(self) -> date:
        return today(self.office.settings, self.office.clock.now())

    def numbers(self) -> list[int]:
        return [row.id for row in self.office.rows(Takeout)]

    @rule(verdict=st.sampled_from(["pass", "pass", "pending", "fail"]))
    def measure(self, verdict: str) -> None:
        """The PIN, as the PC has it now; the rest holds."""
        self.pin = verdict
        lines = [
            {"control": name, "value": "x", "verdict": word, "source": "test"}
            for name, word in (("disk_encryption", "pass"), ("vpn", "pass"),
                               ("encryption_pin", verdict))
        ]  # fmt: skip
        self.looks += 1
        with self.office.database.write() as session:
            session.add(
                Claim(machine_id=1, step=Step.VERIFY.value, attempt=self.looks, run_id=1,
                      created_at=START, deadline_at=START, outcome=ClaimOutcome.DONE.value,
                      ended_at=START)
            )  # fmt: skip
            session.flush()
            measured = evidence.Measured(1, self.looks, 1, lines)
            evidence.add(session, [measured], self.office.clock.now())

    @rule(
        first=st.integers(-1, 4), days=st.integers(-1, 6), who=st.sampled_from([APPLICANT, OTHER])
    )
    def apply(self, first: int, days: int, who: str) -> None:
        begins = self.day + timedelta(days=first)
        wish = Wish("DK20-000001", who, begins, begins + timedelta(days=days), "自宅", "出張")
        try:
            decisions.apply(self.office.database, self.office.settings, wish, self.office.planner,
                            self.office.clock.now())  # fmt: skip
        except REFUSALS:
            return
        assert who == APPLICANT
        assert days >= 0
        assert begins + timedelta(days=days) >= self.day

    @rule(
        data=st.data(),
        verb=st.sampled_from([TakeoutVerb.APPROVE, TakeoutVerb.REJECT]),
        actor=st.sampled_from(ACTORS),
    )
    def decide(self, data: st.DataObject, verb: TakeoutVerb, actor: str) -> None:
        if not self.numbers():
            return
        number = data.draw(st.sampled_from(self.numbers()))
        try:
            who = Operator(actor, OperatorRole.APPROVER)
            decisions.decide(self.office.database, self.office.settings, number, verb, who,
                             self.office.clock.now(), "x")  # fmt: skip
        except REFUSALS:
            return
        assert actor == "approver"

    @rule(
        data=st.data(),
        verb=st.sampled_from([TakeoutVerb.TAKE_OUT, TakeoutVerb.BRING_BACK, TakeoutVerb.WITHDRAW]),
    )
    def report(self, data: st.DataObject, verb: TakeoutVerb) -> None:
        if not self.numbers():
            return
        number = data.draw(st.sampled_from(self.numbers()))
        was = self.office.machine(1).state
        try:
            decisions.report(self.office.database, self.office.settings, number, verb,
                             self.office.planner, self.office.clock.now(), reason="x")  # fmt: skip
        except REFUSALS:
            return
        assert verb is not TakeoutVerb.TAKE_OUT or was == MachineState.PORTABLE

    @rule()
    def leave(self) -> None:
        """Today is the last day of whoever has the PC."""
        self.last_day = min(self.last_day, self.day)
        with self.office.database.write() as session:
            person = session.get(Person, 1)
            assert person is not None
            person.left_on = self.last_day
            session.add(person)

    @rule(days=st.integers(0, 4))
    def sleep(self, days: int) -> None:
        """Days go by, and the daemon looks."""
        self.office.clock.forward(days=days)
        self.watch.look(self.office.database, self.office.settings, lease_epoch=self.office.lease,
                        at=self.office.clock.now())  # fmt: skip
        covered = any(
            row.state in ALLOWING and row.period_from <= self.day <= row.period_to
            for row in self.office.rows(Takeout)
        )
        gone = self.last_day < self.day
        fit = covered and self.pin == "pass" and not gone
        assert (self.office.machine(1).state == MachineState.PORTABLE) == fit
        entries = listing(self.office.database, self.office.settings, self.office.clock.now())
        for entry in entries:
            recalled = entry.state is TakeoutState.RECALLED
            overdue = entry.last < self.day and entry.state in ALLOWING
            assert (entry.days_overdue > 0) == (overdue or recalled)
            assert gone or not recalled
            assert not gone or recalled or entry.state not in UNDER_WAY

    @invariant()
    def two_applications_never_share_a_day(self) -> None:
        if not hasattr(self, "office"):
            return
        live = [
            row for row in self.office.rows(Takeout) if row.state in ("applied", "approved", "out")
        ]
        live.sort(key=lambda row: row.period_from)
        for before, after in pairwise(live):
            assert before.period_to < after.period_from

    @invariant()
    def nobody_decided_on_an_own_application(self) -> None:
        if hasattr(self, "office"):
            for row in self.office.rows(Takeout):
                assert row.decided_by in (None, "approver")


TestTakingOut = TakingOut.TestCase
TestTakingOut.settings = examples(max_examples=12, stateful_step_count=20, deadline=None)
