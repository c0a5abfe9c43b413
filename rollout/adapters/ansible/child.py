"""The child process of one run: ansible-runner works here, and dies with the daemon.

Its order comes as one line of JSON on standard input, which stays open for as long as the daemon
lives; results leave on standard output (see `stream`). Nothing secret passes through here.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from rollout.adapters.ansible.messages import NAME, clean, message_of
from rollout.adapters.ansible.processes import Marker, kill

PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.25
"""Between two looks at the clock."""
# ansible-runner's own limit is only there for a daemon that hangs: the daemon's comes first.
GRACE_SECONDS = 60
SHORT_LIVED = ("inventory", "tmp", "job_events")
"""What nobody needs after the run; the inventory and what Ansible writes there may be secret."""

_STATUS = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}


class Speaker:
    """Turns ansible-runner's events into lines for the daemon."""

    def __init__(self, say: Callable[[Any], None], hosts: Path) -> None:
        self.stats: dict[str, Any] | None = None
        self.broke_off = False
        self._say = say
        self._hosts = hosts

    def event(self, event: dict[str, Any]) -> bool:
        """Called by ansible-runner; False keeps it from writing the event to a file."""
        kind = event.get("event", "")
        if kind in _STATUS:
            self._say(line_of(_STATUS[kind], event["event_data"]))
        elif kind == "playbook_on_start":
            # Ansible has read the inventory: what is secret in it need not lie around.
            self._hosts.unlink(missing_ok=True)
        elif kind == "playbook_on_no_hosts_remaining":
            self.broke_off = True
        elif kind == "playbook_on_stats":
            data = event["event_data"]
            self.stats = {name: data[name] for name in ("processed", "failures", "dark")}
        return False


def line_of(status: str, data: Mapping[str, Any]) -> list[Any]:
    """The line for one result of a task."""
    result = data.get("res") or {}
    message = report = None
    if status == "ok":
        if result.get("changed"):
            status = "changed"
        facts = result.get("ansible_facts")
        if facts and isinstance(facts.get("rollout_report"), dict):
            report = facts["rollout_report"]
    elif status == "failed" and data.get("ignore_errors"):
        status = "ignored"
    if status in ("failed", "ignored", "unreachable"):
        message = message_of(result)
    seconds = data.get("duration")
    return [
        status,
        int(data["host"].removeprefix("m")),
        clean(str(data.get("task", "")), NAME),
        None if seconds is None else round(seconds, 3),
        message,
        report,
    ]


def main() -> NoReturn:
    """Run one order and leave with 0 when the last line was said."""
    os.umask(0o077)
    pipe = os.dup(1)
    os.dup2(2, 1)

    def say(line: Any) -> None:
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        while data:
            data = data[os.write(pipe, data) :]

    order = json.loads(_first_line())
    folder = Path(order["folder"])
    leash, ending = Leash(order["until"]), threading.Lock()
    guard = threading.Thread(
        target=_guard,
        args=(Marker(folder.name, folder), Path(order["control"]), leash, ending),
        daemon=True,
    )
    guard.start()
    _bind_children()
    speaker = Speaker(say, Path(order["hosts"]))
    try:
        status, code = _play(order, folder, speaker)
        end = {"status": status, "code": code, "error": None}
    except Exception as error:  # noqa: BLE001 the daemon reports it and calls the run crashed
        text = clean(f"{type(error).__name__}: {error}")
        end = {"status": "error", "code": None, "error": text}
    try:
        say({"end": {**end, "stats": speaker.stats, "broke_off": speaker.broke_off}})
    except BrokenPipeError:
        guard.join()  # nobody listens any more: it tidies up, and ends this process
    ending.acquire()  # a guard at work, whose kill ended the play, is not cut short
    # Skips the interpreter's tidying up, which costs as much as starting it.
    sys.stderr.flush()
    os._exit(0)


def _play(order: Mapping[str, Any], folder: Path, speaker: Speaker) -> tuple[str, int | None]:
    from ansible_runner import Runner, RunnerConfig

    config = RunnerConfig(
        private_data_dir=str(folder),
        artifact_dir=str(folder.parent),
        ident=folder.name,
        playbook=order["playbook"],
        inventory=order["hosts"],
        extravars=order["pace"],
        forks=order["forks"],
        timeout=int(order["limit"]) + GRACE_SECONDS,
        fact_cache_type="memory",
        quiet=True,
        suppress_env_files=True,
    )
    config.prepare()
    runner = Runner(config, event_handler=speaker.event)
    runner.run()
    return runner.status, runner.rc


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        more = os.read(0, 1)
        if not more:
            raise SystemExit("no order came: this process is started by the daemon only")
        line += more
    return line


class Leash:
    """How long this run may go on without another word, by a clock that runs during sleep.

    Lines on standard input are later moments. Whoever holds the leash writes only what was true
    before it asked the database: a process that was frozen in between prolongs nothing.
    """

    def __init__(self, until: float | None) -> None:
        self._until = until
        self._rest = b""

    def hear(self, data: bytes) -> None:
        """More of standard input."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._until = max(self._until or 0.0, float(line))

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._until is not None and time.clock_gettime(time.CLOCK_BOOTTIME) >= self._until


def _guard(marker: Marker, control: Path, leash: Leash, ending: threading.Lock) -> None:
    """Wait for the end of whoever started this (standard input closes), or of the leash; then let
    nothing of the run remain. Whoever has `ending` ends this process."""
    while not leash.over:
        if select.select([0], [], [], LOOK_SECONDS)[0]:
            data = os.read(0, 4096)
            if not data:
                break
            leash.hear(data)
    else:
        sys.stderr.write("no sign of life from the worker: the run ends\n")
        sys.stderr.flush()
    ending.acquire()
    try:
        kill([marker])
        for name in SHORT_LIVED:
            shutil.rmtree(marker.folder / name, ignore_errors=True)
        shutil.rmtree(control, ignore_errors=True)
    finally:
        os._exit(70)


def _bind_children() -> None:
    """ansible-playbook dies with this process, even when the guard cannot act (SIGKILL here).

    Only what is forked directly is bound; its workers end with their task, or by `sweep`.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(70)

    os.register_at_fork(after_in_child=bind)


if __name__ == "__main__":
    main()
