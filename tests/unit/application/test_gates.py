"""Waves are let on, kept or halted by the numbers of their machines."""

import json
from typing import Any

import pytest

from rollout.application import gates, waves
from rollout.application.gates import GateRefused
from rollout.application.operators import NotPermitted
from rollout.domain.errors import LeaseHeld
from rollout.domain.gates import Gate
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.wave import WaveVerb
from rollout.store import tranches, transitions
from rollout.store.tables import AuditRow, Machine, Wave

Office = Any


def fail(office: Office, count: int, how: str = "failed") -> list[int]:
    """Machines of the running wave whose preflight ends badly."""
    order, ids = office.begin(Step.PREFLIGHT, count)
    office.engine.deliver(*(office.engine.event(order.run_id, one, how) for one in ids))
    office.engine.end(order.run_id, "failed")
    return ids


def readings(office: Office) -> dict[str, Any]:
    progress, _ = waves.progress(office.database, office.settings, 1, office.clock.now())
    return {reading.gate.value: reading for reading in progress.readings}


def override(office: Office, gate: Gate, who: Any = None, reason: str | None = "seen") -> Any:
    return gates.override(
        office.database,
        office.settings,
        1,
        gate,
        who or office.approver,
        office.clock.now(),
        reason,
    )


def cause(office: Office) -> str | None:
    (wave,) = office.rows(Wave)
    return wave.cause


def test_failures_up_to_the_limit_do_not_halt_and_one_more_does(office: Office) -> None:
    office.configure("gates", failed=2)
    office.wave()
    fail(office, 2)
    office.tick()
    assert office.wave_state() == "running"
    fail(office, 1)
    office.tick()
    assert office.wave_state() == "halted"
    assert cause(office) == "gate “failed”: 3, limit 2"
    (halt,) = [row for row in office.rows(AuditRow) if row.verb == "halt"]
    assert json.loads(halt.detail)["gates"]["failed"]["value"] == 3


def test_a_halted_wave_begins_nothing_in_the_tick_that_halts_it(office: Office) -> None:
    office.configure("gates", failed=0)
    office.wave()
    fail(office, 1)
    (waiting,) = office.machines(1)
    assert office.tick().started == 0
    assert office.states([waiting]) == ["planned"]


def test_a_pilot_with_a_failure_and_a_silent_machine_is_not_halted(office: Office) -> None:
    office.wave(pilot=True)
    office.machines(6)
    office.tick()
    fail(office, 1)
    fail(office, 1, "unreachable")
    office.clock.forward(hours=2)
    office.tick()
    assert office.wave_state() == "running"


def test_silence_counts_only_when_it_is_older_than_its_own_limit(office: Office) -> None:
    office.configure("gates", silent=0, silent_minutes=30)
    office.wave()
    fail(office, 1, "unreachable")
    office.clock.forward(minutes=30)
    office.tick()
    assert office.wave_state() == "running"
    office.clock.forward(seconds=1)
    office.tick()
    assert cause(office) == "gate “silent”: 1, limit 0"


def test_holding_a_failed_machine_does_not_open_a_gate(office: Office) -> None:
    office.configure("gates", failed=0)
    office.wave()
    (failed,) = fail(office, 1)
    tag = office.machine(failed).asset_tag
    from rollout.application.machines import move

    move(
        office.database, [tag], MachineVerb.HOLD, office.planner, office.clock.now(), reason="later"
    )
    office.tick()
    assert office.wave_state() == "halted"


def test_machines_that_are_set_aside_are_not_counted(office: Office) -> None:
    from rollout.application.machines import move

    office.wave()
    first, second = office.machines(2)
    tags = [office.machine(one).asset_tag for one in (first, second)]
    now = office.clock.now()
    move(office.database, tags[:1], MachineVerb.HOLD, office.planner, now, reason="away")
    office.tick()
    assert readings(office)["succeeded"].of == 1
    move(office.database, tags[:1], MachineVerb.EXCLUDE, office.planner, now, reason="broken")
    assert readings(office)["succeeded"].of == 1


