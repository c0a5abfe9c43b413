"""Operators who do what comes to their mind, and PCs that go wrong."""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from _torture.daemons import environment
from _torture.world import APPROVER, GENERATIONS, OPERATOR, SITES, Programme
from rollout.adapters.clock import SystemClock
from rollout.application import machines, runs, stops, waves
from rollout.application.operators import Operator
from rollout.domain.errors import RolloutError
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.run import ALIVE, RunState
from rollout.domain.stop import StopScope
from rollout.domain.wave import WaveState, WaveVerb
from rollout.i18n.labels import explained
from rollout.lab.faults import clear_fault, set_fault
from rollout.lab.windows import registry
from rollout.lab.windows.state import PcFolder
from rollout.store import claims
from rollout.store.faults import unavailable
from rollout.store.tables import Machine

TROUBLED = (MachineState.FAILED, MachineState.SILENT, MachineState.UNKNOWN)
BY_COMMAND_LINE = 0.15
"""The part of the commands that goes through the real `rollout` instead of the use cases."""
_WHY = "because"


class Operators:
    """One random command after the other; refusals are answers, anything else is a finding."""

    def __init__(self, programme: Programme, dice: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.faults: list[str] = []
        self._programme = programme
        self._database = programme.database
        self._clock = SystemClock()
        self._dice = dice
        self._tags = list(programme.pcs)
        self._acts: dict[Callable[[], None], int] = {
            self._hold: 3,
            self._release: 6,
            self._retry: 12,
            self._look_and_settle: 3,
            self._pause: 1,
            self._halt: 1,
            self._go_on: 6,
            self._stop_a_part: 1,
            self._end_stops: 3,
            self._cancel_run: 3,
            self._approve: 4,
            self._exclude: 1,
            self._readmit: 2,
            self._break_pcs: 6,
            self._mend_pcs: 6,
        }

    def act(self) -> None:
        """Do something."""
        act = self._dice.choices(list(self._acts), list(self._acts.values()))[0]
        name = act.__name__.strip("_").replace("_", " ")
        self.done[name] += 1
        try:
            act()
        except RolloutError as refusal:
            self.refused[f"{name}: {explained(refusal)[:60]}"] += 1
        except Exception as error:  # noqa: BLE001  (reported as evidence)
            if unavailable(error) is not None:
                self.refused["the database was away"] += 1
                return
            self.faults.append(f"{name}: {type(error).__name__}: {error}")

    def mend_everything(self) -> None:
        """Every PC works from now on, and nothing is stopped."""
        for tag in self._tags:
            self._clear(tag)
        self._end_stops()

    def go_on_everywhere(self) -> None:
        """Every wave that was paused or halted goes on."""
        for view in waves.listing(self._database):
            if view.wave.state in (WaveState.PAUSED, WaveState.HALTED):
                self._move_wave(view.wave.number, WaveVerb.RESUME)

    def pause_everything(self) -> None:
        """Nothing further begins; what has begun goes on."""
        for view in waves.listing(self._database):
            if view.wave.state == WaveState.RUNNING:
                self._move_wave(view.wave.number, WaveVerb.PAUSE)

    def settle_what_is_left(self) -> int:
        """Release and ask about every machine whose reimage is in doubt; how many there were."""
        doubtful = [
            machine
            for machine in self._all()
            if machine.step == Step.REIMAGE
            and (machine.held_from or machine.state)
            in (MachineState.SILENT, MachineState.UNKNOWN, MachineState.REIMAGING)
        ]
        for machine in doubtful:
            try:
                if machine.state == MachineState.HELD:
                    self._move([machine.asset_tag], MachineVerb.RELEASE)
                elif machine.state != MachineState.REIMAGING:
                    machines.retry(
                        self._database, machine.asset_tag, self._who(), self._now(), reason=_WHY
                    )
            except RolloutError as refusal:
                self.refused[f"settle: {explained(refusal)[:60]}"] += 1
        return len(doubtful)

    def _hold(self) -> None:
        tags = self._dice.sample(self._tags, self._dice.randint(1, 2))
        self._move(tags, MachineVerb.HOLD)

    def _release(self) -> None:
        self._move(self._some(3, MachineState.HELD), MachineVerb.RELEASE)

    def _exclude(self) -> None:
        tags = self._some(1, MachineState.HELD, MachineState.FAILED, MachineState.CLEARED)
        self._move(tags, MachineVerb.EXCLUDE)

    def _readmit(self) -> None:
        tags = self._some(1, MachineState.EXCLUDED)
        self._move(tags, MachineVerb.READMIT)
        self._move(tags, MachineVerb.PLAN)

    def _retry(self) -> None:
        for tag in self._some(6, *TROUBLED):
            if self._dice.random() < BY_COMMAND_LINE:
                self._type("machine", "retry", tag, "--reason", _WHY)
            else:
                machines.retry(self._database, tag, self._who(), self._now(), reason=_WHY)

    def _look_and_settle(self) -> None:
        """An approver goes to a PC in doubt and says what stands there, once it stands still."""
        for tag in self._some(2, MachineState.SILENT, MachineState.UNKNOWN):
            found = self._look(tag)
            if found is not None:
                machines.retry(
                    self._database,
                    tag,
                    Operator.named(APPROVER, self._programme.settings.roles),
                    self._now(),
                    reason="seen at the PC",
                    settled=found,
                )

    def _look(self, tag: str) -> machines.Settled | None:
        with self._database.read() as session:
            machine = next(m for m in self._all() if m.asset_tag == tag)
            claim = claims.latest(session, machine.id or 0, Step.REIMAGE)
        pc = PcFolder(self._programme.lab / "pcs" / self._programme.pcs[tag].computer_name)
        state = pc.read()
        restarts = (pc.requests / f"{pc.name}.reboot").exists() or state["firmware"]["boot_once"]
        if claim is None or state["power"] != "on" or pc.install_file.exists() or restarts:
            return None
        stamp = registry.value(state, registry.ROLLOUT, "StampEpoch", 0)
        done = int(stamp or 0) == claim.id
        return machines.Settled.DONE if done else machines.Settled.NOT_STARTED

    def _pause(self) -> None:
        self._move_wave(self._wave(WaveState.RUNNING), WaveVerb.PAUSE)

    def _halt(self) -> None:
        self._move_wave(self._wave(WaveState.RUNNING, WaveState.PAUSED), WaveVerb.HALT)

    def _go_on(self) -> None:
        self._move_wave(self._wave(WaveState.PAUSED, WaveState.HALTED), WaveVerb.RESUME)

    def _approve(self) -> None:
        """Take one wave a step nearer to its start."""
        number = self._wave(WaveState.PLANNED, WaveState.AWAITING_APPROVAL, WaveState.APPROVED)
        state = waves.show(self._database, number)[0].wave.state
        verb, who = {
            WaveState.PLANNED.value: (WaveVerb.SUBMIT, OPERATOR),
            WaveState.AWAITING_APPROVAL.value: (WaveVerb.APPROVE, APPROVER),
            WaveState.APPROVED.value: (WaveVerb.START, OPERATOR),
        }[state]
        self._move_wave(number, verb, who)

    def begin_waves(self, count: int) -> None:
        """The first waves are submitted, approved and started."""
        for number in range(1, count + 1):
            self._move_wave(number, WaveVerb.SUBMIT)
            self._move_wave(number, WaveVerb.APPROVE, APPROVER)
            self._move_wave(number, WaveVerb.START)

    def _stop_a_part(self) -> None:
        scope, target = self._dice.choice(
            [
                (StopScope.ALL, ""),
                (StopScope.GENERATION, self._dice.choice(GENERATIONS)),
                (StopScope.SITE, self._dice.choice(SITES)),
            ]
        )
        stops.halt(self._database, scope, target, self._who(), self._now(), _WHY)

    def _end_stops(self) -> None:
        for stop in stops.in_force(self._database):
            scope = StopScope(stop.scope)
            stops.resume(self._database, scope, stop.target, self._who(), self._now(), _WHY)

    def _cancel_run(self) -> None:
        alive = [
            view.run for view in runs.listing(self._database) if RunState(view.run.state) in ALIVE
        ]
        if alive:
            run = self._dice.choice(alive)
            runs.cancel(self._database, run.id or 0, self._who(), self._now(), _WHY)

    def _break_pcs(self) -> None:
        for tag in self._dice.sample(self._tags, max(1, len(self._tags) // 40)):
            fault: dict[str, object] = self._dice.choice(
                [
                    {"fails_at": self._dice.choice(list(Step)).value},
                    {"silent_after_reimage": True},
                    {"silent_after_reimage": True},
                    {"slow": self._dice.choice((1, 3, 8))},
                    {"wrong_serial": True},
                    {"powered_off": True},
                    {"no_boot": True},
                ]
            )
            set_fault(self._programme.lab, self._programme.pcs[tag].computer_name, **fault)

    def _mend_pcs(self) -> None:
        for tag in self._dice.sample(self._tags, max(1, len(self._tags) // 20)):
            self._clear(tag)

    def _clear(self, tag: str) -> None:
        clear_fault(self._programme.lab, self._programme.pcs[tag].computer_name)

    def _move(self, tags: Sequence[str], verb: MachineVerb) -> None:
        if not tags:
            return
        typed = verb is not MachineVerb.PLAN and self._dice.random() < BY_COMMAND_LINE
        if typed:
            self._type("machine", verb.value, *tags, "--reason", _WHY)
        else:
            machines.move(self._database, tags, verb, self._who(), self._now(), reason=_WHY)

    def _move_wave(self, number: int, verb: WaveVerb, who: str = OPERATOR) -> None:
        if not number:
            return
        if self._dice.random() < BY_COMMAND_LINE:
            why = ("--reason", _WHY) if verb in waves.NEEDS_A_REASON else ()
            self._type("--actor", who, "wave", verb.value, str(number), *why)
        else:
            actor = Operator.named(who, self._programme.settings.roles)
            waves.move(self._database, number, verb, actor, self._now(), _WHY)

    def _type(self, *words: str) -> None:
        """Type a command; 0, 1 and 3 are answers, and no traceback is ever shown."""
        done = subprocess.run(
            [sys.executable, "-m", "rollout.cli", *words],
            env=environment(self._programme.configuration),
            cwd=self._programme.root,
            capture_output=True,
            text=True,
            check=False,
        )
        self.done["typed"] += 1
        said = done.stderr.strip()
        if done.returncode not in (0, 1, 3) or "Traceback" in said or "defect" in said:
            self.faults.append(f"rollout {' '.join(words)}: {done.returncode}: {said[-500:]}")

    def _wave(self, *states: WaveState) -> int:
        """A wave in one of these states; 0 when there is none."""
        found = [
            view.wave.number for view in waves.listing(self._database) if view.wave.state in states
        ]
        return self._dice.choice(found) if found else 0

    def _some(self, count: int, *states: MachineState) -> list[str]:
        found = [machine.asset_tag for machine in self._all() if machine.state in states]
        return self._dice.sample(found, min(count, len(found)))

    def _all(self) -> list[Machine]:
        rows = machines.listing(self._database, machines.Filter(), limit=100_000)
        return [row.machine for row in rows]

    def _who(self) -> Operator:
        return Operator.named(OPERATOR, self._programme.settings.roles)

    def _now(self) -> datetime:
        return self._clock.now()
