"""Queries on spare machines and their loans."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, literal
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from rollout.domain.errors import StaleState
from rollout.domain.machine import DONE, IN_USE, MachineState
from rollout.domain.purpose import Purpose
from rollout.domain.spare import HANDED_OUT_FROM
from rollout.store.machines import Joined
from rollout.store.tables import Machine, Person, Site, SpareLoan

_GONE = [state.value for state in (MachineState.EXCLUDED, *(DONE - IN_USE))]  # no spare any more
_BEST_FIRST = case({state.value: rank for rank, state in enumerate(HANDED_OUT_FROM)},
                   value=Machine.state)  # fmt: skip


class Loan(NamedTuple):
    """A spare that is out, with the names that a reader wants."""

    row: SpareLoan
    spare: str
    machine: str
    owner: str
    staff_number: str
    site: str | None


class Pool(NamedTuple):
    """The spares of a site that the ledger knows: all, those that can be handed out, those out."""

    site: str | None
    total: int
    free: int
    out: int


def _in_the_pool() -> ColumnElement[bool]:
    return and_(
        # Written out: a partial index is of no use to a parameter.
        col(Machine.purpose) == literal(Purpose.SPARE.value, literal_execute=True),
        # A spare with an owner is in somebody's hands, whatever the ledger calls it.
        col(Machine.owner_id).is_(None),
        col(Machine.in_ledger),
        col(Machine.state).not_in(_GONE),
    )


def _is_out() -> ColumnElement[bool]:
    out = select(SpareLoan.spare_id).where(col(SpareLoan.returned_at).is_(None))
    return col(Machine.id).in_(out)


def _is_free() -> ColumnElement[bool]:
    ready = col(Machine.state).in_([state.value for state in HANDED_OUT_FROM])
    return and_(_in_the_pool(), ready, ~_is_out())


def free(session: Session, site_id: int, *, generation: str = "") -> Sequence[Machine]:
    """Spares of a site that can be handed out, the best first: of the same generation before
    others of the same standing."""
    alike = case((col(Machine.generation) == generation, 0), else_=1)
    return session.exec(
        select(Machine)
        .where(_is_free(), Machine.site_id == site_id)
        .order_by(_BEST_FIRST, alike, col(Machine.asset_tag))
    ).all()


def pools(session: Session) -> list[Pool]:
    """The spares of every site that has any, by name."""
    is_free, is_out = case((_is_free(), 1), else_=0), case((_is_out(), 1), else_=0)
    rows = session.exec(
        select(Site.key, func.count(), func.sum(is_free), func.sum(is_out))
        .select_from(Machine)
        .outerjoin(Site, col(Site.id) == col(Machine.site_id))
        .where(_in_the_pool())
        .group_by(Site.key)
        .order_by(Site.key)
    )
    return [Pool(site, total, int(free), int(out)) for site, total, free, out in rows]


def loans(session: Session) -> list[Loan]:
    """Every spare that is out, the longest first."""
    spare, machine = aliased(Machine), aliased(Machine)
    rows = session.exec(
        select(  # type: ignore[call-overload]
            SpareLoan, spare.asset_tag, machine.asset_tag, Person.name, Person.staff_number,
            Site.key,
        )
        .join(spare, spare.id == col(SpareLoan.spare_id))
        .join(machine, machine.id == col(SpareLoan.machine_id))
        .join(Person, col(Person.id) == col(SpareLoan.person_id))
        .outerjoin(Site, col(Site.id) == machine.site_id)
        .where(col(SpareLoan.returned_at).is_(None))
        .order_by(col(SpareLoan.lent_at), col(SpareLoan.id))
    )  # fmt: skip
    return [Loan(*row) for row in rows]


def is_out(session: Session, machine_ids: Sequence[int]) -> Sequence[int]:
    """Those of these machines that are out as spares."""
    return session.exec(
        select(SpareLoan.spare_id).where(
            col(SpareLoan.returned_at).is_(None), col(SpareLoan.spare_id).in_(machine_ids)
        )
    ).all()


def lend(session: Session, loan: SpareLoan, tags: Sequence[str]) -> SpareLoan:
    """Keep a loan; `tags` name its machines. Raises StaleState when somebody else was quicker."""
    session.add(loan)
    try:
        session.flush()
    except IntegrityError:
        raise StaleState("machine", list(tags)) from None
    return loan


def take_back(session: Session, loan: SpareLoan, *, actor: str, at: datetime) -> None:
    """End a loan."""
    loan.returned_at, loan.returned_by = at, actor
    session.add(loan)
    session.flush()


def beside(session: Session, rows: Sequence[Joined]) -> list[Joined]:
    """`rows` with the spare that stands in for each, or the machine that it stands in for."""
    out = loans(session) if rows else []
    if not out:
        return list(rows)
    spare_of = {loan.machine: loan.spare for loan in out}
    stands_for = {loan.spare: loan.machine for loan in out}
    return [
        replace(row, spare=spare_of.get(tag), stands_in_for=stands_for.get(tag))
        if (tag := row.machine.asset_tag) in spare_of or tag in stands_for
        else row
        for row in rows
    ]
