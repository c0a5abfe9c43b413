"""A solution of the planner, kept as the proposal."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rollout.planning.problem import Solution
from rollout.store import plan_inputs, plans


def keep(
    session: Session,
    rows: Sequence[plan_inputs.Waiting],
    solution: Solution,
    progress: Callable[[int, int], None],
    *,
    actor: str,
    now: datetime,
) -> int:
    """Store `solution` of the machines `rows` as the proposal; its id.

    `progress` is told (dates written, all dates).
    """
    by_id = {row.id: row for row in rows}
    pilots = {wave.number for wave in solution.waves if wave.pilot}
    sites = plan_inputs.sites(session)
    return plans.propose(
        session,
        actor=actor,
        at=now,
        slots=[
            {
                "machine_id": placement.machine_id,
                "machine_version": by_id[placement.machine_id].version,
                "site_id": by_id[placement.machine_id].site_id or sites[placement.site],
                "wave_number": placement.wave,
                "pilot": placement.wave in pilots,
                "day": placement.day,
            }
            for placement in solution.placements
        ],
        remarks=_remarks(solution),
        progress=progress,
    )


def _remarks(solution: Solution) -> dict[str, Any]:
    return {
        "unplaced": [
            {"asset_tag": entry.asset_tag, "reason": entry.obstacle.value}
            for entry in solution.unplaced
        ],
        "relaxations": [entry._asdict() for entry in solution.relaxations],
        "moves": [
            {
                "asset_tag": move.asset_tag,
                "from": move.from_day.isoformat(),
                "from_wave": move.from_wave,
                "to": move.to_day.isoformat() if move.to_day else None,
                "why": move.why.value,
                "announced": move.announced,
            }
            for move in solution.moves
        ],
        "joined": [wave.number for wave in solution.waves if wave.joined],
        "kept": len(solution.kept),
        "asked": [entry._asdict() for entry in solution.asked],
    }