def test_a_resumed_wave_that_is_not_mended_halts_again(office: Office) -> None:
    office.configure("gates", failed=0)
    office.wave()
    fail(office, 1)
    office.tick()
    office.move_wave(WaveVerb.RESUME)
    office.tick()
    assert office.wave_state() == "halted"


def test_an_override_lets_it_go_on_until_the_number_grows(office: Office) -> None:
    office.configure("gates", failed=0)
    office.wave()
    fail(office, 1)
    office.tick()
    assert override(office, Gate.FAILED).value == 1
    assert office.wave_state() == "halted"
    office.move_wave(WaveVerb.RESUME)
    office.tick()
    assert office.wave_state() == "running"
    assert readings(office)["failed"].overridden
    fail(office, 1)
    office.tick()
    assert office.wave_state() == "halted"
    assert cause(office) == "gate “failed”: 2, limit 0"
    (note,) = [row for row in office.rows(AuditRow) if row.verb == "override_gate"]
    assert (note.actor, note.reason, note.from_state, note.to_state) == (
        "approver",
        "seen",
        "halted",
        "halted",
    )


def test_an_override_needs_an_approver_a_reason_and_a_gate_that_is_not_open(
    office: Office,
) -> None:
    office.configure("gates", failed=0)
    office.wave()
    fail(office, 1)
    office.tick()
    with pytest.raises(NotPermitted):
        override(office, Gate.FAILED, office.planner)
    for reason in (None, "  "):
        with pytest.raises(GateRefused, match="reason"):
            override(office, Gate.FAILED, reason=reason)
    with pytest.raises(GateRefused, match="nothing to override"):
        override(office, Gate.SILENT)
    office.move_wave(WaveVerb.CANCEL)
    with pytest.raises(GateRefused, match="cancelled"):
        override(office, Gate.FAILED)


def test_gates_are_watched_only_by_the_holder_of_the_lease(office: Office) -> None:
    office.configure("gates", failed=0)
    office.wave()
    fail(office, 1)
    office.take_lease("daemon two", gone=True)
    with pytest.raises(LeaseHeld):
        gates.watch(
            office.database, office.settings, lease_epoch=office.lease, at=office.clock.now()
        )
    assert office.wave_state() == "running"


# --- tranches


def tranches_of(office: Office) -> dict[int, int]:
    return waves.progress(office.database, office.settings, 1, office.clock.now())[1]


def let_through(office: Office) -> None:
    """Take every machine that may begin through its whole passage."""
    for _ in range(60):
        office.tick()
        running = sorted(office.engine.running)
        if not running:
            return
        for run in running:
            order = office.engine.orders[run]
            for host in order.hosts:
                if order.playbook == "reimage.yml":
                    office.arm(order, host.machine_id)
                    token = office.boot(host.machine_id).check_in_token
                    office.check_in(host.machine_id, token)
                else:
                    office.engine.deliver(office.report(order, host.machine_id))
            office.engine.end(run)
    raise AssertionError("the passage does not end")


def divided(office: Office, **gate: Any) -> list[int]:
    office.configure("tranches", smallest_wave=4, canary=1, share=0.2)
    office.configure("gates", **{"soak_minutes": 10, **gate})
    office.wave()
    return office.machines(5)


def test_the_next_tranche_begins_when_the_one_before_is_through_and_watched(
    office: Office,
) -> None:
    ids = divided(office)
    let_through(office)
    numbers = tranches_of(office)
    assert sorted(numbers.values()) == [1, 2, 3, 3, 3]
    canary = next(one for one in ids if numbers[one] == 1)
    states = dict(zip(ids, office.states(ids), strict=True))
    assert states.pop(canary) == "migrated"
    assert set(states.values()) == {"planned"}
    assert office.wave_state() == "running"
    office.clock.forward(minutes=9, seconds=59)
    assert office.tick().started == 0
    office.clock.forward(seconds=1)
    let_through(office)
    assert sorted(office.states(ids)) == ["migrated"] * 2 + ["planned"] * 3
    office.clock.forward(minutes=10)
    let_through(office)
    assert set(office.states(ids)) == {"migrated"}
    opened = [row for row in office.rows(AuditRow) if row.verb == "open_tranche"]
    assert [json.loads(row.detail)["tranche"] for row in opened] == [2, 3]


