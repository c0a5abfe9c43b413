"""One run of the local engine: its child process and the thread that listens to it."""

import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from rollout.adapters.ansible import child
from rollout.adapters.ansible.folder import CHILD_OUTPUT, CannotStart, RunFolder
from rollout.adapters.ansible.inventory import Inventory, play_variables
from rollout.adapters.ansible.messages import clean
from rollout.adapters.ansible.processes import StillAlive, kill
from rollout.adapters.ansible.stream import Garbage, Reader, verdict
from rollout.application.ports import Clock, EventSink, HostEvent, RunEnd, RunOrder
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.system_errors import where_and_why
from rollout.i18n.told import Told, told

log = logging.getLogger(__name__)

BATCH_SECONDS = 0.1
BATCH_SIZE = 500
EXIT_SECONDS = 10.0
DELIVERIES = 5


class SinkFailed(Exception):
    """The results could not be delivered."""


class LocalRun:
    """Starts the child, delivers what it says, and says the last word itself."""

    def __init__(
        self,
        order: RunOrder,
        folder: RunFolder,
        made: Inventory,
        sink: EventSink,
        clock: Clock,
        cleared: Callable[[], None],
        ended: Callable[["LocalRun"], None],
    ) -> None:
        self.order = order
        self.folder = folder
        self._made = made
        self._sink = sink
        self._clock = clock
        self._cleared = cleared
        self._ended = ended
        self._secrets = [text for host in order.hosts for text in host.secrets.values()]
        machines = frozenset(host.machine_id for host in order.hosts)
        self._reader = Reader(order.run_id, machines, self._secrets)
        self._unended = set(machines)
        self._batch: list[HostEvent] = []
        self._batch_since = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._talking = threading.Lock()
        self._cancelled = threading.Event()
        self._wake_out, self._wake_in = os.pipe()
        self._thread = threading.Thread(
            target=self._main, name=f"rollout-run-{order.run_id}", daemon=True
        )

    def start(
        self, playbook: str, environment: Mapping[str, str], until: float | None = None
    ) -> None:
        """Start the child and the thread; raises CannotStart when there is no child.

        With `until` (CLOCK_BOOTTIME) the child ends then, unless it is reassured before.
        """
        if not self._made.empty:
            self._spawn(playbook, environment, until)
        self._thread.start()

    def reassure(self, until: float) -> None:
        """The child may go on until then."""
        process = self._process
        if process is None or process.stdin is None:
            return
        with self._talking:
            if process.stdin.closed:
                return
            try:
                os.write(process.stdin.fileno(), f"{until}\n".encode())
            except (BlockingIOError, BrokenPipeError):
                return  # it hangs or has ended: its end comes by itself

    def cancel(self) -> None:
        """Ask the thread to stop the run."""
        self._cancelled.set()
        os.write(self._wake_in, b"x")

    def join(self) -> None:
        """Wait until the last word is delivered."""
        self._thread.join()

    def _spawn(self, playbook: str, environment: Mapping[str, str], until: float | None) -> None:
        order = {
            "folder": str(self.folder.path),
            "control": str(self.folder.control),
            "hosts": str(self.folder.hosts),
            "playbook": playbook,
            "forks": self.order.forks,
            "limit": self.order.limit_seconds,
            "pace": play_variables(self.order.pace),
            "until": until,
        }
        with (self.folder.path / CHILD_OUTPUT).open("ab") as errors:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-s", "-m", child.__name__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=dict(environment),
                    cwd=self.folder.path,
                    start_new_session=True,
                )
            except OSError as error:
                raise CannotStart(
                    _("cannot start a process for the run: {error}").format(
                        error=where_and_why(error)
                    )
                ) from error
        assert self._process.stdin is not None  # noqa: S101 for the type checker: it is a PIPE
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            os.set_blocking(self._process.stdin.fileno(), False)
        except BrokenPipeError:
            # It died at once: its exit code and output are reported as the run's end.
            return

    def _main(self) -> None:
        try:
            how, message = self._attend()
        except SinkFailed as error:
            how, message = (
                "crashed",
                told(
                    msgid("results could not be recorded: {error}"),
                    error=clean(str(error.__cause__)),
                ),
            )
        except Garbage as error:
            how, message = (
                "crashed",
                told(msgid("the run's process sent garbage: {error}"), error=clean(str(error))),
            )
        except Exception as error:
            log.exception("run %s: the engine failed", self.order.ident)
            how, message = (
                "crashed",
                told(msgid("the engine failed: {error}"), error=clean(str(error))),
            )
        how, message = self._clear_up(how, message)
        try:
            self._cleared()
        finally:
            # Whatever went wrong: what never ends would be at work for ever.
            self._deliver_end(self._end(how, message))
            self._ended(self)
            # Not before: until then cancel() may write.
            os.close(self._wake_in)
            os.close(self._wake_out)

    def _end(self, how: str, message: str | None) -> RunEnd:
        """The last word; after Ansible broke off it names the machines that it did not end."""
        left_out, over_limit = frozenset[int](), False
        said, limit = self._reader.end, self.order.pace.max_fail_percentage
        if how == "failed" and said is not None and said.stats is not None:
            over_limit = said.broke_off and limit is not None
            begun = said.stats["processed"]
            left_out = frozenset(
                machine for machine in self._unended if over_limit or f"m{machine}" not in begun
            )
        if over_limit:
            message = told(
                msgid("{message}: more than {limit:g} % of a batch"), message=message, limit=limit
            )
        text = message if message is None or isinstance(message, Told) else clean(message)
        return RunEnd(self.order.run_id, how, text, left_out, over_limit)

    def _attend(self) -> tuple[str, str | None]:
        """Listen until the child has said everything; how the run ended."""
        self._refuse()
        process = self._process
        if process is None:
            return "failed", told(msgid("no machine of the run has a usable address"))
        stopped = self._listen(process)
        if stopped is not None:
            self._drain(process)
            if self._reader.end is None:
                return stopped
            return verdict(self._reader.end, 0)
        self._flush()
        self._reader.close()
        try:
            exit_code: int | None = process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            exit_code = None
        how, message = verdict(self._reader.end, exit_code)
        if how == "successful" and self._made.refused:
            return "failed", told(
                msgid("{count} {count:machine|machines} failed"), count=len(self._made.refused)
            )
        output = clean(self.folder.tail(), 1500) if how == "crashed" else ""
        return how, told("{why}\n{output}", why=message, output=output) if output else message

    def _listen(self, process: subprocess.Popen[bytes]) -> tuple[str, str] | None:
        """Read the pipe to its end, delivering batches; why it was stopped, if it was."""
        assert process.stdout is not None  # noqa: S101 for the type checker: it is a PIPE
        pipe = process.stdout.fileno()
        limit = time.monotonic() + self.order.limit_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            selector.register(self._wake_out, selectors.EVENT_READ)
            while True:
                due = self._batch_since + BATCH_SECONDS if self._batch else limit
                ready = selector.select(max(0.0, min(due, limit) - time.monotonic()))
                if any(key.fd == pipe for key, _mask in ready):
                    data = os.read(pipe, 1 << 18)
                    if not data:
                        return None
                    self._collect(self._reader.feed(data, self._clock.now()))
                if self._cancelled.is_set():
                    return "cancelled", told(msgid("stopped on request"))
                now = time.monotonic()
                if now >= limit:
                    return "timeout", told(
                        msgid("stopped after its limit of {seconds:g} {seconds:second|seconds}"),
                        seconds=self.order.limit_seconds,
                    )
                if self._batch and now >= self._batch_since + BATCH_SECONDS:
                    self._flush()

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the run, then deliver what it had said before."""
        kill([self.folder.marker])
        assert process.stdout is not None  # noqa: S101 for the type checker: it is a PIPE
        while data := os.read(process.stdout.fileno(), 1 << 18):
            self._collect(self._reader.feed(data, self._clock.now()))
        self._flush()

    def _refuse(self) -> None:
        """Machines that Ansible is not given have their result at once."""
        self._collect(
            [
                HostEvent(
                    run_id=self.order.run_id,
                    machine_id=machine,
                    counter=self._reader.number(),
                    task=_("Find the machine"),
                    status="unreachable",
                    message=message,
                    at=self._clock.now(),
                    seconds=None,
                )
                for machine, message in self._made.refused.items()
            ]
        )
        self._flush()

    def _collect(self, events: list[HostEvent]) -> None:
        if events and not self._batch:
            self._batch_since = time.monotonic()
        self._unended -= {
            event.machine_id
            for event in events
            if event.report is not None or event.status in ("failed", "unreachable")
        }
        self._batch += events
        if len(self._batch) >= BATCH_SIZE:
            self._flush()

    def _flush(self) -> None:
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        try:
            self._sink.host_events(batch)
        except Exception as error:
            log.exception("run %s: results could not be recorded", self.order.ident)
            raise SinkFailed from error

    def _clear_up(self, how: str, message: str | None) -> tuple[str, str | None]:
        """No process of the run and no secret survives it."""
        try:
            if self._process is not None:
                kill([self.folder.marker])
                self._process.kill()
                self._process.wait()
        except StillAlive as error:
            log.critical("run %s: %s", self.order.ident, error)
            how, message = "crashed", told("{why}: {error}", why=message or how, error=str(error))
        finally:
            if self._process is not None:
                with self._talking:
                    for stream in (self._process.stdin, self._process.stdout):
                        if stream is not None:
                            stream.close()
        try:
            self.folder.close(self._secrets)
        except OSError:
            log.exception("run %s: its folder could not be tidied", self.order.ident)
        return how, message

    def _deliver_end(self, end: RunEnd) -> None:
        """The last word may meet a busy database; after several refusals it stays in the log."""
        for attempt in range(1, DELIVERIES + 1):
            try:
                self._sink.run_ended(end)
                return
            except Exception:
                log.exception("run %s: its end could not be recorded (%d)", end, attempt)
                time.sleep(0.2 * attempt)
