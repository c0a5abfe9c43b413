"""Which machines are acted on at this moment, in which step, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollout.domain.machine import PASSAGE, Step
from rollout.domain.run import ClaimOutcome
from rollout.store import at_work as store
from rollout.store.at_work import Acted as Acted  # a front end shows them
from rollout.store.at_work import Last as Last
from rollout.store.database import Database

MOST = 500
"""Machines that are shown one by one."""


@dataclass(frozen=True)
class AtWork:
    """A machine in a step: how each step of its passage ended, and the task that ended last.

    `steps` has no entry for a step that never began; None is the outcome of one that is under way.
    """

    acted: Acted
    steps: Mapping[Step, ClaimOutcome | None]
    last: Last | None


def at_work(database: Database, run_id: int | None = None) -> Sequence[AtWork]:
    """The machines that are acted on now; with `run_id` all of that run, those at work first."""
    with database.read() as session:
        acted = (
            store.open_claims(session, MOST)
            if run_id is None
            else store.claims_of_run(session, run_id, MOST)
        )
        steps = store.steps_of(session, [row.machine_id for row in acted])
        last = store.last_results(session, sorted({row.run_id for row in acted}))
    return [
        AtWork(
            row,
            {
                step: ClaimOutcome(outcome) if outcome else None
                for step in PASSAGE
                if step.value in steps.get(row.machine_id, {})
                for outcome in [steps[row.machine_id][step.value]]
            },
            last.get((row.run_id, row.machine_id)),
        )
        for row in acted
    ]
