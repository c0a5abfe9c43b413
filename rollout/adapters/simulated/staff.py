"""The IT staff of a simulated programme: what operators do every morning, by the use cases."""

import zlib
from datetime import date, datetime, timedelta

from rollout.adapters.simulated.engine import SimulatedEngine
from rollout.application import machines, waves
from rollout.application.machines import Filter
from rollout.application.operators import Operator
from rollout.application.takehome import decisions as takeouts
from rollout.application.takehome.decisions import Wish
from rollout.application.takehome.outlook import Leave, outlook
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.takeout import TakeoutVerb
from rollout.domain.wave import WaveState, WaveVerb
from rollout.settings import OperatorRole, Settings
from rollout.store.database import Database

DAYS_AHEAD = timedelta(days=14)
"""So long before its first day a wave is submitted and approved."""
EVERYBODY = 10_000
ONE_OF_SO_MANY_APPLIES = 3
AT_ONCE = 500
"""Applications that are handed in, and decided, together."""
PERIOD = timedelta(days=89)

PLANNER = Operator("sato", OperatorRole.OPERATOR)
APPROVER = Operator("suzuki", OperatorRole.APPROVER)


class Staff:
    """A planner, who submits and mends, and an approver."""

    def __init__(self, database: Database, settings: Settings, engine: SimulatedEngine) -> None:
        self._database, self._settings = database, settings
        self._engine = engine

    def morning(self, today: date, at: datetime) -> None:
        """Look after every machine that needs a person, then after the waves; on Mondays people
        apply to take their PCs out."""
        if today.weekday() == 0:
            self._take_out(today, at)
        self._release_held(at)
        self._mend(at)
        for view in waves.listing(self._database):
            wave, state = view.wave, WaveState(view.wave.state)
            if state is WaveState.PLANNED and wave.first_day <= today + DAYS_AHEAD:
                waves.move(self._database, wave.number, WaveVerb.SUBMIT, PLANNER, at)
                waves.move(self._database, wave.number, WaveVerb.APPROVE, APPROVER, at)
            elif state is WaveState.HALTED:
                why = "the machines were looked after"
                waves.move(self._database, wave.number, WaveVerb.RESUME, PLANNER, at, why)

    def _take_out(self, today: date, at: datetime) -> None:
        """Some of those whose PC may leave want to, and are allowed to."""
        wishes = [
            Wish(pc.tag, pc.staff_number, today, today + PERIOD, "自宅", "テレワーク")
            for one in outlook(self._database, self._settings, at, in_use=True)
            if one.may_go.when is Leave.NOW and (pc := one.pc).application is None
            if zlib.crc32(pc.tag.encode()) % ONE_OF_SO_MANY_APPLIES == 0
        ]
        for start in range(0, len(wishes), AT_ONCE):
            with self._database.write() as session:
                numbers = [
                    takeouts.enter(session, self._settings, wish, PLANNER, at)
                    for wish in wishes[start : start + AT_ONCE]
                ]
            takeouts.decide_together(
                self._database, self._settings, numbers, TakeoutVerb.APPROVE, APPROVER, at
            )

    def _release_held(self, at: datetime) -> None:
        """Machines that failed twice alike were repaired; the next look retries them."""
        held = self._in_states(MachineState.HELD)
        if held:
            tags = [joined.machine.asset_tag for joined in held]
            machines.move(self._database, tags, MachineVerb.RELEASE, PLANNER, at)

    def _mend(self, at: datetime) -> None:
        for joined in self._in_states(
            MachineState.FAILED, MachineState.SILENT, MachineState.UNKNOWN
        ):
            self._engine.look_after(joined.machine.id or 0)
            if joined.machine.state != MachineState.UNKNOWN:  # the daemon asks these by itself
                machines.retry(
                    self._database,
                    joined.machine.asset_tag,
                    PLANNER,
                    at,
                    reason="looked after on site",
                )

    def _in_states(self, *states: MachineState) -> list[machines.Joined]:
        wanted = Filter(states=tuple(state.value for state in states))
        return machines.listing(self._database, wanted, limit=EVERYBODY)
