"""A spare for an owner whose PC failed: of the same site, one at a time, given back, on record."""

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from rollout.application import machines, spares
from rollout.application.exports.status import daily, document, table
from rollout.application.machines import MachineRefused
from rollout.application.operators import NotPermitted, Operator
from rollout.application.spares import SparePool, SpareRefused
from rollout.domain.errors import NotFound
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.settings import OperatorRole, SiteLimits
from rollout.store import transitions
from rollout.store.tables import AuditRow, Machine, SpareLoan

Office = Any


class Desk:
    """Two sites, and the words for handing out and taking back."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.here, self.there = office.site("本庁"), office.site("尾鷲")
        self._owners = 0

    def failed(self, *, owner: str | None = "佐藤 健", site: int | None = 0, **columns: Any) -> str:
        """A machine whose preflight failed; `site` 0 is here."""
        (machine_id,) = self.office.machines(
            1, wave=None, site=self.here if site == 0 else site,
            state=Step.PREFLIGHT.working, **columns,
        )  # fmt: skip
        self._move(machine_id, MachineVerb.FAIL)
        if owner is not None:
            self._owners += 1
            self.office.owner(machine_id, owner, f"{self._owners:06}")
        return self.tag(machine_id)

    def spare(
        self, *, site: int | None = None, state: MachineState | None = None, **columns: Any
    ) -> str:
        """A spare of a site, registered when no other state is wanted."""
        (machine_id,) = self.office.machines(
            1, wave=None, site=site or self.here, purpose="spare",
            state=MachineState.PLANNED if state in (None, MachineState.MIGRATED) else state,
            **columns,
        )  # fmt: skip
        if state is None:
            self._move(machine_id, MachineVerb.UNPLAN)
        elif state is MachineState.MIGRATED:
            for step in Step:
                if step is Step.ENABLE:
                    break
                self._move(machine_id, MachineVerb.BEGIN)
                self._move(machine_id, MachineVerb.FINISH)
            self._move(machine_id, MachineVerb.HAND_OVER)
        return self.tag(machine_id)

    def _move(self, machine_id: int, verb: MachineVerb) -> None:
        with self.office.database.write() as session:
            transitions.apply(
                session, Machine, [machine_id], verb, actor="test", at=self.office.clock.now(),
                reason="set-up",
            )  # fmt: skip

    def tag(self, machine_id: int) -> str:
        return self.office.machine(machine_id).asset_tag

    def hand_out(self, tag: str, spare: str | None = None, **changes: Any) -> str:
        given = {"operator": self.office.planner, "reason": "disk broken", **changes}
        loan = spares.hand_out(
            self.office.database, tag, given["operator"], self.office.clock.now(),
            given["reason"], spare_tag=spare,
        )  # fmt: skip
        return loan.spare

    def take_back(self, tag: str) -> None:
        office = self.office
        spares.take_back(office.database, tag, office.planner, office.clock.now(), "mended")

    def pools(self) -> list[SparePool]:
        return spares.pools(self.office.database, self.office.settings)

    def state(self, tag: str) -> str:
        return machines.show(self.office.database, tag).joined.machine.state


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def test_a_spare_is_handed_out_shown_and_given_back(desk: Desk) -> None:
    tag, spare = desk.failed(), desk.spare()

    assert desk.hand_out(tag) == spare

    found = machines.show(desk.office.database, tag)
    assert (found.joined.spare, found.loan.owner, found.loan.row.reason) == (
        spare, "佐藤 健", "disk broken",
    )  # fmt: skip
    lent = machines.show(desk.office.database, spare)
    assert lent.joined.stands_in_for == tag
    assert lent.joined.machine.cause == f"lent to 佐藤 健 in place of {tag}: disk broken"
    (row,) = machines.listing(desk.office.database, machines.Filter(purposes=("spare",)), limit=10)
    assert row.stands_in_for == tag
    assert [(pool.site, pool.free, pool.out) for pool in desk.pools()] == [("本庁", 0, 1)]

    desk.take_back(tag)

    assert machines.show(desk.office.database, tag).loan is None
    assert [(pool.site, pool.free, pool.out) for pool in desk.pools()] == [("本庁", 1, 0)]
    (loan,) = desk.office.rows(SpareLoan)
    assert (loan.lent_by, loan.returned_by) == ("planner", "planner")
    verbs = {
        key: [row.verb for row in desk.office.rows(AuditRow) if row.key == key][-4:]
        for key in (tag, spare)
    }
    assert verbs[tag][-2:] == ["stand_in", "end_stand_in"]
    assert verbs[spare] == ["lend", "hold", "take_back", "release"]


def test_a_spare_that_waits_for_its_passage_is_held_while_it_is_out(desk: Desk) -> None:
    spare = desk.spare(state=MachineState.PLANNED)
    tag = desk.failed()
    desk.hand_out(tag)
    assert desk.state(spare) == "held"
    with pytest.raises(MachineRefused, match=f"spare-return {spare}"):
        machines.move(
            desk.office.database, [spare], MachineVerb.RELEASE, desk.office.planner,
            desk.office.clock.now(),
        )  # fmt: skip
    assert desk.state(spare) == "held"
    desk.take_back(spare)
    assert desk.state(spare) == "planned"


def test_a_migrated_spare_goes_first_and_stays_as_it_is(desk: Desk) -> None:
    desk.spare()
    migrated = desk.spare(state=MachineState.MIGRATED)
    assert desk.hand_out(desk.failed()) == migrated
    assert desk.state(migrated) == "migrated"
    desk.take_back(migrated)
    assert desk.state(migrated) == "migrated"


def test_of_equal_spares_one_of_the_same_generation_goes_first(desk: Desk) -> None:
    desk.spare(generation="DK18")
    alike = desk.spare(generation="DK20")
    assert desk.hand_out(desk.failed()) == alike


def test_nobody_gets_two_and_nobody_gets_what_is_out(desk: Desk) -> None:
    tag = desk.failed()
    other = desk.failed(owner="鈴木 涼")
    spare, second = desk.spare(), desk.spare()
    desk.hand_out(tag, spare)
    with pytest.raises(SpareRefused, match=f"佐藤 健 has the spare {spare} already"):
        desk.hand_out(tag)
    with pytest.raises(SpareRefused, match=f"{spare} is with 佐藤 健, in place of {tag}"):
        desk.hand_out(other, spare)
    assert desk.hand_out(other) == second


def test_a_person_with_two_failed_machines_gets_one_spare(desk: Desk) -> None:
    first, second = desk.failed(), desk.failed(owner=None)
    desk.spare(), desk.spare()
    with desk.office.database.write() as session:
        rows = {row.asset_tag: row for row in desk.office.rows(Machine)}
        row = session.get(Machine, rows[second].id)
        row.owner_id = rows[first].owner_id
        session.add(row)
    desk.hand_out(first)
    with pytest.raises(SpareRefused, match=f"in place of {first}"):
        desk.hand_out(second)


def test_without_a_spare_at_the_site_the_sites_that_have_some_are_named(desk: Desk) -> None:
    tag = desk.failed()
    with pytest.raises(SpareRefused, match="本庁 has no spare left, and no other site has"):
        desk.hand_out(tag)
    away = desk.spare(site=desk.there)
    with pytest.raises(SpareRefused, match=r"本庁 has no spare left; .* 尾鷲 \(1\)"):
        desk.hand_out(tag)
    with pytest.raises(SpareRefused, match=f"{away} is at 尾鷲, {tag} at 本庁"):
        desk.hand_out(tag, away)
    assert desk.state(away) == "registered"


def test_what_is_no_spare_or_not_fit_is_not_handed_out(desk: Desk) -> None:
    tag = desk.failed()
    broken = desk.failed(owner=None, purpose="spare")
    plain = desk.failed(owner="鈴木 涼")
    with pytest.raises(SpareRefused, match="is no spare"):
        desk.hand_out(tag, plain)
    with pytest.raises(SpareRefused, match="is failed and cannot be handed out"):
        desk.hand_out(tag, broken)
    with pytest.raises(NotFound):
        desk.hand_out(tag, "DK20-999999")
    taken = desk.failed(owner="田中 恵", purpose="spare")
    with pytest.raises(SpareRefused, match="belongs to 田中 恵 in the ledger"):
        desk.hand_out(tag, taken)
    with pytest.raises(SpareRefused, match="no spare left"):
        desk.hand_out(tag)


def test_only_an_owner_whose_machine_failed_gets_one(desk: Desk) -> None:
    desk.spare()
    (fine,) = desk.office.machines(1, wave=None, site=desk.here)
    desk.office.owner(fine, "田中 恵", "000900")
    with pytest.raises(SpareRefused, match=r"is planned: .* `rollout machine hold"):
        desk.hand_out(desk.tag(fine))
    (busy,) = desk.office.machines(1, wave=None, site=desk.here, state=MachineState.CHECKING)
    desk.office.owner(busy, "田中 望", "000901")
    with pytest.raises(SpareRefused, match="wait until its step has ended"):
        desk.hand_out(desk.tag(busy))
    with pytest.raises(SpareRefused, match="has no owner"):
        desk.hand_out(desk.failed(owner=None))
    with pytest.raises(SpareRefused, match="has no site"):
        desk.hand_out(desk.failed(owner="誰か", site=None))
    spare = desk.spare()
    with pytest.raises(SpareRefused, match="is itself a spare"):
        desk.hand_out(spare)


def test_an_operator_and_a_reason_are_needed(desk: Desk) -> None:
    tag = desk.failed()
    desk.spare()
    with pytest.raises(NotPermitted):
        desk.hand_out(tag, operator=Operator("guest", OperatorRole.VIEWER))
    with pytest.raises(SpareRefused, match="--reason"):
        desk.hand_out(tag, reason="  ")
    assert desk.office.rows(SpareLoan) == []


def test_what_is_not_out_cannot_be_given_back(desk: Desk) -> None:
    spare = desk.spare()
    with pytest.raises(SpareRefused, match=f"{spare} neither is out"):
        desk.take_back(spare)
    with pytest.raises(NotFound):
        desk.take_back("DK20-999999")


def test_the_pool_of_a_site_stands_beside_what_the_plan_counts_on(desk: Desk) -> None:
    desk.spare()
    desk.spare(site=desk.there)
    desk.failed(owner=None, purpose="spare", site=desk.there)
    desk.office.settings = desk.office.settings.model_copy(
        update={"sites": {"尾鷲": SiteLimits(spares=3), "熊野": SiteLimits(spares=1)}}
    )
    assert desk.pools() == [
        SparePool("尾鷲", 3, 2, 1, 0),
        SparePool("本庁", None, 1, 1, 0),
        SparePool("熊野", 1, 0, 0, 0),
    ]
    report = daily(desk.office.database, desk.office.settings, now=desk.office.clock.now())
    assert document(report).head["spares"][0] == {
        "site": "尾鷲", "left": 1, "out": 0, "in_ledger": 2, "configured": 3,
    }  # fmt: skip
    assert ("尾鷲", 1) in {(row[2], row[4]) for row in table(report).rows if row[1] == "Spares"}


def test_an_offer_names_the_best_first_and_refuses_as_the_hand_out_does(desk: Desk) -> None:
    tag = desk.failed()
    with pytest.raises(SpareRefused):
        spares.offer(desk.office.database, tag)
    later, best = desk.spare(), desk.spare(state=MachineState.MIGRATED)
    found = spares.offer(desk.office.database, tag)
    assert (found.owner, found.site, list(found.tags)) == ("佐藤 健", "本庁", [best, later])


@pytest.mark.parametrize("column", ["spare_id", "machine_id", "person_id"])
def test_the_database_itself_refuses_a_second_loan(desk: Desk, column: str) -> None:
    tags = [desk.failed(), desk.failed(owner="鈴木 涼")]
    pair = [desk.spare(), desk.spare()]
    rows = {row.asset_tag: row for row in desk.office.rows(Machine)}
    loans = [
        {
            "spare_id": rows[spare].id, "machine_id": rows[tag].id,
            "person_id": rows[tag].owner_id, "reason": "x", "lent_by": "a",
            "lent_at": desk.office.clock.now(),
        }
        for tag, spare in zip(tags, pair, strict=True)
    ]  # fmt: skip
    loans[1][column] = loans[0][column]
    with pytest.raises(IntegrityError), desk.office.database.write() as session:
        session.add_all([SpareLoan(**loan) for loan in loans])
