"""What Ansible says of each machine arrives as it was said, and nothing secret stays behind."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from rollout.adapters.ansible.folder import CannotStart
from rollout.adapters.ansible.local import LocalEngine
from rollout.adapters.clock import ProgrammeClock

HOSTILE = {
    "arithmetic": "{{ 7*7 }}",
    "lookup": "{{ lookup('pipe', 'touch {root}/owned') }}",
    "statement": "{% for x in range(9) %}x{% endfor %}",
    "vault": "!vault |",
    "zeros": "00417",
    "date": "2022-04-01",
    "truth": "yes",
    "format": "%s %(x)s %",
    "quotes": "\"double\" 'single' `back`",
    "lines": "a\nb\tc\\n",
    "formula": "=HYPERLINK(1)",
    "smile": "🙂𠮷髙",
    "shell": "$(touch {root}/owned); rm -rf x",
    "empty": "",
}
MIXED = """\
    - name: Reach the machine
      ansible.builtin.raw: echo here
      changed_when: false
    - name: Pass the texts through a module
      ansible.builtin.copy:
        content: "{{ rollout_texts | to_json }}"
        dest: "{{ rollout_file }}"
        mode: "0600"
      when: rollout_file is defined
    - name: Refuse to fail the machine
      ansible.builtin.command: "false"
      ignore_errors: true
      changed_when: false
      when: rollout_machine_id == 3
    - name: Be careless with the token
      ansible.builtin.debug:
        msg: "the token is {{ rollout_arm_token }}"
      when: rollout_machine_id == 1
    - name: Fail the machine
      ansible.builtin.fail:
        msg: "disk of {{ rollout_owner_name }} is full: free 20 GB"
      when: rollout_machine_id == 2
    - name: Report success of the step
      ansible.builtin.set_fact:
        rollout_report:
          step: mixed
          machine: "{{ rollout_machine_id | int }}"
          texts: "{{ rollout_texts }}"
