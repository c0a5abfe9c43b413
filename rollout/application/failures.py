"""What happens to machines that failed: tried again, held, and shown by cause."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.application import machines
from rollout.application.operators import Operator
from rollout.application.settle import DAEMON
from rollout.domain.errors import RolloutError
from rollout.domain.failures import signature
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.words import msgid
from rollout.i18n.told import told
from rollout.settings import OperatorRole, Settings, StepTimes
from rollout.store import claims, failures, leases, ready, stops, transitions
from rollout.store.database import Database
from rollout.store.machines import site_keys
from rollout.store.tables import AuditRow, Machine

_ENDED_BADLY = (MachineState.FAILED, MachineState.SILENT)


@dataclass(frozen=True)
class FailureGroup:
    """Machines that stand for the same cause; `cause` is that of the first of them.

    `held_tags` are those of `tags` that are held for it.
    """

    state: str
    step: str | None
    cause: str
    tags: Sequence[str]
    held_tags: frozenset[str] = frozenset()

    @property
    def held(self) -> int:
        """How many are held for it."""
        return len(self.held_tags)


def groups(database: Database, wave_numbers: tuple[int, ...] = ()) -> list[FailureGroup]:
    """What went wrong: same state, step, task and message together, the largest group first."""
    found: dict[tuple[str, str | None, str], list[tuple[Machine, str]]] = {}
    with database.read() as session:
        for machine in failures.wrong(session, wave_numbers):
            cause = failures.cause(session, machine)
            key = (machine.held_from or machine.state, machine.step, _signature(machine, cause))
            found.setdefault(key, []).append((machine, cause))
        made = [
            FailureGroup(
                state,
                step,
                members[0][1],
                tuple(machine.asset_tag for machine, _cause in members),
                frozenset(
                    machine.asset_tag
                    for machine, _cause in members
                    if machine.state == MachineState.HELD
                ),
            )
            for (state, step, _key), members in found.items()
        ]
    return sorted(made, key=lambda group: (-len(group.tags), group.tags[0]))


@dataclass(frozen=True)
class Retried:
    """What became of machines that were to be tried again together.

    `begun` go back to their step; of `asked` the daemon first finds out whether they were already
    rewritten; `refused` have their reasons beside their tags.
    """

    begun: int
    asked: int
    refused: Sequence[tuple[str, RolloutError]]


def retry_together(
    database: Database, tags: Sequence[str], operator: Operator, at: datetime, reason: str | None
) -> Retried:
    """Try machines again, each by itself: one that cannot be does not keep the others back.

    Raises NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    begun = asked = 0
    refused: list[tuple[str, RolloutError]] = []
    for tag in tags:
        try:
            state = machines.retry(database, tag, operator, at, reason=reason)
        except RolloutError as error:
            refused.append((tag, error))
        else:
            begun += state is not None
            asked += state is None
    return Retried(begun, asked, refused)


def hold_repeated(database: Database, settings: Settings, *, lease_epoch: int, at: datetime) -> int:
    """Hold machines that have just failed twice in the same way; how many."""
    if not settings.failures.hold_repeated:
        return 0
    held = 0
    # Most ticks find nothing: they take no lock.
    with database.read() as session:
        if not failures.retried(session):
            return 0
    with database.write() as session:
        leases.require(session, lease_epoch)
        for machine in failures.retried(session):
            if not _failed_alike(failures.recent(session, machine.id or 0), machine):
                continue
            why = told(
                msgid(
                    "failed twice in the same way ({cause}): mend it, then "
                    "`rollout machine release {tag}` and `rollout machine retry {tag}`"
                ),
                cause=machine.cause,
                tag=machine.asset_tag,
            )
            _move(session, machine, MachineVerb.HOLD, at, why)
            held += 1
    return held


def _failed_alike(facts: Sequence[AuditRow], machine: Machine) -> bool:
    """Whether the newest fact is a failure like the one before, with no success between.

    A machine that a person released is not held again before its next attempt.
    """
    if not facts or facts[0].verb != MachineVerb.FAIL:
        return False
    for fact in facts[1:]:
        if fact.verb == MachineVerb.FINISH:
            return False
        if fact.verb == MachineVerb.FAIL:
            return _signature(machine, fact.reason) == _signature(machine, facts[0].reason)
    return False


def _signature(machine: Machine, cause: str | None) -> str:
    return signature(cause or "", (machine.asset_tag, machine.serial, machine.computer_name))


def retry_by_itself(
    database: Database, settings: Settings, *, lease_epoch: int, at: datetime
) -> int:
    """Send machines of running waves back to their step, as its policy allows; how many.

    A reimage is begun again only when its token was never used: then nothing can have happened.
    """
    begun = 0
    if not _any_retries(settings):
        return 0
    with database.write() as session:
        leases.require(session, lease_epoch)
        for machine, policy in _to_retry(session, settings, at):
            if at - machine.state_since >= timedelta(minutes=policy.pause_minutes):
                why = told(
                    msgid("attempt {number} of {attempts} after: {cause}"),
                    number=machine.attempt + 1,
                    attempts=policy.attempts,
                    cause=machine.cause,
                )
                _move(session, machine, MachineVerb.RETRY, at, why)
                begun += 1
    return begun


def retry_awaited(session: Session, settings: Settings, at: datetime) -> bool:
    """Whether some machine is begun again by itself once its pause is over."""
    return bool(_to_retry(session, settings, at))


def _any_retries(settings: Settings) -> bool:
    """Whether the policy of any step begins it again by itself."""
    return any(step.attempts != 1 for step in settings.steps.values())


def _to_retry(
    session: Session, settings: Settings, at: datetime
) -> list[tuple[Machine, StepTimes]]:
    if not _any_retries(settings):
        return []
    today = at.astimezone(settings.programme.zone).date()
    stopped, sites = stops.stopped(session), site_keys(session)
    return [
        (machine, settings.step(Step(machine.step)))
        for machine in ready.resting(session, _ENDED_BADLY, day=today)
        if machine.step and _may_retry(session, settings, machine)
        if not stopped.reaches(machine.generation, sites.get(machine.site_id or 0))
    ]


def _may_retry(session: Session, settings: Settings, machine: Machine) -> bool:
    step = Step(machine.step or "")
    policy = settings.step(step)
    wanted = policy.retry_matching
    return (
        machine.attempt < policy.attempts
        and machine.state in policy.retry_on
        and (not wanted or any(re.search(one, machine.cause or "") for one in wanted))
        and (not step.destructive or _without_effect(session, machine, step))
    )


def _without_effect(session: Session, machine: Machine, step: Step) -> bool:
    claim = claims.latest(session, machine.id or 0, step)
    return claim is not None and claim.outcome is not None and claim.consumed_at is None


def _move(session: Session, machine: Machine, verb: MachineVerb, at: datetime, reason: str) -> None:
    transitions.apply(session, Machine, [machine.id or 0], verb, actor=DAEMON, at=at, reason=reason)
