"""Stands in for ansible-playbook where only its events are wanted, as fast as they can be written.

It writes them with the display callback of ansible-runner itself: a file per event, and its place
in the output. The playbook that it is given is JSON: {"tasks": how many for each machine}.
"""

import json
import sys
from pathlib import Path

import yaml
from ansible_runner.display_callback.callback.awx_display import event_context


class _Loader(yaml.SafeLoader):
    """Values from the ledger are marked as data; here every value is."""


def _unsafe(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_Loader.add_constructor("!unsafe", _unsafe)


def _emit(event: str, line: str, **data: object) -> None:
    with event_context.set_local(event=event, **data):
        event_context.dump_begin(sys.stdout)
        sys.stdout.write(line)
        event_context.dump_end(sys.stdout)


def _result(host: str, task: str, **result: object) -> None:
    _emit(
        "runner_on_ok",
        f"ok: [{host}]\r\n",
        host=host,
        task=task,
        duration=0.25,
        res={"changed": False, **result},
    )


def main() -> None:
    """Say of every machine of the inventory that its tasks went well, then report its success."""
    playbook = Path(sys.argv[-1])
    inventory = Path(sys.argv[sys.argv.index("-i") + 1])
    hosts = yaml.load(inventory.read_text(encoding="utf-8"), _Loader)  # noqa: S506  (safe, see there)
    found = dict(_hosts(hosts))
    tasks = json.loads(playbook.read_text(encoding="utf-8"))["tasks"]
    _emit("playbook_on_start", "")
    for number in range(1, tasks):
        for host in found:
            _result(host, f"Task {number} of the step", stdout="x" * 200)
    for host, values in found.items():
        report = {"step": values["rollout_step"], "epoch": values["rollout_epoch"]}
        _result(host, "Report success of the step", ansible_facts={"rollout_report": report})
    counts = dict.fromkeys(found, 1)
    _emit("playbook_on_stats", "", processed=counts, failures={}, dark={})


def _hosts(node: object) -> list[tuple[str, dict[str, object]]]:
    """Every host with its variables, wherever the inventory has it."""
    found = []
    if isinstance(node, dict):
        for host, values in (node.get("hosts") or {}).items():
            if values and "rollout_step" in values:
                found.append((host, values))
        for key, child in node.items():
            if key != "hosts":
                found += _hosts(child)
    return found


if __name__ == "__main__":
    main()
