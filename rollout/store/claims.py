"""Queries on claims; the conditional updates here are the fence itself."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, Update, bindparam, insert, literal, or_, update
from sqlalchemy import select as column_select
from sqlmodel import Session, col, func, select

from rollout.domain.errors import StaleState
from rollout.domain.machine import Step
from rollout.domain.run import ClaimOutcome
from rollout.store import control_summaries
from rollout.store.columns import Instant
from rollout.store.id_lists import among, as_json, given
from rollout.store.tables import Claim

_TABLE = Claim.__table__  # type: ignore[attr-defined]


class Added(NamedTuple):
    """A claim that was just won; `id` is its epoch."""

    id: int
    machine_id: int
    step: str
    attempt: int


def add(session: Session, rows: Sequence[dict[str, Any]]) -> dict[int, Added]:
    """Insert claims; by machine id. The database refuses a second one of the same attempt."""
    connection, in_json = session.connection(), as_json(session)
    connection.execute(_INSERT, rows)
    rewritten = {row["machine_id"] for row in rows if row["step"] == Step.REIMAGE}
    control_summaries.drop(session, rewritten)
    run_ids = sorted({row["run_id"] for row in rows})
    found = connection.execute(_of_runs(in_json), {"ids": given(run_ids, in_json)})
    return {row.machine_id: Added(*row) for row in found}


_INSERT = insert(Claim)


@cache
def _of_runs(in_json: bool) -> Select[Any]:
    columns: list[Any] = [getattr(Claim, name) for name in Added._fields]
    return column_select(*columns).where(among(Claim.run_id, in_json))


def by_epoch(session: Session, epoch: int) -> Claim | None:
    """The claim whose epoch this is."""
    return session.get(Claim, epoch)


def latest(session: Session, machine_id: int, step: Step) -> Claim | None:
    """The newest claim of a step on a machine."""
    return session.exec(
        select(Claim)
        .where(Claim.machine_id == machine_id, Claim.step == step.value)
        .order_by(col(Claim.id).desc())
        .limit(1)
    ).one_or_none()


def last_attempts(session: Session, step: Step, machine_ids: Collection[int]) -> dict[int, int]:
    """The highest attempt of a step that each machine ever had a claim for."""
    in_json = as_json(session)
    values = {"step": step.value, "ids": given(machine_ids, in_json)}
    rows = session.connection().execute(_last_attempts(in_json), values)
    return {row.machine_id: row.attempt for row in rows}


@cache
def _last_attempts(in_json: bool) -> Select[Any]:
    claim = _TABLE.c
    return (
        column_select(claim.machine_id, func.max(claim.attempt).label("attempt"))
        .where(claim.step == bindparam("step"), among(claim.machine_id, in_json))
        .group_by(claim.machine_id)
    )


def without_system(session: Session, machine_ids: Collection[int], step: Step) -> frozenset[int]:
    """Those of these machines whose last attempt of a destructive step ended with their
    installer's word that the disk is not whole."""
    in_json = as_json(session)
    values = {"step": step.value, "ids": given(machine_ids, in_json)}
    rows = session.connection().execute(_last_failed(in_json), values)
    return frozenset(
        machine_id for machine_id, report in rows if json.loads(report or "{}").get("disk_touched")
    )


@cache
def _last_failed(in_json: bool) -> Select[Any]:
    claim = _TABLE.c
    newest = (
        column_select(func.max(claim.id))
        .where(among(claim.machine_id, in_json), claim.step == bindparam("step"))
        .group_by(claim.machine_id)
    )
    return column_select(claim.machine_id, claim.report).where(
        claim.id.in_(newest), claim.outcome == ClaimOutcome.FAILED.value
    )


def open_of_run(session: Session, run_id: int) -> Sequence[Claim]:
    """Claims of a run that have no end."""
    return session.exec(
        select(Claim).where(Claim.run_id == run_id, col(Claim.outcome).is_(None))
    ).all()


def overdue(session: Session, now: datetime) -> Sequence[Claim]:
    """Open claims whose deadline has passed."""
    return session.exec(
        select(Claim).where(col(Claim.outcome).is_(None), col(Claim.deadline_at) <= now)
    ).all()


def open_count(session: Session, step: Step | None = None) -> int:
    """How many claims are open; of one step when it is given."""
    statement = select(func.count()).select_from(Claim).where(col(Claim.outcome).is_(None))
    if step is not None:
        statement = statement.where(Claim.step == step.value)
    return session.exec(statement).one()


def move_deadlines(session: Session, by: timedelta) -> None:
    """Give every open claim a deadline that is later, or earlier, by so much."""
    for claim in session.exec(select(Claim).where(col(Claim.outcome).is_(None))).all():
        claim.deadline_at += by
        session.add(claim)


def keep_reports(session: Session, reports: Mapping[int, str]) -> None:
    """Put what machines said of themselves beside their claims, by epoch."""
    if reports:
        rows = [{"epoch": epoch, "said": said} for epoch, said in reports.items()]
        session.connection().execute(_REPORT, rows)


_REPORT = update(_TABLE).where(_TABLE.c.id == bindparam("epoch")).values(report=bindparam("said"))
"""Made once, as is `machines.seen`: both are executed for every report that comes in."""


