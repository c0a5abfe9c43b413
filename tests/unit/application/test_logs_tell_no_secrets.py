"""A whole reimage with a failure leaves log lines, and no token and no person in them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from rollout.domain.machine import MachineState, Step
from rollout.service import logs

Office = Any
NAME, NUMBER = "髙橋 誠一郎", "004711"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    made = io.StringIO()
    logs.structured(made)
    yield made
    root.handlers[:], root.level = handlers, level


def test_log_lines_tell_of_runs_and_never_of_tokens_or_people(
    office: Office, stream: io.StringIO
) -> None:
    office.wave()
    failing, (one,) = office.begin(Step.CAPTURE)
    office.owner(one, NAME, NUMBER)
    office.engine.deliver(
        office.engine.event(
            failing.run_id, one, "failed", message=rf"C:\Users\{NUMBER} of {NAME} is locked"
        )
    )
    office.engine.end(failing.run_id, "failed", f"lost at {NAME}")
    assert office.states([one]) == [MachineState.FAILED]
    order, machine_id, install = office.told_to_install()
    office.check_in(machine_id, install.check_in_token)
    said = stream.getvalue()
    for secret in (NAME, NUMBER, office.token(order, machine_id), install.check_in_token):
        assert secret not in said
    lines = [json.loads(line) for line in said.splitlines()]
    begun = [line["run"] for line in lines if line.get("playbook") == "reimage.yml"]
    ended = {line["run"]: line["how"] for line in lines if "how" in line}
    assert begun == [order.run_id]
    assert ended == {failing.run_id: "failed", order.run_id: "successful"}
