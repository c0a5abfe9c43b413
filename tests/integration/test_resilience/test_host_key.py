"""A PC that shows another SSH host key than the one it reported is not spoken to."""

from collections.abc import Callable
from typing import Any

import pytest

from rollout.application import host_keys
from rollout.application.operators import NotPermitted, Operator
from rollout.domain.machine import MachineState
from rollout.lab.windows import image
from rollout.lab.windows.state import PcFolder
from rollout.settings import OperatorRole
from rollout.store import machines

Rollout = Any


@pytest.fixture(scope="module")
def changed(rollouts: Callable[..., Rollout]) -> tuple[Rollout, str]:
    """A PC that was reimaged and reported its key, and was then set up anew by hand."""
    rollout = rollouts()
    (tag,) = rollout.populate(1)
    with rollout.database.write() as session:
        machine = machines.by_tag(session, tag)
        machine.state, machine.host_key = MachineState.REIMAGED.value, rollout.pc(tag).host_key
        session.add(machine)
    rollout.fault(tag, powered_off=True)
    rollout.until(lambda: not rollout.pc(tag).powered)
    folder = rollout.lab / "pcs" / rollout.machine(tag).computer_name
    order = {"id": "by-hand", "image_id": "win11-23h2-r1", "epoch": 1, "check_in_token": "none"}
    pc = PcFolder(folder)
    image.install(pc, order)
    with pc.change() as state:
        state["power"] = "off"
    rollout.mend(tag)
    rollout.until(lambda: rollout.pc(tag).powered)
    assert rollout.pc(tag).host_key != rollout.machine(tag).host_key
    return rollout, tag


def connect(rollout: Rollout, tag: str, until: str) -> None:
    """A daemon until the machine is there, or at the end of its step in another way."""
    ends = {until, "silent", "failed", "unknown"}

    def look(daemon: Any) -> None:
        if rollout.machine(tag).state in ends:
            daemon.stop()

    rollout.daemon(look, until_idle=False)


def test_a_changed_key_is_refused_until_an_approver_has_it_forgotten(
    changed: tuple[Rollout, str],
) -> None:
    rollout, tag = changed
    connect(rollout, tag, "connected")
    machine = rollout.machine(tag)
    assert machine.state == "silent"
    assert "HOST IDENTIFICATION HAS CHANGED" in machine.cause
    before, now = rollout.pc(tag), rollout.app.clock.now()
    with pytest.raises(NotPermitted):
        host_keys.forget(
            rollout.database, tag, Operator("x", OperatorRole.OPERATOR), now, reason="y"
        )
    approver = rollout.app.operator("approver")
    with pytest.raises(host_keys.KeyRefused, match="reason"):
        host_keys.forget(rollout.database, tag, approver, now, reason=" ")
    host_keys.forget(rollout.database, tag, approver, now, reason="set up anew by hand")
    with pytest.raises(host_keys.KeyRefused, match="no host key"):
        host_keys.forget(rollout.database, tag, approver, now, reason="again")
    rollout.retry(tag)
    connect(rollout, tag, "connected")
    assert rollout.machine(tag).state == "connected"
    assert rollout.pc(tag).image_id == before.image_id
    assert rollout.chain_holds()