def test_a_failed_canary_keeps_the_rest_waiting_and_its_retry_belongs_to_it(
    office: Office,
) -> None:
    ids = divided(office)
    office.tick()
    order = office.engine.last
    (canary,) = [host.machine_id for host in order.hosts]
    office.engine.deliver(office.engine.event(order.run_id, canary, "failed"))
    office.engine.end(order.run_id, "failed")
    office.clock.forward(days=3)
    assert office.tick().idle
    assert office.states(ids).count("planned") == 4
    from rollout.application.machines import retry

    retry(office.database, office.machine(canary).asset_tag, office.planner, office.clock.now())
    let_through(office)
    assert tranches_of(office)[canary] == 1
    assert office.states([canary]) == ["migrated"]
    assert office.states(ids).count("planned") == 4


def test_an_approver_lets_the_next_tranche_begin_all_the_same(office: Office) -> None:
    ids = divided(office)
    let_through(office)
    override(office, Gate.SOAK)
    office.tick()
    assert office.states(ids).count("checking") == 1
    # Once: the tranche after that is watched again.
    let_through(office)
    assert office.states(ids).count("planned") == 3


def test_a_machine_that_joins_a_divided_wave_is_in_its_last_tranche(office: Office) -> None:
    divided(office)
    office.tick()
    (late,) = office.machines(1)
    office.tick()
    assert tranches_of(office)[late] == 3
    assert office.states([late]) == ["planned"]


def test_a_wave_under_way_keeps_its_machines_going(office: Office) -> None:
    office.configure("tranches", smallest_wave=2)
    office.wave()
    (begun,) = office.machines(1, state=MachineState.CAPTURED)
    office.machines(9)
    office.tick()
    assert tranches_of(office)[begun] == 1
    assert office.states([begun]) == ["reimaging"]


def test_the_canary_of_a_generation_goes_before_the_general_one(office: Office) -> None:
    office.configure("tranches", smallest_wave=2, canary=1)
    office.configure("generations.DK20", canary=3)
    office.wave()
    office.machines(9)
    office.tick()
    assert list(tranches_of(office).values()).count(1) == 3


def test_a_pc_that_waits_for_its_successor_keeps_no_gate_closed(office: Office) -> None:
    office.configure("tranches", smallest_wave=1, canary=1, share=0.5)
    office.configure("gates", soak_minutes=0, succeeded_share=1)
    office.wave()
    replaced = office.machines(3, generation="DK17")
    others = office.machines(2)
    office.tick()
    (canary,) = office.engine.last.hosts
    assert canary.machine_id in others
    assert readings(office)["succeeded"].of == 1, "the canary alone"
    with office.database.read() as session:
        numbers = tranches.numbers(session, 1)
    assert {numbers[one] for one in replaced} == {2}, "in the last part"


def test_a_wave_is_not_over_while_a_pc_of_it_waits_for_its_successor(office: Office) -> None:
    office.wave()
    (old,) = office.machines(1, generation="DK17")
    assert office.tick().idle
    assert office.wave_state() == "running"
    assert office.engine.orders == {}
    _wave, listed = waves.show(office.database, 1)
    assert [joined.machine.id for joined in waves.await_successors(office.settings, listed)] == [
        old
    ]
    with office.database.write() as session:
        transitions.apply(
            session,
            Machine,
            [old],
            MachineVerb.SUPERSEDE,
            actor="t",
            at=office.clock.now(),
            reason="replaced",
        )
    office.tick()
    assert office.wave_state() == "soaking"
