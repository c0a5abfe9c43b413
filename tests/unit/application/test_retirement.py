"""What operators may decide about replaced PCs, and each refusal."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from rollout.application import machines
from rollout.application.operators import NotPermitted, Operator
from rollout.application.retirement import decisions
from rollout.application.retirement.decisions import RetirementRefused
from rollout.domain.errors import NeedsApproval, NotFound
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.wave import WaveVerb
from rollout.store import machines as machine_rows
from rollout.store.tables import SpareLoan

from .retiring import OTHER, TODAY, VIEWER, Retiring

Office = Any


# --- replaced and kept


def test_a_replaced_pc_is_kept_from_the_day_on_which_its_successor_is_in_use(
    office: Office,
) -> None:
    pair = Retiring(office, in_use=False)
    pair.supersede()
    assert office.machine(pair.old).cause == f"replaced by {pair.successor}: leased anew"
    office.move_wave(WaveVerb.PAUSE)
    office.tick()
    assert pair.state == "superseded", "its user still needs it"
    for step in (Step.REIMAGE, Step.CONNECT, Step.RESTORE, Step.VERIFY):
        assert office.machine(pair.new).state == step.starts_from
        pair.move(pair.new, MachineVerb.BEGIN)
        pair.move(pair.new, MachineVerb.FINISH)
    pair.move(pair.new, MachineVerb.HAND_OVER)
    office.tick()
    assert pair.state == "retained"
    assert pair.entry.retirement.retain_until == TODAY + timedelta(days=30)
    version = office.machine(pair.old).version
    office.tick()
    assert office.machine(pair.old).version == version, "a tick again changes nothing"


def test_a_successor_that_was_replaced_itself_counts_through_its_own(office: Office) -> None:
    pair = Retiring(office)
    (newest,) = office.machines(1, generation="DK19", state=MachineState.VERIFIED)
    pair.move(newest, MachineVerb.HAND_OVER)
    pair.retained()
    decisions.supersede(
        office.database, pair.successor, pair.name(newest), office.planner, pair.now, "broken"
    )
    pair.ask()
    assert pair.entry.authorisation == "asked"


@pytest.mark.parametrize(
    ("arrange", "why"),
    [
        (lambda pair: setattr(pair, "successor", pair.tag), "cannot replace itself"),
        (lambda pair: pair.supersede(), "is replaced by .* already"),
        (lambda pair: pair.move(pair.new, MachineVerb.SUPERSEDE), "replaces nothing"),
    ],
)
def test_a_wrong_successor_is_refused(
    office: Office, arrange: Callable[[Retiring], None], why: str
) -> None:
    pair = Retiring(office)
    arrange(pair)
    with pytest.raises(RetirementRefused, match=why):
        pair.supersede()


def test_a_pc_replaces_one_other(office: Office) -> None:
    first, second = Retiring(office), Retiring(office)
    first.supersede()
    second.successor = first.successor
    with pytest.raises(RetirementRefused, match=f"replaces {first.tag} already"):
        second.supersede()
    assert second.state == "planned"


@pytest.mark.parametrize("lent", ["old", "new"])
def test_a_pc_that_is_out_as_a_spare_neither_replaces_nor_is_replaced(
    office: Office, lent: str
) -> None:
    pair = Retiring(office)
    (failed,) = office.machines(1)
    office.owner(failed, "髙橋 花子")
    with office.database.write() as session:
        session.add(
            SpareLoan(
                spare_id=getattr(pair, lent),
                machine_id=failed,
                person_id=machine_rows.by_id(session, failed).owner_id,
                reason="screen broken",
                lent_by="planner",
                lent_at=pair.now,
            )
        )
    with pytest.raises(RetirementRefused, match="is out as a spare"):
        pair.supersede()


def test_an_unknown_successor_and_a_missing_reason_are_refused(office: Office) -> None:
    pair = Retiring(office)
    with pytest.raises(RetirementRefused, match="needs a reason"):
        pair.supersede(reason="")
    pair.successor = "DK21-999999"
    with pytest.raises(NotFound):
        pair.supersede()
    assert pair.state == "planned"


def test_the_last_day_moves_later_for_operators_and_earlier_for_approvers(office: Office) -> None:
    pair = Retiring(office).retained()
    pair.ask()

    def keep(day: date, who: Operator) -> None:
        decisions.retain(office.database, pair.tag, day, who, pair.now, "asked by the auditors")

    keep(date(2023, 3, 31), office.planner)
    assert pair.entry.authorisation is None, "what was asked for has to be asked for again"
    with pytest.raises(RetirementRefused, match="stay as it is until 2023-03-31"):
        pair.ask()
    with pytest.raises(NotPermitted):
        keep(TODAY, office.planner)
    keep(TODAY, office.approver)
    pair.ask()
    assert pair.entry.authorisation == "asked"


# --- who may erase


def test_nothing_is_erased_on_its_last_day_or_before(office: Office) -> None:
    pair = Retiring(office)
    pair.supersede()
    office.tick()
    office.clock.forward(days=30)
    with pytest.raises(RetirementRefused, match="stay as it is until 2022-12-01"):
        pair.ask()
    office.clock.forward(days=1)
    pair.ask()


def test_nothing_is_erased_while_the_successor_is_not_in_use(office: Office) -> None:
    pair = Retiring(office).retained()
    pair.move(pair.new, MachineVerb.BEGIN)
    with pytest.raises(RetirementRefused, match="hand it over first"):
        pair.ask()


def test_a_pc_that_nobody_could_recognise_is_not_erased(office: Office) -> None:
    pair = Retiring(office, serial=None).retained()
    with pytest.raises(RetirementRefused, match="no serial or no computer name"):
        pair.ask()


def test_a_pc_that_is_not_retained_is_not_erased(office: Office) -> None:
    pair = Retiring(office)
    with pytest.raises(RetirementRefused, match="only a retained PC can be erased"):
        pair.ask()


def test_asking_needs_an_operator_with_a_reason_and_happens_once(office: Office) -> None:
    pair = Retiring(office).retained()
    with pytest.raises(NotPermitted):
        pair.ask(VIEWER)
    with pytest.raises(RetirementRefused, match="needs a reason"):
        pair.ask(reason="")
    pair.ask()
    with pytest.raises(RetirementRefused, match="planner has asked"):
        pair.ask(OTHER)


def test_another_approver_decides(office: Office) -> None:
    pair = Retiring(office).retained()
    with pytest.raises(RetirementRefused, match="nobody has asked"):
        pair.approve()
    pair.ask(office.approver)
    with pytest.raises(NeedsApproval, match="another approver decides"):
        pair.approve(office.approver)
    with pytest.raises(NotPermitted):
        pair.approve(office.planner)
    assert pair.run() is None, "asked for is not approved"
    pair.approve(OTHER)
    assert pair.run() is not None


def test_all_or_none_are_asked_for(office: Office) -> None:
    good, early = Retiring(office).retained(), Retiring(office)
    with pytest.raises(RetirementRefused):
        decisions.ask(
            office.database,
            office.settings,
            [good.tag, early.tag],
            office.planner,
            good.now,
            "back",
        )
    assert good.entry.authorisation is None


def test_what_was_approved_can_be_taken_back_until_it_begins(office: Office) -> None:
    pair = Retiring(office).approved()

    def withdraw() -> None:
        decisions.withdraw(office.database, [pair.tag], office.planner, pair.now, "wrong PC")

    withdraw()
    assert pair.run() is None
    with pytest.raises(RetirementRefused, match="nobody has asked"):
        withdraw()
    pair.ask()
    pair.approve()
    assert pair.run() is not None
    with pytest.raises(RetirementRefused, match="only a retained PC"):
        withdraw()


def test_every_decision_stands_in_the_history(office: Office) -> None:
    pair = Retiring(office).approved()
    found = [(row.actor, row.verb) for row in machines.show(office.database, pair.tag).history]
    assert found[-4:] == [
        ("planner", "supersede"),
        ("rollout", "retain"),
        ("planner", "ask_erasure"),
        ("approver", "approve_erasure"),
    ]
