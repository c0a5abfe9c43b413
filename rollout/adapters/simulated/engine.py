"""An engine whose PCs exist in this process only, and whose time is that of a simulated clock."""

import heapq
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rollout.adapters.simulated.clock import SimulatedClock
from rollout.adapters.simulated.fate import Ending, Fate, Fates
from rollout.application import arrival
from rollout.application.arrival_words import Arming, Booting, BootOrder
from rollout.application.choosing import KEEPS_THE_PC
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
_FAILURES = ("failed", "unreachable")
LATE = timedelta(minutes=40)
"""How long after its deadline a late PC reports itself."""
CALLED = timedelta(minutes=15)
"""Until the people at a PC that does not answer have looked after it."""


@dataclass(slots=True)
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


@dataclass(slots=True)
class _Moment:
    """What happens at one moment: PCs that check in with their tokens, PCs to be armed, and
    results by run."""

    arrivals: list[tuple[SimulatedPc, str]] = field(default_factory=list)
    arming: list[tuple[SimulatedRun, HostOrder, Fate]] = field(default_factory=list)
    results: dict[int, list[HostEvent]] = field(default_factory=dict)


class SimulatedEngine:
    """Fulfils the port `RunEngine`. Nothing happens by itself: `play` lets time pass.

    What ends within the same `beat` is delivered together, at the end of the beat, as a real
    engine delivers in batches. PCs arm, boot and check in through the application's own doors,
    those of one moment together, as over HTTP. A PC is remembered from its reimage until it has
    passed a later step: a large fleet has no place in memory.
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
        self._agenda: list[datetime] = []
        self._moments: dict[datetime, _Moment] = {}

    # --- the port

    def start(self, order: RunOrder, sink: EventSink) -> None:
        """Draw the fate of every machine of the order."""
        run = self._runs[order.run_id] = SimulatedRun(order, sink)
        word = order.playbook.removesuffix(".yml")
        begin = self._clock.now() + self._start
        for host in order.hosts:
            pc = self._pc(host)
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
                self._at(self._after(begin, ARMING_MINUTES)).arming.append((run, host, fate))
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
        return self._agenda[0] if self._agenda else None

    def play(self, until: datetime) -> None:
        """Let everything happen up to `until`; the clock goes along."""
        while self._agenda and self._agenda[0] <= until:
            moment = heapq.heappop(self._agenda)
            self._clock.advance(moment)
            happening = self._moments.pop(moment)
            self._check_in(happening.arrivals)
            self._arm(happening.arming)
            self._deliver(happening.results)
        self._clock.advance(until)

    def look_after(self, machine_id: int) -> None:
        """Somebody goes to a PC that does not answer and switches it on."""
        pc = self._pcs.get(machine_id)
        if pc is not None:
            pc.answers = True

    def _at(self, moment: datetime) -> _Moment:
        if moment not in self._moments:
            self._moments[moment] = _Moment()
            heapq.heappush(self._agenda, moment)
        return self._moments[moment]

    def _after(self, begin: datetime, minutes: float) -> datetime:
        """The end of the beat in which something ends that takes so long."""
        ends = (begin + timedelta(minutes=minutes)).timestamp()
        return datetime.fromtimestamp(math.ceil(ends / self._beat) * self._beat, UTC)

    # --- what PCs do

    def _pc(self, host: HostOrder) -> SimulatedPc:
        known = self._pcs.get(host.machine_id)
        return known or SimulatedPc(host.values["rollout_serial"])

    def _pass(self, run: SimulatedRun, host: HostOrder, fate: Fate, begin: datetime) -> None:
        moment = self._after(begin, fate.minutes)
        if fate.ending is Ending.DONE:
            if Step(host.values["rollout_step"]) not in KEEPS_THE_PC:
                self._pcs.pop(host.machine_id, None)
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

    def _arm(self, asked: Sequence[tuple[SimulatedRun, HostOrder, Fate]]) -> None:
        now = self._clock.now()
        asked = [one for one in asked if one[0].order.run_id in self._runs]
        if not asked:
            return
        words = []
        for _run, host, _fate in asked:
            pc = self._pc(host)
            words.append(Arming(host.secrets["rollout_arm_token"], pc.serial, pc.boot_id))
        armed: list[tuple[HostOrder, Fate]] = []
        for (run, host, fate), refused in zip(
            asked, arrival.arm_together(self._database, words, at=now), strict=True
        ):
            if refused is not None:
                self._tell(run, host, now, "Arm the PC", status="failed", message=str(refused))
                continue
            self._tell(run, host, now, "Arm the PC", report={**_report(host), "armed": True})
            armed.append((host, fate))
        if armed:
            self._boot(armed, now)

    def _boot(self, armed: Sequence[tuple[HostOrder, Fate]], now: datetime) -> None:
        asking = [Booting(self._pc(host).serial, None) for host, _fate in armed]
        orders = arrival.boot_together(self._database, self._settings, asking, at=now)
        for (host, fate), order in zip(armed, orders, strict=True):
            if order.check_in_token is not None:
                self._rewrite(host, fate, order, order.check_in_token, now)

    def _rewrite(
        self, host: HostOrder, fate: Fate, order: BootOrder, token: str, now: datetime
    ) -> None:
        pc = self._pcs[host.machine_id] = self._pc(host)
        pc.stamp, pc.image_id = order.epoch or 0, order.image_id or ""
        pc.boot_id, pc.answers = f"boot-{pc.stamp}", fate.ending is Ending.DONE
        deadline = now + self._settings.deadline(Step.REIMAGE)
        if fate.ending is not Ending.DONE:
            self._at(self._after(deadline, 0))  # the daemon looks then
        if fate.ending is Ending.DONE:
            self._at(self._after(now, fate.minutes)).arrivals.append((pc, token))
        elif fate.ending is Ending.LATE:
            self._at(self._after(deadline + LATE, 0)).arrivals.append((pc, token))

    def _check_in(self, arrivals: Sequence[tuple[SimulatedPc, str]]) -> None:
        """Whoever was settled in the meantime is told so, and works on."""
        if not arrivals:
            return
        reports = []
        for pc, token in arrivals:
            pc.answers = True
            reports.append(
                {
                    "token": token,
                    "serial": pc.serial,
                    "image_id": pc.image_id,
                    "boot_id": pc.boot_id,
                }
            )
        at = self._clock.now()
        arrival.check_in_together(self._database, self._settings, reports, at=at)

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
        event = HostEvent(
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
        self._at(moment).results.setdefault(run.order.run_id, []).append(event)

    def _deliver(self, results: Mapping[int, Sequence[HostEvent]]) -> None:
        """What runs of the same sink say is delivered together, and then which of them are over."""
        by_sink: dict[EventSink, list[int]] = {}
        for run_id in results:
            if run_id in self._runs:
                by_sink.setdefault(self._runs[run_id].sink, []).append(run_id)
        for sink, run_ids in by_sink.items():
            sink.host_events([event for run_id in run_ids for event in results[run_id]])
            ends = []
            for run_id in run_ids:
                run = self._runs[run_id]
                run.left -= {event.machine_id for event in results[run_id]}
                run.failed |= any(event.status in _FAILURES for event in results[run_id])
                if not run.left:
                    del self._runs[run_id]
                    ends.append(RunEnd(run_id, "failed" if run.failed else "successful"))
            if ends:
                sink.run_ended(*ends)


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
