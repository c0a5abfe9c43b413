"""Gates in force: waves are let on, kept or halted by the numbers of their machines."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.application.gate_words import why_halted
from rollout.application.operators import Operator
from rollout.application.prerequisites import look_ahead
from rollout.application.settle import DAEMON
from rollout.domain.errors import RolloutError
from rollout.domain.gates import Gate, Reading, Verdict, all_open, halting, readings
from rollout.domain.history import Fact, canonical
from rollout.domain.wave import WaveState, WaveVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole, Settings
from rollout.store import gates, history, leases, tranches, transitions, waves
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import GateOverride, Wave

log = logging.getLogger(__name__)


class GateRefused(RolloutError):
    """The gate cannot be overridden; the message says why."""


@dataclass(frozen=True)
class TrancheView:
    """A part of a wave: how many machines, how many through, since when they may begin."""

    number: int
    size: int
    done: int
    opened_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """How a wave stands with its gates."""

    tranche: int
    tranches: Sequence[TrancheView]
    readings: Sequence[Reading]
    overrides: Sequence[GateOverride]


def measure(
    session: Session, settings: Settings, wave_id: int, tranche: int, at: datetime
) -> list[Reading]:
    """What every gate says: of the tranches that were let begin, up to `tranche`, and of the one
    that would begin next, while there is one; before the first (0) only of that."""
    counts = None
    if tranche:
        counts = gates.counts(
            session,
            wave_id,
            tranche,
            at=at,
            silent_before=at - timedelta(minutes=settings.gates.silent_minutes),
            replaced=settings.replaced,
        )
    ahead = None
    if settings.gates.limits.ask_ahead:
        last = tranches.last(session, wave_id)
        if tranche < last:
            ahead = look_ahead(session, settings, wave_id, tranche + 1, at)
        elif not last:  # not divided yet: all of it would begin
            ahead = look_ahead(session, settings, wave_id, None, at)
    accepted = gates.overrides(session, wave_id, tranche)
    return readings(counts, settings.gates.limits, accepted, ahead=ahead)


def progress(session: Session, settings: Settings, wave: Wave, at: datetime) -> Progress:
    """Tranches and gates of a wave, for a reader."""
    wave_id = wave.id or 0
    opened = tranches.opened(session, wave_id)
    tranche = max(opened, default=0)
    parts = [
        TrancheView(number, size, done, opened.get(number))
        for number, size, done in tranches.sizes(session, wave_id)
    ]
    return Progress(
        tranche,
        parts,
        measure(session, settings, wave_id, tranche, at) if _is_measured(wave, tranche) else [],
        gates.overrides_of(session, wave),
    )


def _is_measured(wave: Wave, tranche: int) -> bool:
    """Whether the gates of a wave say anything: it is not over, and something is left to begin or
    was begun in tranches."""
    state = WaveState(wave.state)
    if state is WaveState.SOAKING:
        return tranche > 0
    return state not in (WaveState.DONE, WaveState.CANCELLED)


def watch(database: Database, settings: Settings, *, lease_epoch: int, at: datetime) -> None:
    """Look at the gates of every running wave; what has to be done is done in a transaction of
    each wave."""
    for number in _of_interest(database, settings, at):
        with database.write() as session:
            leases.require(session, lease_epoch)
            wave = waves.by_number(session, number)
            if wave.state == WaveState.RUNNING:
                _look(session, settings, wave, at)


def _of_interest(database: Database, settings: Settings, at: datetime) -> list[int]:
    """The running waves that would be halted or let on; most have nothing to be done."""
    with database.read() as session:
        stands = gates.stands(
            session,
            at=at,
            silent_before=at - timedelta(minutes=settings.gates.silent_minutes),
            replaced=settings.replaced,
        )
        return [stand.number for stand in stands if _acts(session, settings, stand, at)]


def _acts(session: Session, settings: Settings, stand: gates.Stand, at: datetime) -> bool:
    """Whether a wave halts or goes on. A wave that prerequisites keep back is looked at without
    the write lock, however many ticks it waits."""
    limits = settings.gates.limits
    if stand.tranche:
        said = readings(stand.counts, limits, stand.accepted)
        if halting(said):
            return True
        if not all_open(said):
            return False
    if stand.tranche >= stand.last:
        return False
    if not limits.ask_ahead:
        return True
    ahead = look_ahead(session, settings, stand.wave_id, stand.tranche + 1, at)
    return all_open(readings(None, limits, stand.accepted, ahead=ahead))


def _look(session: Session, settings: Settings, wave: Wave, at: datetime) -> None:
    wave_id = wave.id or 0
    tranche = tranches.current(session, wave_id)
    if tranche == 0:
        begin_first(session, settings, wave_id, at)
        return
    found = measure(session, settings, wave_id, tranche, at)
    stopping = halting(found)
    if stopping:
        reason = why_halted(stopping)
        log.warning(msgid("wave %s halts: %s"), wave.number, reason, extra={"wave": wave.number})
        transitions.apply(
            session,
            Wave,
            [wave_id],
            WaveVerb.HALT,
            actor=DAEMON,
            at=at,
            reason=reason,
            detail=_detail(tranche, found),
        )
    elif all_open(found) and tranche < tranches.last(session, wave_id):
        tranches.let_begin(session, wave_id, tranche + 1, at)
        _note(session, wave, "open_tranche", DAEMON, at, None, _detail(tranche + 1, found))
        fields = {"wave": wave.number, "tranche": tranche + 1}
        log.info(msgid("wave %s: tranche %s may begin"), *fields.values(), extra=fields)


def begin_first(session: Session, settings: Settings, wave_id: int, at: datetime) -> None:
    """Let the first tranche of a divided wave begin, unless a prerequisite keeps it."""
    if not tranches.last(session, wave_id):
        return
    found = measure(session, settings, wave_id, 0, at)
    if found and not all_open(found):
        return
    tranches.let_begin(session, wave_id, 1, at)
    if found:
        wave = waves.by_id(session, wave_id)
        _note(session, wave, "open_tranche", DAEMON, at, None, _detail(1, found))


def override(
    database: Database,
    settings: Settings,
    number: int,
    gate: Gate,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> Reading:
    """Let a wave pass one gate once; what the gate said.

    It holds for the tranche at hand, and only as long as the number does not become worse.
    Raises GateRefused, NotPermitted, NotFound.
    """
    operator.must_be(OperatorRole.APPROVER)
    if not reason or not reason.strip():
        raise GateRefused(_("an override needs a reason: give --reason"))
    with database.write() as session:
        wave = waves.by_number(session, number)
        wave_id = wave.id or 0
        tranche = tranches.current(session, wave_id)
        divided = tranches.last(session, wave_id) > 0
        if wave.state not in (WaveState.RUNNING, WaveState.PAUSED, WaveState.HALTED) or not divided:
            raise GateRefused(
                _("wave {number} is {state}: no gate of it decides anything").format(
                    number=number, state=label(WaveState(wave.state))
                )
            )
        found = measure(session, settings, wave_id, tranche, at)
        reading = next((reading for reading in found if reading.gate is gate), None)
        if reading is None:
            raise GateRefused(
                _(
                    "the gate “{gate}” of wave {number} decides nothing now: "
                    "see `rollout wave show {number}`"
                ).format(gate=label(gate), number=number)
            )
        if reading.verdict is Verdict.OPEN:
            raise GateRefused(
                _(
                    "the gate “{gate}” of wave {number} is open: there is nothing to override"
                ).format(gate=label(gate), number=number)
            )
        gates.override(
            session,
            GateOverride(
                wave_id=wave_id,
                tranche=tranche,
                gate=gate.value,
                value=reading.value,
                actor=operator.name,
                reason=reason.strip(),
                created_at=at,
            ),
        )
        detail = _detail(tranche, [reading])
        _note(session, wave, "override_gate", operator.name, at, reason.strip(), detail)
        return reading


def _detail(tranche: int, found: Sequence[Reading]) -> dict[str, object]:
    return {
        "tranche": tranche,
        "gates": {
            reading.gate.value: {
                "verdict": reading.verdict.value,
                "value": reading.value,
                "limit": reading.limit,
                "count": reading.count,
                "of": reading.of,
                "overridden": reading.overridden,
                **({"lack": reading.lack.message} if reading.lack else {}),
            }
            for reading in found
        },
    }


def _note(
    session: Session,
    wave: Wave,
    verb: str,
    actor: str,
    at: datetime,
    reason: str | None,
    detail: dict[str, object],
) -> None:
    """A fact of a wave that leaves its state as it is."""
    state, moment = wave.state, instant_text(at)
    fact = Fact(
        moment,
        actor,
        "wave",
        wave.id or 0,
        str(wave.number),
        verb,
        state,
        state,
        reason,
        None,
        wave.version,
        canonical(detail),
    )
    history.append(session, [fact])
