"""Stopping a part of the programme, or all of it, whatever its waves say.

A stop is in force from its commit on: dispatch, arming and network boot each ask the table in
the transaction in which they act. What is already being rewritten goes on to its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rollout.application.operators import Operator
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact
from rollout.domain.machine import STEP_FROM, WORKING, MachineState
from rollout.domain.recorded import RecordedNoun, RecordedVerb
from rollout.domain.stop import StopScope, StopState
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from rollout.store import history, stops
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Stop


class StopRefused(RolloutError):
    """There is nothing to stop or to resume; the message says why."""


def in_force(database: Database) -> Sequence[Stop]:
    """The stops that nobody has ended."""
    with database.read() as session:
        return stops.in_force(session)


@dataclass(frozen=True)
class Place:
    """What a stop can reach, with the stop that is in force there.

    `waiting` machines of running waves have not finished their passage and are in no step;
    `working` are in a step, `rewriting` of them in the one that rewrites the disk.
    """

    scope: StopScope
    target: str
    machines: int
    waiting: int
    working: int
    rewriting: int
    stop: Stop | None


def places(database: Database) -> list[Place]:
    """Everything, each generation and each site, with the machines there."""
    with database.read() as session:
        counted = stops.counted(session)
        ended = {(stop.scope, stop.target): stop for stop in stops.in_force(session)}
    found: dict[tuple[StopScope, str], list[stops.Counted]] = {(StopScope.ALL, ""): counted}
    for row in counted:
        found.setdefault((StopScope.GENERATION, row.generation), []).append(row)
    for row in counted:
        if row.site is not None:
            found.setdefault((StopScope.SITE, row.site), []).append(row)
    ranks = {scope: rank for rank, scope in enumerate(StopScope)}
    return [
        _place(scope, target, found[scope, target], ended.get((scope.value, target)))
        for scope, target in sorted(found, key=lambda key: (ranks[key[0]], key[1]))
    ]


def _place(
    scope: StopScope, target: str, rows: Sequence[stops.Counted], stop: Stop | None
) -> Place:
    working = {state.value for state in WORKING}
    return Place(
        scope,
        target,
        machines=sum(row.machines for row in rows),
        waiting=sum(row.machines for row in rows if row.running and row.state in _WAITS),
        working=sum(row.machines for row in rows if row.state in working),
        rewriting=sum(row.machines for row in rows if row.state == MachineState.REIMAGING),
        stop=stop,
    )


_WAITS = frozenset(state.value for state in STEP_FROM)


def halt(
    database: Database,
    scope: StopScope,
    target: str,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> Stop:
    """Let nothing begin there any more. Raises StopRefused, NotPermitted."""
    operator.must_be(OperatorRole.OPERATOR)
    reason = _reason(reason)
    with database.write() as session:
        if not stops.known(session, scope, target):
            raise StopRefused(
                _("there is no {scope} {target!r}: see `rollout machine list`").format(
                    scope=label(scope), target=target
                )
            )
        if _open(session, scope, target) is not None:
            raise StopRefused(_("{place} is stopped already").format(place=place(scope, target)))
        stop = stops.begin(session, scope, target, actor=operator.name, at=at, reason=reason)
        _note(
            session,
            stop,
            RecordedVerb.HALT,
            StopState.RUNNING,
            StopState.HALTED,
            operator,
            at,
            reason,
        )
        return stop


def resume(
    database: Database,
    scope: StopScope,
    target: str,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> Stop:
    """End a stop. Raises StopRefused, NotPermitted."""
    operator.must_be(OperatorRole.OPERATOR)
    reason = _reason(reason)
    with database.write() as session:
        stop = _open(session, scope, target)
        if stop is None:
            raise StopRefused(
                _("{place} is not stopped: see `rollout stops`").format(place=place(scope, target))
            )
        stops.end(session, stop, actor=operator.name, at=at)
        _note(
            session,
            stop,
            RecordedVerb.RESUME,
            StopState.HALTED,
            StopState.RUNNING,
            operator,
            at,
            reason,
        )
        return stop


def place(scope: StopScope, target: str) -> str:
    """What a stop reaches, for a reader."""
    return f"{label(scope)} {target}".strip()


def _reason(reason: str | None) -> str:
    if not reason or not reason.strip():
        raise StopRefused(_("this needs a reason: give --reason"))
    return reason.strip()


def _open(session: Session, scope: StopScope, target: str) -> Stop | None:
    wanted = (scope.value, target)
    return next(
        (stop for stop in stops.in_force(session) if (stop.scope, stop.target) == wanted), None
    )


def _note(
    session: Session,
    stop: Stop,
    verb: RecordedVerb,
    from_state: StopState,
    to_state: StopState,
    operator: Operator,
    at: datetime,
    reason: str,
) -> None:
    key = f"{stop.scope} {stop.target}".strip()
    fact = Fact(
        instant_text(at),
        operator.name,
        RecordedNoun.STOP.value,
        stop.id or 0,
        key,
        verb.value,
        from_state.value,
        to_state.value,
        reason,
    )
    history.append(session, [fact])
