"""What operators see of runs, and stopping one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.application.operators import Operator
from rollout.domain.errors import RolloutError
from rollout.domain.run import ALIVE, RunState
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from rollout.store import claims, commands, machines, runs, waves
from rollout.store.database import Database
from rollout.store.tables import Command, HostResult, Run

CANCEL = "cancel_run"


class RunRefused(RolloutError):
    """The run cannot do this."""


@dataclass(frozen=True)
class RunView:
    """A run as listings show it; `troubles` counts machines by bad status."""

    run: Run
    wave: int | None
    site: str | None
    troubles: Mapping[str, int]


def listing(database: Database, limit: int = 50) -> list[RunView]:
    """The newest runs first."""
    with database.read() as session:
        rows = runs.latest(session, limit)
        troubles = runs.summary(session, [run.id or 0 for run in rows])
        sites = machines.site_keys(session)
        numbers = {wave.id: wave.number for wave in waves.all_of(session)}
        return [
            RunView(
                run,
                numbers.get(run.wave_id),
                sites.get(run.site_id or 0),
                troubles.get(run.id or 0, {}),
            )
            for run in rows
        ]


def show(database: Database, run_id: int) -> tuple[Run, Sequence[tuple[HostResult, str]]]:
    """One run and its task results with asset tags. Raises NotFound."""
    with database.read() as session:
        return runs.by_id(session, run_id), runs.results(session, run_id)


def asked_to_stop(database: Database, run_id: int) -> Command | None:
    """The newest request to stop a run, with its answer once there is one."""
    with database.read() as session:
        return commands.last_for(session, CANCEL, run_id)


def awaiting_check_in(database: Database) -> int:
    """How many machines are expected to report themselves."""
    with database.read() as session:
        return claims.open_count(session)


def cancel(
    database: Database, run_id: int, operator: Operator, at: datetime, reason: str | None
) -> Command:
    """Ask the daemon to stop a run. Raises RunRefused when it has ended."""
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        run = runs.by_id(session, run_id)
        if RunState(run.state) not in ALIVE:
            raise RunRefused(
                _("run {run} is {state} already: there is nothing to stop").format(
                    run=run_id, state=label(RunState(run.state))
                )
            )
        return commands.ask(session, CANCEL, run_id, actor=operator.name, at=at, reason=reason)