"""
START = datetime(2022, 11, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def mixed(shared, shared_recorder):
    """One run: 1 succeeds, 2 fails, 3 ignores a failure, 4 is unreachable, 5 has no address."""
    texts = {name: text.replace("{root}", str(shared.root)) for name, text in HOSTILE.items()}
    shared.playbook("mixed", shared.HEAD + MIXED)
    common = {"rollout_texts": texts, "rollout_owner_name": "{{ 7*7 }} 髙橋"}
    hosts = [
        shared.host(1, rollout_file=str(shared.root / "passed"), **common),
        shared.host(2, **common),
        shared.host(3, **common),
        shared.host(4, **common, ansible_connection="ssh", ansible_port=1),
        shared.host(5, **common),
    ]
    hosts[3] = replace(hosts[3], address="127.0.0.1")
    hosts[4] = replace(hosts[4], address="-oProxyCommand=touch owned")
    order = shared.order("mixed", hosts)
    engine = LocalEngine(shared.settings, ProgrammeClock(START))
    engine.start(order, shared_recorder)
    assert engine.alive() == {order.run_id}
    shared_recorder.wait()
    engine.close()
    return SimpleNamespace(
        world=shared, order=order, recorder=shared_recorder, texts=texts, engine=engine
    )


def test_a_run_with_failed_machines_ended_in_order(mixed):
    assert mixed.recorder.end.how == "failed"
    assert mixed.recorder.end.run_id == mixed.order.run_id
    assert mixed.engine.alive() == frozenset()


def test_every_status_is_told(mixed):
    of = mixed.recorder.of
    assert of(1)[:2] == [
        ("Reach the machine", "ok"),
        ("Pass the texts through a module", "changed"),
    ]
    assert ("Refuse to fail the machine", "skipped") in of(1)
    assert of(1)[-1] == ("Report success of the step", "ok")
    assert of(2)[-1] == ("Fail the machine", "failed")
    assert ("Refuse to fail the machine", "ignored") in of(3)
    assert of(3)[-1] == ("Report success of the step", "ok")
    assert [status for _task, status in of(4)] == ["unreachable"]
    assert [status for _task, status in of(5)] == ["unreachable"]


def test_failures_say_why(mixed):
    said = {e.machine_id: e.message for e in mixed.recorder.events if e.message}
    assert said[2] == "disk of {{ 7*7 }} 髙橋 is full: free 20 GB"
    assert "ssh" in said[4]
    assert "correct the computer name" in said[5]
    assert 1 not in said


def test_only_reports_of_machines_are_reports(mixed):
    reports = {e.machine_id: e.report for e in mixed.recorder.events if e.report is not None}
    assert reports.keys() == {1, 3}
    assert reports[1]["step"] == "mixed"
    assert reports[1]["machine"] == 1


def test_hostile_texts_arrive_unchanged_and_nothing_of_them_is_executed(mixed):
    reports = {e.machine_id: e.report for e in mixed.recorder.events if e.report is not None}
    assert reports[1]["texts"] == mixed.texts
    assert json.loads((mixed.world.root / "passed").read_text()) == mixed.texts
    assert not list(mixed.world.root.rglob("owned"))


def test_events_are_numbered_in_order_and_stamped_by_the_programmes_clock(mixed):
    counters = [e.counter for e in mixed.recorder.events]
    assert counters == list(range(1, len(counters) + 1))
    times = [e.at for e in mixed.recorder.events]
    assert times == sorted(times)
    assert all(START <= at < START + timedelta(minutes=5) for at in times)
    assert any((e.seconds or 0) > 0 for e in mixed.recorder.events)
    assert 1 < len(mixed.recorder.batches) < len(counters)


def test_what_is_kept_is_private_and_holds_no_secret(mixed):
    folder = mixed.world.folder(mixed.order.ident).path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    kept = [path for path in folder.rglob("*") if not path.is_symlink()]
    assert {path.name for path in kept} >= {"stdout", "run.json", "known_hosts"}
    assert not {"inventory", "job_events", "tmp"} & {path.name for path in kept}
    for path in kept:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
        if path.is_file():
            assert b"hush-" not in path.read_bytes(), path
    assert not any("hush-" in repr(event) for event in mixed.recorder.events)


def test_the_log_is_what_ansible_printed(mixed):
    log = mixed.engine.log(mixed.order.ident)
    assert "PLAY RECAP" in log.read_text()
    assert "the token is ********" in log.read_text()
    assert mixed.engine.log("0" * 32) is None


def test_no_process_and_no_socket_folder_is_left(mixed):
    assert mixed.world.processes(mixed.order.ident) == {}
    assert not mixed.world.folder(mixed.order.ident).control.exists()


def test_a_run_without_a_failure_is_successful_and_old_runs_are_removed(
    world, engine, recorder_factory
):
    engine.close()
    world = type(world)(world.root, keep_runs=2)
    engine = LocalEngine(world.settings)
    idents = []
    for _round in range(3):
        recorder = recorder_factory()
        order = world.order("quick", [world.host(1)])
        engine.start(order, recorder)
        assert recorder.wait() == replace(recorder.end, how="successful", message=None)
        assert [e.report for e in recorder.events] == [{"step": "quick", "machine": 1}]
        idents.append(order.ident)
    (world.settings.artifacts / "not a run").mkdir()
    engine.close()
    assert {path.name for path in world.settings.artifacts.iterdir()} == {
        *idents[1:],
        "not a run",
    }


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "error",
    [OperationalError("SELECT", None, OSError("away")), ValueError("a defect")],
    ids=["away", "defect"],
)
def test_a_run_ends_though_nobody_can_say_which_old_ones_are_needed(world, recorder, error):
    def needed():
        raise error

    engine = LocalEngine(world.settings, needed=needed)
    host = replace(world.host(1), address="-oProxyCommand=touch owned")
    engine.start(world.order("quick", [host]), recorder)
    engine.close()
    assert recorder.end.how == "failed"
    assert engine.alive() == frozenset()


def test_what_cannot_start_leaves_nothing(world, engine, recorder):
    order = world.order("quick", [world.host(1)])
    bad = {
        "no playbook": replace(order, playbook="nothing"),
        "needs machines": replace(order, hosts=[]),
        "cannot name a run": replace(order, ident="../x"),
    }
    for message, wrong in bad.items():
        with pytest.raises(CannotStart, match=message):
            engine.start(wrong, recorder)
    (world.settings.group_vars / "all.yml").unlink()
    world.settings.group_vars.rmdir()
    with pytest.raises(CannotStart, match=r"ansible\.group_vars"):
        engine.start(order, recorder)
    assert engine.alive() == frozenset()
    assert not engine.cancel(order.run_id)
    assert not world.settings.artifacts.exists()
    assert recorder.end is None


def test_a_playbook_that_ansible_refuses_is_a_crash_that_says_why(world, engine, recorder):
    world.playbook("broken", "- hosts: all\n  tasks: [{nonsense: {}}]\n")
    engine.start(world.order("broken", [world.host(1)]), recorder)
    end = recorder.wait()
    assert end.how == "crashed"
    assert "nonsense" in end.message


def test_a_run_without_a_usable_machine_fails_without_ansible(world, engine, recorder):
    host = replace(world.host(1), address="a b")
    order = world.order("quick", [host])
    engine.start(order, recorder)
    assert recorder.wait().how == "failed"
    assert recorder.of(1)[0][1] == "unreachable"
    assert engine.log(order.ident) is None