def end(
    session: Session,
    epochs: Sequence[int],
    outcome: ClaimOutcome,
    at: datetime,
    report: str | None = None,
) -> int:
    """End open claims, and correct those that ended silent; how many.

    Without a `report` the one that a claim already has stays.
    """
    if not epochs:
        return 0
    in_json = as_json(session)
    given_ = {"epochs": given(epochs, in_json), "how": outcome.value, "moment": at}
    if report is not None:
        given_["said"] = report
    statement = _ending(in_json, reported=report is not None)
    result = session.connection().execute(statement, given_)
    session.expire_all()
    return result.rowcount


@cache
def _ending(in_json: bool, *, reported: bool) -> Update:
    written: dict[str, Any] = {"outcome": bindparam("how"), "ended_at": bindparam("moment")}
    if reported:
        written["report"] = bindparam("said")
    outcome = _TABLE.c.outcome
    return (
        update(_TABLE)
        .where(
            among(_TABLE.c.id, in_json, "epochs"),
            or_(outcome.is_(None), outcome == ClaimOutcome.SILENT.value),
        )
        .values(written)
    )


def _once(column: Any, at: datetime) -> Any:
    """The moment that stands there already, else `at`."""
    return func.coalesce(column, literal(at, Instant))


def arm(session: Session, epoch: int, *, at: datetime, boot_id: str) -> bool:
    """Arm an open, unconsumed, unvoided claim; arming again changes nothing and is True."""
    given_ = {"epoch": epoch, "moment": at, "boot": boot_id}
    result = session.connection().execute(_ARM, given_)
    session.expire_all()
    return result.rowcount == 1


def arm_all(session: Session, boot_ids: Mapping[int, str], *, at: datetime) -> None:
    """Arm claims by their epochs, all or none. Raises StaleState when one cannot be armed."""
    rows = [{"epoch": epoch, "moment": at, "boot": boot} for epoch, boot in boot_ids.items()]
    _all_or_none(session, _ARM, rows)


_OPEN = (_TABLE.c.outcome.is_(None), _TABLE.c.voided_at.is_(None), _TABLE.c.consumed_at.is_(None))
_ARM = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("epoch"), *_OPEN)
    .values(
        armed_at=func.coalesce(_TABLE.c.armed_at, bindparam("moment", type_=Instant)),
        boot_id_before=bindparam("boot"),
    )
)


def _all_or_none(session: Session, statement: Update, rows: Sequence[dict[str, Any]]) -> None:
    """Change a claim with each of `rows`, which name it as `epoch`."""
    if not rows:
        return
    result = session.connection().execute(statement, rows)
    if result.rowcount != len(rows):
        raise StaleState("claim", [str(row["epoch"]) for row in rows])
    session.expire_all()


def renew_arm_tokens(session: Session, digests: Mapping[int, str]) -> None:
    """Give claims, by epoch, other arm tokens; what was handed out before is worth nothing."""
    rows = [{"epoch": epoch, "digest": digest} for epoch, digest in digests.items()]
    if rows:
        session.connection().execute(_RENEW, rows)
        session.expire_all()


_RENEW = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("epoch"))
    .values(arm_token_hash=bindparam("digest"))
)


def consume_all(session: Session, digests: Mapping[int, str], *, at: datetime) -> None:
    """Use the one-time tokens of armed claims up, by epoch, and note the digests of those with
    which their machines will check in; exactly one caller comes through, ever.

    All or none: raises StaleState when one was used, voided or has ended.
    """
    rows = [{"epoch": epoch, "moment": at, "hash": hash_} for epoch, hash_ in digests.items()]
    _all_or_none(session, _CONSUME, rows)


_CONSUME = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("epoch"), _TABLE.c.armed_at.is_not(None), *_OPEN)
    .values(consumed_at=bindparam("moment"), check_in_token_hash=bindparam("hash"))
)


def void(session: Session, epoch: int, *, at: datetime) -> bool:
    """Make sure that the token can never go off; False when it was consumed already."""
    result = session.connection().execute(
        update(Claim)
        .where(col(Claim.id) == epoch, col(Claim.consumed_at).is_(None))
        .values(voided_at=_once(col(Claim.voided_at), at))
    )
    session.expire_all()
    return result.rowcount == 1


def doubt(session: Session, steps: Sequence[Step], *, at: datetime) -> int:
    """Take open tokens of these steps for used: nobody can say any more that they were not."""
    result = session.connection().execute(
        update(Claim)
        .where(
            col(Claim.step).in_([step.value for step in steps]),
            col(Claim.outcome).is_(None),
            col(Claim.consumed_at).is_(None),
            col(Claim.voided_at).is_(None),
        )
        .values(armed_at=_once(col(Claim.armed_at), at), consumed_at=at)
    )
    session.expire_all()
    return result.rowcount


def by_arm_token(session: Session, digest: str) -> Claim | None:
    """The claim whose arm token has this digest."""
    return session.exec(select(Claim).where(Claim.arm_token_hash == digest)).one_or_none()


def by_check_in_token(session: Session, digest: str) -> Claim | None:
    """The claim whose check-in token has this digest."""
    return session.exec(select(Claim).where(Claim.check_in_token_hash == digest)).one_or_none()


def may_have_happened(claim: Claim) -> bool:
    """Whether the machine was told to install and nothing proves how that ended."""
    return claim.consumed_at is not None and claim.outcome in (None, ClaimOutcome.SILENT.value)
