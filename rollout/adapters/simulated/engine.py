"""An engine whose PCs exist in this process only, and whose time is that of a simulated clock."""

import heapq
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollout.adapters.simulated.clock import SimulatedClock
from rollout.adapters.simulated.fate import Ending, Fate, Fates
from rollout.application import arrival
from rollout.application.arrival_words import ArrivalRefused
from rollout.application.ports import EventSink, HostEvent, HostOrder, RunEnd, RunOrder
from rollout.domain.machine import Step
from rollout.settings import Settings
from rollout.store.database import Database

RECHECK = "recheck.yml"
LEAVING = ("disk_encryption", "vpn")
"""What step enable proves at once; the PIN is chosen by the user after the hand-over."""
PIN = "encryption_pin"
CONTROLS = ("edr", "disk_encryption", "firewall", "proxy", "updates")
ARMING_MINUTES = 2.0
PROBE_MINUTES = 1.0
LATE = timedelta(minutes=40)
"""How long after its deadline a late PC reports itself."""
CALLED = timedelta(minutes=15)
"""Until the people at a PC that does not answer have looked after it."""


@dataclass
class SimulatedPc:
    """What a PC would say of itself. `answers` is False while it is off or stuck."""

    serial: str
    boot_id: str = "boot-0"
    image_id: str = ""
    stamp: int = 0
    answers: bool = True


class SimulatedRun:
    """A run at work: its order, its sink, and the machines that have not ended."""

    def __init__(self, order: RunOrder, sink: EventSink) -> None:
        self.order = order
        self.sink = sink
        self.left = {host.machine_id for host in order.hosts}
        self.failed = False
        self.counter = itertools.count(1)


