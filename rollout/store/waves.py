"""Queries on waves."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from sqlalchemy import and_, case, or_
from sqlmodel import Session, col, func, select

from rollout.domain.errors import NotFound
from rollout.domain.machine import MachineState
from rollout.domain.wave import WaveState
from rollout.store import preparing
from rollout.store.tables import AuditRow, Machine, Wave


def all_of(session: Session) -> Sequence[Wave]:
    """Every wave, in order of number."""
    return session.exec(select(Wave).order_by(col(Wave.number))).all()


def ranked(
    session: Session,
    ranks: Sequence[Collection[WaveState]],
    newest_first: Collection[WaveState],
    limit: int,
) -> Sequence[Wave]:
    """The first waves by the rank of their state, then by number: downwards in `newest_first`."""
    state, number = col(Wave.state), col(Wave.number)
    rank = {word.value: at for at, words in enumerate(ranks) for word in words}
    over = state.in_([word.value for word in newest_first])
    order = (case(rank, value=state, else_=len(ranks)), case((over, -number), else_=number))
    return session.exec(select(Wave).order_by(*order).limit(limit)).all()


def by_number(session: Session, number: int) -> Wave:
    """The wave of that number. Raises NotFound."""
    wave = session.exec(select(Wave).where(Wave.number == number)).one_or_none()
    if wave is None:
        raise NotFound("wave", number)
    return wave


def by_id(session: Session, wave_id: int) -> Wave:
    """The wave of that id. Raises NotFound."""
    wave = session.get(Wave, wave_id)
    if wave is None:
        raise NotFound("wave", wave_id)
    return wave


def in_states(session: Session, *states: WaveState) -> Sequence[Wave]:
    """Waves in one of `states`, in order of number."""
    words = [state.value for state in states]
    return session.exec(
        select(Wave).where(col(Wave.state).in_(words)).order_by(col(Wave.number))
    ).all()


def running(session: Session) -> list[int]:
    """The ids of the waves that run."""
    rows = session.exec(select(Wave.id).where(Wave.state == WaveState.RUNNING.value))
    return [id_ for id_ in rows if id_ is not None]


def due(session: Session, day: date) -> Sequence[Wave]:
    """Approved waves whose first day is `day` or earlier, in order of number."""
    return session.exec(
        select(Wave)
        .where(Wave.state == WaveState.APPROVED.value, col(Wave.first_day) <= day)
        .order_by(col(Wave.number))
    ).all()


def pilots(session: Session) -> Sequence[Wave]:
    """Every pilot wave."""
    return session.exec(select(Wave).where(col(Wave.pilot).is_(True))).all()


def with_work(session: Session, states: Iterable[MachineState]) -> list[tuple[Wave, bool]]:
    """Waves that run or soak, and done ones with work again: whether a machine of each is in one
    of `states`."""
    words = [state.value for state in states]
    begun = (WaveState.RUNNING.value, WaveState.SOAKING.value, WaveState.DONE.value)
    # One machine is enough: a wave of a large fleet has thousands.
    works = (
        select(Machine.id)
        .where(
            col(Machine.wave_id) == col(Wave.id),
            col(Machine.state).in_(words),
            # What is prepared in use is the work of no wave: it has had its machine.
            ~preparing.was_in_use(),
        )
        .correlate(Wave)
        .exists()
    )
    busy = session.exec(select(Wave.id).where(col(Wave.state).in_(begun), works)).all()
    found = session.exec(
        select(Wave).where(
            or_(
                col(Wave.state).in_((WaveState.RUNNING.value, WaveState.SOAKING.value)),
                and_(col(Wave.state) == WaveState.DONE.value, col(Wave.id).in_(busy)),
            )
        )
    )
    return [(wave, wave.id in busy) for wave in found]


def counts(session: Session) -> dict[int, dict[str, int]]:
    """Machines by state of every wave, by the wave's id."""
    found: dict[int, dict[str, int]] = {}
    statement = (
        select(Machine.wave_id, Machine.state, func.count())
        .where(col(Machine.wave_id).is_not(None))
        .group_by(col(Machine.wave_id), col(Machine.state))
    )
    for wave_id, state, number in session.exec(statement):
        if wave_id is not None:
            found.setdefault(wave_id, {})[state] = number
    return found


def list_digest(session: Session, wave_id: int) -> str:
    """The digest of the wave's machine list with its days: what an approver approved."""
    digest = hashlib.sha256()
    rows = session.exec(
        select(Machine.asset_tag, Machine.serial, Machine.planned_day)  # type: ignore[type-var]
        .where(Machine.wave_id == wave_id)
        .order_by(col(Machine.asset_tag))
    )
    for tag, serial, day in rows:
        digest.update(f"{tag}\x1f{serial}\x1f{day}\x1e".encode())
    return digest.hexdigest()


def history_of(session: Session, wave_id: int) -> Sequence[AuditRow]:
    """Everything that happened to a wave, oldest first."""
    return session.exec(
        select(AuditRow)
        .where(AuditRow.noun == "wave", AuditRow.noun_id == wave_id)
        .order_by(col(AuditRow.id))
    ).all()
