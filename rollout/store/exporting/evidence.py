"""Measurements for the auditor: the last one of each control on each machine of a page."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlmodel import Session, col, func

from rollout.domain.machine import Step
from rollout.store.exporting.beside import Until
from rollout.store.exporting.texts import among, moment
from rollout.store.tables import Claim, Evidence, SignIn


class Measured(NamedTuple):
    """One control on one machine; `run_id` is None for what was read at the directory."""

    control: str
    value: str
    verdict: str
    source: str
    run_id: int | None
    measured_at: str


def measured(
    session: Session, machines: Sequence[int], until: Until
) -> Mapping[int, Sequence[Measured]]:
    """By machine, in the order of controls; since the disk was last rewritten."""
    it, last = Evidence, latest(machines, until)
    rows = session.connection().execute(
        select(col(it.machine_id), col(it.control), col(it.value), col(it.verdict),
               col(it.source), col(it.run_id), moment(session, it.measured_at))
        .select_from(last)
        .join(it, and_(
            col(it.machine_id) == last.c.machine_id,
            col(it.control) == last.c.control,
            col(it.epoch) == last.c.epoch,
        ))
        .order_by(col(it.machine_id), col(it.control))
    )  # fmt: skip
    found: dict[int, list[Measured]] = {}
    for machine, *line in rows.all():
        found.setdefault(machine, []).append(Measured._make(line))
    return found


def sign_ins(
    session: Session, owners: Sequence[int | None], until: Until
) -> Mapping[int, tuple[bool, str]]:
    """Whether each owner is registered for multi-factor sign-in, and when that was read.

    Only the last reading is kept: one that came after the moment says nothing of it.
    """
    ids = {owner for owner in owners if owner is not None}
    bound = [] if until.at is None else [col(SignIn.read_at) <= until.at]
    rows = session.connection().execute(
        select(
            col(SignIn.person_id), col(SignIn.registered), moment(session, SignIn.read_at)
        ).where(among(col(SignIn.person_id), ids), *bound)
    )
    return {person: (bool(registered), at or "") for person, registered, at in rows}


def rewriting(machines: Sequence[int], until: Until) -> Any:
    """Machine and last claim that rewrote its disk."""
    claim = [
        col(Claim.step) == Step.REIMAGE.value,
        among(col(Claim.machine_id), machines),
    ]
    if until.at is not None:
        claim.append(col(Claim.created_at) <= until.at)
    if until.claim_id is not None:
        claim.append(col(Claim.id) <= until.claim_id)
    return (
        select(col(Claim.machine_id), func.max(Claim.id).label("epoch"))
        .where(*claim)
        .group_by(col(Claim.machine_id))
    )


def latest(machines: Sequence[int], until: Until) -> Any:
    """Machine, control and epoch of the last measurement since the disk was last rewritten."""
    rewritten = rewriting(machines, until).subquery("rewritten")
    return (
        select(
            col(Evidence.machine_id), col(Evidence.control), func.max(Evidence.epoch).label("epoch")
        )
        .outerjoin(rewritten, rewritten.c.machine_id == col(Evidence.machine_id))
        .where(
            among(col(Evidence.machine_id), machines),
            col(Evidence.epoch) > func.coalesce(rewritten.c.epoch, 0),
            *until.evidence(),
        )
        .group_by(col(Evidence.machine_id), col(Evidence.control))
        .subquery("latest")
    )
