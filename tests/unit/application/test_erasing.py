"""Replaced PCs are erased at most once per approval; who has proven or seen it is told as that."""

from datetime import date
from typing import Any

import pytest

from rollout.application import arrival, machines, rechecks
from rollout.application.arrival_words import LOCAL_DISK, ArrivalRefused
from rollout.application.choosing import today
from rollout.application.operators import NotPermitted
from rollout.application.retirement.decisions import RetirementRefused
from rollout.application.retirement.listing import listing
from rollout.domain.errors import NeedsApproval
from rollout.domain.machine import MachineVerb
from rollout.domain.stop import StopScope
from rollout.settings import Windows
from rollout.store import machines as machine_rows
from rollout.store import retirements, stops

from .retiring import OTHER, Retiring

Office = Any


# --- the daemon erases


def test_an_approved_erasure_begins_once_with_what_the_role_checks(office: Office) -> None:
    pair = Retiring(office, lease_to=date(2023, 3, 31))
    order = pair.begun()
    (host,) = order.hosts
    assert host.values["rollout_serial"] == office.machine(pair.old).serial
    assert host.values["retire_retain_until"] == "2022-12-01"
    assert host.values["retire_today"] == today(office.settings, office.clock.now()).isoformat()
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
    assert office.boot(pair.old) == LOCAL_DISK, "told once"
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
    assert office.boot(pair.old) == LOCAL_DISK


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
    assert office.boot(pair.old) == LOCAL_DISK, "not without another approval"
    pair.ask()
    pair.approve()
    assert pair.run() is None, "there is no system that Ansible could ask"
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
        rechecks.note(session, {pair.old: report}, pair.now)
    pair.supersede()
    office.clock.forward(hours=1)
    assert pair.run() is None
    with office.database.read() as session:
        (row,) = machine_rows.listing(session, machine_rows.Filter(text=pair.tag))
        assert retirements.joined(session, pair.old) is not None
    assert row.control_cause is None
