"""A database that was brought back knows less than the PCs: none is rewritten a second time."""

from pathlib import Path
from typing import Any

import databases

from rollout.application import backup, restore, stops
from rollout.application.operators import Operator
from rollout.domain.machine import MachineState, Step
from rollout.domain.stop import StopScope
from rollout.settings import OperatorRole

Office = Any

pytestmark = databases.of_a_file
APPROVER = Operator("suzuki", OperatorRole.APPROVER)


def go_back(office: Office, copy: Path) -> restore.Restored:
    """The daemon ends, the copy is put in place, the stop is lifted, another daemon begins."""
    office.engine.running.clear()
    done = restore.restore(
        office.database, copy, APPROVER, office.clock.now(),
        holder="restore", gone=lambda _holder: True,
    )  # fmt: skip
    (stop,) = stops.in_force(office.database)
    assert stop.scope == "all"
    stops.resume(
        office.database, StopScope.ALL, "", APPROVER, office.clock.now(), "compared with the PCs"
    )
    office.lease = office.take_lease("daemon two")
    office.programme = office.new_programme(office.lease)
    office.programme.recover()
    return done


def reimages(office: Office, machine_id: int) -> int:
    """How often a reimage of the machine was ordered from the engine."""
    return sum(
        order.playbook == "reimage.yml" and machine_id in [host.machine_id for host in order.hosts]
        for order in office.engine.orders.values()
    )


def test_a_pc_whose_reimage_was_under_way_at_the_copys_moment_is_asked_first(
    office: Office, tmp_path: Path
) -> None:
    office.wave()
    order, (machine_id,) = office.begin(Step.REIMAGE)
    copy = backup.make(office.database, tmp_path / "copy.db").path
    office.arm(order, machine_id)
    install = office.boot(machine_id)
    office.check_in(machine_id, install.check_in_token)
    assert office.machine(machine_id).state == MachineState.REIMAGED

    go_back(office, copy)
    office.tick()
    assert office.machine(machine_id).state == MachineState.REIMAGING, "its report is awaited"
    office.clock.forward(hours=2)
    for _ in range(3):
        office.tick()
    assert reimages(office, machine_id) == 1
    assert office.machine(machine_id).state in (MachineState.UNKNOWN, MachineState.SILENT)


def test_a_pc_that_was_rewritten_after_the_copy_is_held(office: Office, tmp_path: Path) -> None:
    office.wave()
    (waiting,) = office.machines(1, state=MachineState.CAPTURED)
    copy = backup.make(office.database, tmp_path / "copy.db").path
    office.tick()
    order = office.engine.last
    office.arm(order, waiting)
    install = office.boot(waiting)
    office.check_in(waiting, install.check_in_token)

    done = go_back(office, copy)
    office.tick()
    assert done.moved_on == [office.machine(waiting).asset_tag]
    assert (office.machine(waiting).state, reimages(office, waiting)) == (MachineState.HELD, 1)
    assert "copy.db" in (office.machine(waiting).cause or "")


def test_when_nobody_knows_what_was_begun_every_pc_of_a_wave_that_has_begun_is_held(
    office: Office, tmp_path: Path
) -> None:
    office.wave()
    office.wave(2, running=False)
    (waiting,) = office.machines(1, state=MachineState.CAPTURED)
    (later,) = office.machines(1, wave=2)
    copy = backup.make(office.database, tmp_path / "copy.db").path
    office.database.close()
    Path(office.database.engine.url.database).write_bytes(b"\0" * 8192)

    assert go_back(office, copy).moved_on is None
    office.tick()
    assert office.states([waiting, later]) == [MachineState.HELD, MachineState.PLANNED]
    assert reimages(office, waiting) == 0


def test_an_epoch_that_a_pc_has_stored_is_not_given_again(office: Office, tmp_path: Path) -> None:
    office.wave()
    copy = backup.make(office.database, tmp_path / "copy.db").path
    office.begin(Step.PREFLIGHT)
    before = office.engine.last.hosts[0].epoch
    go_back(office, copy)
    office.begin(Step.PREFLIGHT)
    assert office.engine.last.hosts[0].epoch > before
