"""Queries on tranches."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, insert
from sqlmodel import Session, col, func, select

from rollout.domain.machine import DONE
from rollout.store import waves
from rollout.store.tables import Machine, Tranche, TrancheMember


def without(session: Session) -> dict[int, list[Machine]]:
    """Machines of running waves that have no tranche yet, by the wave's id."""
    member = select(TrancheMember.machine_id).where(
        TrancheMember.machine_id == Machine.id, TrancheMember.wave_id == Machine.wave_id
    )
    rows = session.exec(
        select(Machine)
        .where(col(Machine.wave_id).in_(waves.running(session)), ~member.exists())
        .order_by(col(Machine.id))
    ).all()
    found: dict[int, list[Machine]] = {}
    for machine in rows:
        found.setdefault(machine.wave_id or 0, []).append(machine)
    return found


def last(session: Session, wave_id: int) -> int:
    """The highest tranche that a wave's machines have; 0 before it was divided."""
    statement = select(func.max(TrancheMember.number)).where(TrancheMember.wave_id == wave_id)
    return session.exec(statement).one() or 0


def add(session: Session, wave_id: int, numbers: Mapping[int, int]) -> None:
    """Give machines, by id, their tranche of this wave; what they had in another is gone."""
    connection = session.connection()
    ids = list(numbers)
    for start in range(0, len(ids), 10_000):
        part = ids[start : start + 10_000]
        connection.execute(delete(TrancheMember).where(col(TrancheMember.machine_id).in_(part)))
        connection.execute(
            insert(TrancheMember),
            [{"machine_id": id_, "wave_id": wave_id, "number": numbers[id_]} for id_ in part],
        )


def current(session: Session, wave_id: int) -> int:
    """The newest tranche that was let begin; 0 when none was."""
    statement = select(func.max(Tranche.number)).where(Tranche.wave_id == wave_id)
    return session.exec(statement).one() or 0


def let_begin(session: Session, wave_id: int, number: int, at: datetime) -> None:
    """Open a tranche."""
    session.add(Tranche(wave_id=wave_id, number=number, opened_at=at))
    session.flush()


def opened(session: Session, wave_id: int) -> dict[int, datetime]:
    """When each tranche of a wave was let begin."""
    rows = session.exec(select(Tranche).where(Tranche.wave_id == wave_id)).all()
    return {row.number: row.opened_at for row in rows}


def admitted(session: Session, wave_id: int) -> frozenset[int]:
    """The machines of a wave whose tranche was let begin."""
    rows = session.exec(
        select(TrancheMember.machine_id)
        .join(
            Tranche,
            and_(
                col(Tranche.wave_id) == col(TrancheMember.wave_id),
                col(Tranche.number) == col(TrancheMember.number),
            ),
        )
        .where(TrancheMember.wave_id == wave_id)
    ).all()
    return frozenset(rows)


def sizes(session: Session, wave_id: int) -> Sequence[tuple[int, int, int]]:
    """Of each tranche of a wave its number, its machines, and those of them that are through."""
    rows = session.exec(
        select(TrancheMember.number, Machine.state, func.count())
        .join(Machine, col(Machine.id) == col(TrancheMember.machine_id))
        .where(TrancheMember.wave_id == wave_id, Machine.wave_id == wave_id)
        .group_by(col(TrancheMember.number), col(Machine.state))
    ).all()
    total: dict[int, int] = {}
    through: dict[int, int] = {}
    for number, state, count in rows:
        total[number] = total.get(number, 0) + count
        through[number] = through.get(number, 0) + (count if state in DONE else 0)
    return [(number, total[number], through[number]) for number in sorted(total)]


def numbers(session: Session, wave_id: int) -> dict[int, int]:
    """The tranche of each machine of a wave, by the machine's id."""
    rows = session.exec(
        select(TrancheMember.machine_id, TrancheMember.number).where(
            TrancheMember.wave_id == wave_id
        )
    ).all()
    return dict(rows)
