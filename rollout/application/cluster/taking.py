"""A worker takes a run: its order is made anew from the tables, with tokens of its own.

What waits in a queue says only which run it is. The secrets of an order are made when the run is
taken, in the transaction that gives it to exactly one worker: they stand nowhere else, and those
that were made when the machines were claimed are worth nothing afterwards.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from rollout.application import dispatch, probing, rechecks, settle
from rollout.application.arrival_words import new_token, token_digest
from rollout.application.orders import host_orders
from rollout.application.ports import RunOrder
from rollout.application.retirement import erasing
from rollout.domain.errors import LeaseHeld
from rollout.domain.machine import Step
from rollout.domain.run import ALIVE, RunPurpose, RunState
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import claims, commands, runs, workers
from rollout.store.database import Database
from rollout.store.tables import Claim, Run


class TakenForLost(LeaseHeld):
    """The worker gave no sign for too long: its runs were settled, and it takes none any more."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "this worker gave no sign for too long and was taken for lost; its runs were "
                "settled: start it again"
            )
        )


def take(
    database: Database,
    settings: Settings,
    run_id: int,
    *,
    lease_epoch: int,
    worker_id: int,
    at: datetime,
) -> RunOrder | None:
    """The order of a run that is now this worker's; None when it is another's or has ended.

    Raises TakenForLost.
    """
    with database.write() as session:
        worker = workers.by_id(session, worker_id)
        if worker is None or worker.ended_at is not None:
            raise TakenForLost
        run = runs.find(session, run_id)
        if run is None or run.state != RunState.RUNNING or run.lease_epoch != lease_epoch:
            return None
        if not workers.take(session, run_id, worker_id, at=at):
            return None
        return order_of(session, settings, run)


def give_back(database: Database, run_id: int, why: str, *, at: datetime) -> None:
    """A worker cannot begin what it took: no attempt of any machine was lost by that."""
    with database.write() as session:
        run = runs.by_id(session, run_id)
        if RunState(run.state) in ALIVE:
            settle.not_begun(session, run, at=at, reason=why)


def order_of(session: Session, settings: Settings, run: Run) -> RunOrder:
    """The order of a run from the tables alone; tokens in it are new."""
    if run.purpose == RunPurpose.PROBE:
        asked = {command.target_id for command in commands.of_run(session, run.id or 0)}
        return probing.order_of(session, settings, run, sorted(asked))
    made = {claim.machine_id: claim for claim in claims.open_of_run(session, run.id or 0)}
    if run.purpose == RunPurpose.RECHECK:
        return rechecks.order_of(session, settings, run, made)
    step = Step(run.step or "")
    # What is armed before any playbook ran has no system left that Ansible could ask.
    made = {id_: claim for id_, claim in made.items() if claim.armed_at is None}
    tokens = _new_tokens(session, step, made)
    if step is Step.RETIRE:
        return erasing.order_of(session, settings, run, made, tokens)
    hosts = host_orders(session, settings, list(made), made, tokens)
    return dispatch.order_of(settings, step, run.id or 0, run.ident, hosts)


def _new_tokens(session: Session, step: Step, made: Mapping[int, Claim]) -> dict[int, str]:
    if not step.destructive:
        return {}
    tokens = {machine_id: new_token() for machine_id in made}
    claims.renew_arm_tokens(
        session, {made[id_].id or 0: token_digest(token) for id_, token in tokens.items()}
    )
    return tokens