class SimulatedEngine:
    """Fulfils the port `RunEngine`. Nothing happens by itself: `play` lets time pass.

    What ends within the same `beat` is delivered together, at the end of the beat, as a real
    engine delivers in batches. PCs arm, boot and check in through the application's own doors.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        clock: SimulatedClock,
        fates: Fates,
        *,
        beat: timedelta = timedelta(minutes=30),
        start_seconds: float = 0.0,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._fates = fates
        self._beat = beat.total_seconds()
        self._start = timedelta(seconds=start_seconds)
        self._pcs: dict[int, SimulatedPc] = {}
        self._runs: dict[int, SimulatedRun] = {}
        self._agenda: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._deliveries: dict[tuple[int, datetime], list[HostEvent]] = {}

    # --- the port

    def start(self, order: RunOrder, sink: EventSink) -> None:
        """Draw the fate of every machine of the order."""
        run = self._runs[order.run_id] = SimulatedRun(order, sink)
        word = order.playbook.removesuffix(".yml")
        begin = self._clock.now() + self._start
        for host in order.hosts:
            pc = self._pcs.setdefault(host.machine_id, SimulatedPc(host.values["rollout_serial"]))
            if order.playbook == RECHECK:
                self._measure(run, host, pc, begin)
                continue
            if word not in set(Step):
                self._answer(run, host, pc, begin)
                continue
            step = Step(word)
            fate = self._fates(
                host.values["rollout_asset_tag"], step, host.values["rollout_attempt"]
            )
            if step.proven_by_check_in and fate.ending is not Ending.FAILED:
                self._reimage(run, host, pc, fate, begin)
            else:
                self._pass(run, host, fate, begin)

    def cancel(self, run_id: int) -> bool:
        """Stop a run at once."""
        run = self._runs.pop(run_id, None)
        if run is None:
            return False
        run.sink.run_ended(RunEnd(run_id, "cancelled", "stopped on request"))
        return True

    def alive(self) -> frozenset[int]:
        """The runs whose end has not been delivered yet."""
        return frozenset(self._runs)

    def sweep(self, idents: Sequence[str]) -> int:
        """A simulated run leaves no process behind."""
        return 0

    def close(self) -> None:
        """Stop everything that runs."""
        for run_id in list(self._runs):
            self.cancel(run_id)

    def log(self, ident: str) -> Path | None:
        """Nothing is printed."""
        return None

    # --- time

    def next_moment(self) -> datetime | None:
        """When something happens next."""
        return self._agenda[0][0] if self._agenda else None

    def play(self, until: datetime) -> None:
        """Let everything happen up to `until`; the clock goes along."""
        while self._agenda and self._agenda[0][0] <= until:
            moment, _number, act = heapq.heappop(self._agenda)
            self._clock.advance(moment)
            act()
        self._clock.advance(until)

    def look_after(self, machine_id: int) -> None:
        """Somebody goes to a PC that does not answer and switches it on."""
        pc = self._pcs.get(machine_id)
        if pc is not None:
            pc.answers = True

    def _at(self, moment: datetime, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._numbers), act))

    def _after(self, begin: datetime, minutes: float) -> datetime:
        """The end of the beat in which something ends that takes so long."""
        ends = (begin + timedelta(minutes=minutes)).timestamp()
        return datetime.fromtimestamp(math.ceil(ends / self._beat) * self._beat, UTC)

    # --- what PCs do

    def _pass(self, run: SimulatedRun, host: HostOrder, fate: Fate, begin: datetime) -> None:
        moment = self._after(begin, fate.minutes)
        if fate.ending is Ending.DONE:
            self._tell(run, host, moment, "Report success of the step", report=_report(host))
        elif fate.ending is Ending.FAILED:
            self._tell(run, host, moment, fate.task, status="failed", message=fate.message)
        else:
            message = "no answer: is the PC switched on?"
            self._tell(run, host, moment, "Find the PC", status="unreachable", message=message)

    def _measure(
        self, run: SimulatedRun, host: HostOrder, pc: SimulatedPc, begin: datetime
    ) -> None:
        """The owner has had the PC for a while, and has chosen the PIN."""
        moment = self._after(begin, PROBE_MINUTES)
        if not pc.answers:
            self._tell(run, host, moment, "Find the PC", status="unreachable", message="no answer")
            return
        said = {"step": "recheck", "epoch": host.epoch, "evidence": _evidence((*LEAVING, PIN))}
        self._tell(run, host, moment, "Report what was found", report=said)

    def _answer(self, run: SimulatedRun, host: HostOrder, pc: SimulatedPc, begin: datetime) -> None:
        moment = self._after(begin, PROBE_MINUTES)
        if not pc.answers:
            self._tell(run, host, moment, "Find the PC", status="unreachable", message="no answer")
            return
        said = {
            "serial": pc.serial,
            "stamp_epoch": pc.stamp,
            "image_id": pc.image_id,
            "boot_id": pc.boot_id,
        }
        self._tell(run, host, moment, "Report the stamp", report=said)

    def _reimage(
        self, run: SimulatedRun, host: HostOrder, pc: SimulatedPc, fate: Fate, begin: datetime
    ) -> None:
        armed_at = self._after(begin, ARMING_MINUTES)

        def arm() -> None:
            if run.order.run_id not in self._runs:
                return
            now = self._clock.now()
            try:
                arrival.arm(
                    self._database,
                    token=host.secrets["rollout_arm_token"],
                    serial=pc.serial,
                    boot_id=pc.boot_id,
                    at=now,
                )
            except ArrivalRefused as refused:
                self._tell(run, host, now, "Arm the PC", status="failed", message=str(refused))
                return
            self._tell(run, host, now, "Arm the PC", report={**_report(host), "armed": True})
            self._boot(host, pc, fate)

        self._at(armed_at, arm)

    def _boot(self, host: HostOrder, pc: SimulatedPc, fate: Fate) -> None:
        now = self._clock.now()
        order = arrival.boot(self._database, self._settings, serial=pc.serial, mac=None, at=now)
        if order.check_in_token is None:
            return
        pc.stamp, pc.image_id = order.epoch or 0, order.image_id or ""
        pc.boot_id, pc.answers = f"boot-{pc.stamp}", fate.ending is Ending.DONE
        deadline = now + self._settings.deadline(Step.REIMAGE)
        token = order.check_in_token
        if fate.ending is Ending.SILENT:
            self._at(self._after(deadline, 0), lambda: None)
            return
        moment = self._after(now, fate.minutes)
        if fate.ending is Ending.LATE:
            self._at(self._after(deadline, 0), lambda: None)
            moment = self._after(deadline + LATE, 0)

        def check_in() -> None:
            pc.answers = True
            report = {
                "token": token,
                "serial": pc.serial,
                "image_id": pc.image_id,
                "boot_id": pc.boot_id,
            }
            try:
                arrival.check_in(self._database, self._settings, report, at=self._clock.now())
            except ArrivalRefused:
                # Somebody has settled it in the meantime: the PC is told so, and works on.
                return

        self._at(moment, check_in)

    def _tell(
        self,
        run: SimulatedRun,
        host: HostOrder,
        moment: datetime,
        task: str,
        *,
        status: str = "ok",
        message: str | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> None:
        """Put a result into the run's delivery of that moment."""
        key = (run.order.run_id, moment)
        if key not in self._deliveries:
            self._deliveries[key] = []
            self._at(moment, lambda: self._deliver(key))
        self._deliveries[key].append(
            HostEvent(
                run_id=run.order.run_id,
                machine_id=host.machine_id,
                counter=next(run.counter),
                task=task,
                status=status,
                message=message,
                at=moment,
                seconds=None,
                report=report,
            )
        )

    def _deliver(self, key: tuple[int, datetime]) -> None:
        events = self._deliveries.pop(key)
        run = self._runs.get(key[0])
        if run is None:
            return
        run.sink.host_events(events)
        run.left -= {event.machine_id for event in events}
        run.failed |= any(event.status in ("failed", "unreachable") for event in events)
        if not run.left:
            del self._runs[key[0]]
            how = "failed" if run.failed else "successful"
            run.sink.run_ended(RunEnd(key[0], how))


def _report(host: HostOrder) -> dict[str, Any]:
    step = host.values["rollout_step"]
    report: dict[str, Any] = {"step": step, "epoch": host.epoch}
    if step == Step.VERIFY:
        report["evidence"] = _evidence(CONTROLS)
    if step == Step.ENABLE:
        report["evidence"] = [*_evidence(LEAVING), *_evidence((PIN,), "pending")]
    return report


def _evidence(controls: Sequence[str], verdict: str = "pass") -> list[dict[str, str]]:
    return [
        {"control": name, "value": "on", "verdict": verdict, "source": "simulated"}
        for name in controls
    ]
