"""Replaced PCs: kept, erased at most once per approval, proven or attested, given back."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from rollout.application import arrival, machines, rechecks
from rollout.application.arrival import ArrivalRefused
from rollout.application.operators import NotPermitted, Operator
from rollout.application.ports import RunOrder
from rollout.application.retirement import decisions
from rollout.application.retirement.decisions import RetirementRefused
from rollout.application.retirement.listing import Replaced, listing
from rollout.domain.errors import NeedsApproval, NotFound
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.stop import StopScope
from rollout.domain.wave import WaveVerb
from rollout.settings import OperatorRole, Windows
from rollout.store import machines as machine_rows
from rollout.store import retirements, stops, transitions
from rollout.store.tables import Machine, SpareLoan, Wave

Office = Any
TODAY = date(2022, 11, 1)
VIEWER = Operator("viewer", OperatorRole.VIEWER)
OTHER = Operator("other approver", OperatorRole.APPROVER)


class Retiring:
    """An old PC and the new one that replaces it."""

    def __init__(self, office: Office, *, in_use: bool = True, **columns: Any) -> None:
        self.office = office
        if not office.rows(Wave):
            office.wave()
        (self.old,) = office.machines(1, generation="DK17", **columns)
        state = MachineState.VERIFIED if in_use else MachineState.CAPTURED
        (self.new,) = office.machines(1, generation="DK19", state=state, site=columns.get("site"))
        if in_use:
            self.move(self.new, MachineVerb.HAND_OVER)
        self.tag, self.successor = self.name(self.old), self.name(self.new)

    def name(self, machine_id: int) -> str:
        return str(self.office.machine(machine_id).asset_tag)

    def move(self, machine_id: int, verb: MachineVerb) -> None:
        with self.office.database.write() as session:
            transitions.apply(
                session, Machine, [machine_id], verb, actor="test", at=self.now, reason="set-up"
            )

    @property
    def now(self) -> Any:
        return self.office.clock.now()

    @property
    def state(self) -> str:
        return str(self.office.machine(self.old).state)

    @property
    def entry(self) -> Replaced:
        (found,) = [
            entry
            for entry in listing(self.office.database, gone=True)
            if entry.machine.asset_tag == self.tag
        ]
        return found

    def supersede(self, who: Operator | None = None, reason: str = "leased anew") -> None:
        operator = who or self.office.planner
        decisions.supersede(
            self.office.database, self.tag, self.successor, operator, self.now, reason
        )

    def retained(self) -> "Retiring":
        """Kept by the daemon, and its last day is over."""
        self.supersede()
        self.office.tick()
        assert self.state == "retained"
        self.office.clock.forward(days=self.office.settings.retirement.retention_days + 1)
        return self

    def ask(self, who: Operator | None = None, reason: str = "back to the lessor") -> None:
        decisions.ask(
            self.office.database,
            self.office.settings,
            [self.tag],
            who or self.office.planner,
            self.now,
            reason,
        )

    def approve(self, who: Operator | None = None) -> None:
        decisions.approve(
            self.office.database,
            self.office.settings,
            [self.tag],
            who or self.office.approver,
            self.now,
        )

    def approved(self) -> "Retiring":
        self.retained()
        self.ask()
        self.approve()
        return self

    def run(self) -> RunOrder | None:
        """The erasure that a tick begins; None when it begins none."""
        before = set(self.office.engine.orders)
        self.office.tick()
        begun = [self.office.engine.orders[run] for run in set(self.office.engine.orders) - before]
        return begun[0] if begun else None

    def begun(self) -> RunOrder:
        order = self.approved().run()
        assert order is not None
        assert order.playbook == "retire.yml"
        return order

    def ordered(self) -> RunOrder:
        """Told to erase itself; the run is over, the proof is missing."""
        order = self.begun()
        disks = [{"model": "Lab disk", "serial": "D-1", "bytes": 256}]
        told = {"method": "Windows protected wipe (MDM RemoteWipe)", "disks": disks}
        report = self.office.report(order, self.old, erasure=told, boot_id="boot-old")
        self.office.engine.deliver(report)
        self.office.engine.end(order.run_id)
        return order

    def attest(self, who: Operator | None = None, reason: str = "starts empty") -> None:
        decisions.attest(
            self.office.database,
            self.office.settings,
            self.tag,
            who or self.office.approver,
            self.now,
            reason,
        )

    def give_back(self, day: date | None = None) -> None:
        decisions.give_back(
            self.office.database,
            self.office.settings,
            self.tag,
            day or self.now.date(),
            self.office.planner,
            self.now,
            None,
        )

    def report_empty(self, token: str | None, **changes: Any) -> None:
        report = {"token": token, "serial": self.office.machine(self.old).serial}
        report |= {"method": "overwritten and read back", "result": "empty"}
        arrival.erased(self.office.database, report | changes, at=self.now)


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


# --- the daemon erases


def test_an_approved_erasure_begins_once_with_what_the_role_checks(office: Office) -> None:
    pair = Retiring(office, lease_to=date(2023, 3, 31))
    order = pair.begun()
    (host,) = order.hosts
    assert host.values["rollout_serial"] == office.machine(pair.old).serial
    assert host.values["retire_retain_until"] == "2022-12-01"
    assert host.values["retire_successor_in_use"] is True
    assert host.values["retire_return_due"] == "2023-03-31"
    assert host.values["retire_operator"] == "planner, approver"
    assert pair.state == "erasing"
    assert pair.entry.retirement.epoch == host.epoch
    assert pair.run() is None
    office.engine.end(order.run_id, "crashed", "no word")
    assert pair.state == "silent", "it may have been told: nobody guesses"
    assert "go and look" in office.machine(pair.old).cause
    assert pair.run() is None


def test_the_wave_it_once_belonged_to_is_not_opened_again(office: Office) -> None:
    pair = Retiring(office)
    pair.supersede()
    for _ in range(5):
        office.tick()
        office.clock.forward(days=20)
    assert office.wave_state() == "done"
    pair.ask()
    pair.approve()
    order = pair.run()
    assert office.wave_state() == "done"
    refusal = office.engine.event(order.run_id, pair.old, "failed", message="wrong serial")
    office.engine.deliver(refusal)
    office.engine.end(order.run_id, "failed")
    office.tick()
    assert (pair.state, office.wave_state()) == ("failed", "done")


def test_the_blast_radius_bounds_erasures_at_once(office: Office) -> None:
    office.configure("limits", blast_radius=2)
    pairs = [Retiring(office) for _ in range(3)]
    for pair in pairs:
        pair.supersede()
    office.tick()
    office.clock.forward(days=31)
    for pair in pairs:
        pair.ask()
        pair.approve()
    order = pairs[0].run()
    assert len(order.hosts) == 2
    assert pairs[0].run() is None
    (waiting,) = [pair for pair in pairs if pair.state == "retained"]
    for host in order.hosts:
        told = office.report(order, host.machine_id, erasure={"method": "wipe"})
        office.engine.deliver(told)
    office.engine.end(order.run_id)
    assert waiting.run() is None, "ordered is not done"
    next(pair for pair in pairs if pair.state == "erasing").attest()
    assert waiting.run() is not None


@pytest.mark.parametrize("scope", StopScope)
def test_a_stop_keeps_an_approved_pc_from_being_erased(office: Office, scope: StopScope) -> None:
    pair = Retiring(office, site=office.site("津")).approved()
    target = {StopScope.ALL: "", StopScope.GENERATION: "DK17", StopScope.SITE: "津"}[scope]
    with office.database.write() as session:
        stop = stops.begin(session, scope, target, actor="x", at=pair.now, reason="storm")
    assert pair.run() is None
    with office.database.write() as session:
        stops.end(session, stop, actor="x", at=pair.now)
    assert pair.run() is not None


def test_erasing_keeps_to_the_window(office: Office) -> None:
    pair = Retiring(office).approved()
    windows = Windows(hours=("22:00-23:00",))
    office.settings = office.settings.model_copy(update={"windows": windows})
    office.programme = office.new_programme(office.lease)
    assert pair.run() is None
    office.clock.forward(hours=13)
    assert pair.run() is not None, "22:30 in Tokyo"


def test_a_successor_that_is_gone_meanwhile_keeps_an_approved_pc(office: Office) -> None:
    pair = Retiring(office).approved()
    pair.move(pair.new, MachineVerb.BEGIN)
    assert pair.run() is None


def test_a_refused_erasure_needs_another_approval(office: Office) -> None:
    pair = Retiring(office)
    order = pair.begun()
    refusal = office.engine.event(order.run_id, pair.old, "failed", message="wrong serial")
    office.engine.deliver(refusal)
    office.engine.end(order.run_id, "failed")
    assert pair.state == "failed"
    assert "wrong serial" in office.machine(pair.old).cause
    with pytest.raises(RetirementRefused, match="retry"):
        pair.ask()
    machines.retry(office.database, pair.tag, office.planner, pair.now, reason="ledger corrected")
    assert pair.state == "retained"
    assert pair.run() is None, "one approval, one attempt"
    pair.ask()
    pair.approve()
    again = pair.run()
    assert again is not None
    assert [claim.attempt for claim in office.claims(pair.old)][-2:] == [1, 2]


def test_a_report_of_another_order_moves_nothing(office: Office) -> None:
    pair = Retiring(office)
    order = pair.begun()
    stale = {"epoch": order.hosts[0].epoch - 1, "erasure": {"method": "wipe"}}
    office.engine.deliver(office.engine.event(order.run_id, pair.old, report=stale))
    assert office.claims(pair.old)[-1].report is None


# --- proven or seen


def test_ordered_is_not_erased(office: Office) -> None:
    pair = Retiring(office)
    pair.ordered()
    assert pair.state == "erasing"
    assert pair.entry.certificate is None
    assert office.tick().idle, "it waits for the machine or for a person"
    office.clock.forward(hours=2)
    office.tick()
    assert pair.state == "silent", "nobody has seen it within its time"
    assert pair.entry.certificate is None


def test_what_a_person_has_seen_is_told_as_that_and_not_confirmed(office: Office) -> None:
    pair = Retiring(office, model="FMV", lease_to=date(2023, 3, 31))
    order = pair.ordered()
    with pytest.raises(NotPermitted):
        pair.attest(office.planner)
    with pytest.raises(RetirementRefused, match="a reason has to say it"):
        pair.attest(reason="")
    pair.attest()
    assert pair.state == "erased"
    certificate = pair.entry.certificate
    assert certificate["confirmed"] is False
    assert (certificate["seen_by"], certificate["seen"]) == ("approver", "starts empty")
    assert certificate["serial"] == office.machine(pair.old).serial
    assert certificate["epoch"] == order.hosts[0].epoch
    assert certificate["order"]["disks"][0]["serial"] == "D-1"
    assert (certificate["asked_by"], certificate["approved_by"]) == ("planner", "approver")
    assert certificate["reason"] == "back to the lessor"
    assert (certificate["retained_until"], certificate["lease_ends"]) == (
        "2022-12-01",
        "2023-03-31",
    )
    assert certificate["ordered_at"] <= certificate["completed_at"]
    assert office.open_claims() == 0


def test_a_silent_pc_is_settled_by_who_has_looked_at_it(office: Office) -> None:
    pair = Retiring(office)
    pair.ordered()
    office.clock.forward(hours=2)
    office.tick()
    pair.attest()
    assert pair.state == "erased"
    assert office.claims(pair.old)[-1].outcome == "done"


def test_who_asked_for_it_cannot_say_that_it_was_done(office: Office) -> None:
    pair = Retiring(office).retained()
    pair.ask(office.approver)
    pair.approve(OTHER)
    assert pair.run() is not None
    with pytest.raises(NeedsApproval):
        pair.attest(office.approver)


def test_a_pc_that_was_erased_by_hand_needs_somebody_elses_request(office: Office) -> None:
    pair = Retiring(office).retained()
    with pytest.raises(RetirementRefused, match="nobody has asked"):
        pair.attest()
    pair.ask()
    pair.attest(reason="disk shredded, receipt 17")
    assert pair.state == "erased"
    assert pair.entry.certificate["confirmed"] is False
    assert pair.entry.certificate["order"] is None


def network_boot(office: Office, pair: Retiring) -> arrival.BootOrder:
    """Armed by the playbook, restarted, and told what to do."""
    order = pair.begun()
    office.arm(order, pair.old)
    machine = office.machine(pair.old)
    assert arrival.awaits_install(
        office.database, mac=machine.mac, serial=machine.serial, at=pair.now
    )
    boot = office.boot(pair.old)
    office.engine.deliver(office.report(order, pair.old, erasure={"method": "network"}))
    office.engine.end(order.run_id)
    return boot


def test_what_the_machine_itself_reports_is_confirmed(office: Office) -> None:
    pair = Retiring(office)
    boot = network_boot(office, pair)
    assert (boot.erase, boot.image_id) == (True, None)
    assert office.boot(pair.old) == arrival.LOCAL_DISK, "told once"
    assert pair.state == "erasing"
    pair.report_empty(boot.check_in_token)
    assert pair.state == "erased"
    certificate = pair.entry.certificate
    assert certificate["confirmed"] is True
    assert certificate["result"]["method"] == "overwritten and read back"
    assert "token" not in certificate["result"]
    assert certificate["epoch"] == boot.epoch
    version = office.machine(pair.old).version
    pair.report_empty(boot.check_in_token)
    assert office.machine(pair.old).version == version, "the same report again changes nothing"


def test_a_late_report_of_a_silent_pc_counts(office: Office) -> None:
    pair = Retiring(office)
    boot = network_boot(office, pair)
    office.clock.forward(hours=2)
    office.tick()
    assert pair.state == "silent"
    pair.report_empty(boot.check_in_token)
    assert pair.state == "erased"
    assert pair.entry.certificate["confirmed"] is True


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"token": "guessed"}, "unknown token"), ({"serial": "OTHER"}, "is not that of")],
)
def test_a_foreign_report_is_refused(office: Office, changes: dict[str, str], why: str) -> None:
    pair = Retiring(office)
    boot = network_boot(office, pair)
    with pytest.raises(ArrivalRefused, match=why):
        pair.report_empty(**{"token": boot.check_in_token, **changes})
    assert pair.state == "erasing"


def test_the_token_of_an_installation_proves_no_erasure(office: Office) -> None:
    office.wave()
    _order, machine_id, install = office.told_to_install()
    report = {"token": install.check_in_token, "serial": office.machine(machine_id).serial}
    with pytest.raises(ArrivalRefused, match="unknown token"):
        arrival.erased(office.database, report, at=office.clock.now())


def test_a_stop_between_arming_and_boot_keeps_the_disk(office: Office) -> None:
    pair = Retiring(office)
    order = pair.begun()
    office.arm(order, pair.old)
    with office.database.write() as session:
        stops.begin(session, StopScope.ALL, "", actor="x", at=pair.now, reason="storm")
    assert office.boot(pair.old) == arrival.LOCAL_DISK


def test_a_half_erased_pc_takes_the_next_order_without_being_asked(office: Office) -> None:
    pair = Retiring(office)
    boot = network_boot(office, pair)
    arrival.give_up(
        office.database,
        token=boot.check_in_token or "",
        serial=office.machine(pair.old).serial,
        disk_touched=True,
        reason="power went while the disk was being erased",
        at=pair.now,
    )
    assert pair.state == "failed"
    assert "retire: the installer gave up: power went" in office.machine(pair.old).cause
    machines.retry(office.database, pair.tag, office.planner, pair.now, reason="power is back")
    assert office.boot(pair.old) == arrival.LOCAL_DISK, "not without another approval"
    pair.ask()
    pair.approve()
    order = pair.run()
    assert list(order.hosts) == []
    office.engine.end(order.run_id, "failed", "no machine of the run has a usable address")
    again = office.boot(pair.old)
    assert again.erase
    pair.report_empty(again.check_in_token)
    assert pair.state == "erased"
    assert [claim.outcome for claim in office.claims(pair.old)] == ["failed", "done"]


# --- back with the lessor


def test_only_an_erased_pc_is_given_back_on_a_day_that_has_come(office: Office) -> None:
    pair = Retiring(office, lease_to=date(2022, 11, 30)).retained()
    with pytest.raises(RetirementRefused, match="only an erased PC leaves the house"):
        pair.give_back()
    pair.ask()
    pair.attest()
    with pytest.raises(RetirementRefused, match="not yet here"):
        pair.give_back(date(2099, 1, 1))
    assert [entry.machine.asset_tag for entry in listing(
        office.database, overdue_on=date(2022, 12, 1)
    )] == [pair.tag]  # fmt: skip
    assert listing(office.database, overdue_on=date(2022, 11, 30)) == []
    pair.give_back(date(2022, 12, 1))
    assert pair.state == "returned"
    assert pair.entry.retirement.returned_on == date(2022, 12, 1)
    assert pair.entry.retirement.returned_by == "planner"
    assert not pair.entry.overdue(date(2030, 1, 1))
    assert listing(office.database) == []


def test_a_returned_pc_is_not_measured_again(office: Office) -> None:
    pair = Retiring(office)
    with office.database.write() as session:
        report = {"evidence": [{"control": "edr", "verdict": "pending", "value": "late"}]}
        rechecks.note(session, pair.old, report, pair.now)
    pair.supersede()
    office.clock.forward(hours=1)
    assert pair.run() is None
    with office.database.read() as session:
        (row,) = machine_rows.listing(session, machine_rows.Filter(text=pair.tag))
        assert retirements.joined(session, pair.old) is not None
    assert row.control_cause is None
