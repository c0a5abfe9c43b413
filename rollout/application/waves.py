"""What operators do with waves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rollout.application import gates
from rollout.application.gates import Progress
from rollout.application.operators import Operator
from rollout.domain.errors import NeedsApproval, RolloutError
from rollout.domain.gates import Reading, deciding
from rollout.domain.machine import DONE, MachineState, MachineVerb
from rollout.domain.wave import WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.i18n.told import told
from rollout.settings import OperatorRole, Settings
from rollout.store import machines, spares, tranches, transitions, waves
from rollout.store.database import Database
from rollout.store.tables import AuditRow, Machine, Wave

NEEDS_A_REASON = frozenset({WaveVerb.HALT, WaveVerb.CANCEL, WaveVerb.PAUSE, WaveVerb.WITHDRAW})


class WaveRefused(RolloutError):
    """The wave cannot do this; the message says what is missing."""


_OVER = (WaveState.DONE, WaveState.CANCELLED)
_RANKS: Sequence[Collection[WaveState]] = (
    (WaveState.HALTED,),
    (WaveState.RUNNING, WaveState.PAUSED),
    (WaveState.SOAKING,),
    (WaveState.AWAITING_APPROVAL, WaveState.APPROVED),
    (WaveState.PLANNED, WaveState.DRAFT),
    (WaveState.DONE,),
    (WaveState.CANCELLED,),
)


@dataclass(frozen=True)
class WaveView:
    """A wave as listings show it."""

    wave: Wave
    counts: Mapping[str, int]

    @property
    def size(self) -> int:
        """How many machines it has."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many of them are through."""
        return sum(self.counts.get(state, 0) for state in DONE)


def listing(database: Database) -> list[WaveView]:
    """Every wave with its machines by state."""
    with database.read() as session:
        counts = waves.counts(session)
        return [WaveView(wave, counts.get(wave.id or 0, {})) for wave in waves.all_of(session)]


def foremost(database: Database, limit: int) -> list[Wave]:
    """What moves before what waits, and that before what is over; of these the newest first."""
    with database.read() as session:
        return list(waves.ranked(session, _RANKS, _OVER, limit))


def show(database: Database, number: int) -> tuple[WaveView, list[machines.Joined]]:
    """One wave and its machines. Raises NotFound."""
    with database.read() as session:
        wave = waves.by_number(session, number)
        counts = waves.counts(session).get(wave.id or 0, {})
        rows = machines.listing(session, machines.Filter(waves=(number,)), limit=100_000)
        rows = spares.beside(session, rows)
        return WaveView(wave, counts), rows


@dataclass(frozen=True)
class WaveStanding:
    """A wave with its tranches and gates, and everything that happened to it, oldest first."""

    view: WaveView
    progress: Progress
    history: Sequence[AuditRow]

    @property
    def kept_back(self) -> list[Reading]:
        """The gates for which the first machines wait; none once they were let begin."""
        return [] if self.progress.tranche else deciding(list(self.progress.readings))


def standing(database: Database, settings: Settings, number: int, at: datetime) -> WaveStanding:
    """How a wave stands, without the list of its machines. Raises NotFound."""
    with database.read() as session:
        wave = waves.by_number(session, number)
        wave_id = wave.id or 0
        return WaveStanding(
            WaveView(wave, machines.counts(session, wave_id)),
            gates.progress(session, settings, wave, at),
            waves.history_of(session, wave_id),
        )


def await_successors(
    settings: Settings, listed: Sequence[machines.Joined]
) -> list[machines.Joined]:
    """Those of `listed` with which nothing begins: another PC takes their place."""
    return [
        joined
        for joined in listed
        if joined.machine.state == MachineState.PLANNED
        and joined.machine.generation in settings.replaced
    ]


def progress(
    database: Database, settings: Settings, number: int, at: datetime
) -> tuple[Progress, dict[int, int]]:
    """Tranches and gates of a wave, and the tranche of each of its machines. Raises NotFound."""
    with database.read() as session:
        wave = waves.by_number(session, number)
        return gates.progress(session, settings, wave, at), tranches.numbers(session, wave.id or 0)


def move(
    database: Database,
    number: int,
    verb: WaveVerb,
    operator: Operator,
    at: datetime,
    reason: str | None = None,
) -> WaveState:
    """Move a wave as an operator asks; the new state.

    Approval needs an approver who did not submit it and the list that was submitted; a start
    needs an approval of the list as it is now. Raises WaveRefused, NeedsApproval, NotAllowed.
    """
    operator.must_be(OperatorRole.APPROVER if verb is WaveVerb.APPROVE else OperatorRole.OPERATOR)
    if verb in NEEDS_A_REASON and not reason:
        raise WaveRefused(_("“{verb}” needs a reason: give --reason").format(verb=label(verb)))
    with database.write() as session:
        wave = waves.by_number(session, number)
        wave_id = wave.id or 0
        written: dict[str, object] = {}
        if verb is WaveVerb.SUBMIT:
            written = {
                "submitted_by": operator.name,
                "approved_by": None,
                "approved_at": None,
                "list_digest": waves.list_digest(session, wave_id),
            }
        elif verb is WaveVerb.APPROVE:
            _must_be_another(wave, operator)
            _must_be_the_submitted_list(session, wave)
            written = {"approved_by": operator.name, "approved_at": at}
        elif verb in (WaveVerb.START, WaveVerb.RESUME):
            _must_be_approved(session, wave)
        elif verb is WaveVerb.CANCEL:
            _give_back_machines(session, wave, operator, at)
        moved = transitions.apply(
            session, Wave, [wave_id], verb, actor=operator.name, at=at, reason=reason
        )
        wave = waves.by_id(session, wave_id)
        for name, value in written.items():
            setattr(wave, name, value)
        session.add(wave)
        return WaveState(moved[0].to_state)


def _must_be_another(wave: Wave, operator: Operator) -> None:
    if wave.submitted_by == operator.name:
        raise NeedsApproval(
            _("wave {number} was submitted by {name}: another operator has to approve it").format(
                number=wave.number, name=operator.name
            )
        )


def _must_be_the_submitted_list(session: Session, wave: Wave) -> None:
    if wave.list_digest is not None and wave.list_digest != waves.list_digest(
        session, wave.id or 0
    ):
        raise WaveRefused(
            _(
                "the machines of wave {number} changed since it was submitted: "
                "`rollout wave withdraw {number}`, then submit it again"
            ).format(number=wave.number)
        )


def _must_be_approved(session: Session, wave: Wave) -> None:
    if wave.approved_by is None:
        raise NeedsApproval(
            _(
                "wave {number} is {state} and not approved: `rollout wave submit {number}`, "
                "then another operator runs `rollout wave approve {number}`"
            ).format(number=wave.number, state=label(WaveState(wave.state)))
        )
    if wave.state == WaveState.APPROVED:
        _must_be_the_submitted_list(session, wave)


def _give_back_machines(session: Session, wave: Wave, operator: Operator, at: datetime) -> None:
    """Machines not begun go back to the planner; those under way stay where they are."""
    planned = [
        machine.id or 0
        for machine in machines.of_wave(session, wave.id or 0)
        if machine.state == MachineState.PLANNED
    ]
    transitions.apply(
        session,
        Machine,
        planned,
        MachineVerb.UNPLAN,
        actor=operator.name,
        at=at,
        reason=told(msgid("wave {number} cancelled"), number=wave.number),
    )
    for machine_id in planned:
        machine = machines.by_id(session, machine_id)
        machine.wave_id = machine.planned_day = None
        session.add(machine)
