"""What operators do with single machines, and what they can look up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session

from rollout.application import settle
from rollout.application.operators import Operator
from rollout.application.retirement.listing import Replaced, of_machine
from rollout.domain.errors import RolloutError
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.domain.machine_order import BY_TAG, Sorting
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole
from rollout.store import claims, commands, machines, pending_controls, spares, transitions
from rollout.store.database import Database
from rollout.store.machines import Filter as Filter  # front ends ask with the one
from rollout.store.machines import Joined as Joined  # and show the other
from rollout.store.tables import AuditRow, Claim, Command, Evidence, HostResult, Machine

PROBE = "probe_machine"


class MachineRefused(RolloutError):
    """The machine cannot do this; the message says why and what to do."""


class Settled(StrEnum):
    """What a person found at a machine whose reimage is in doubt."""

    DONE = "done"
    NOT_STARTED = "not-started"


@dataclass(frozen=True)
class MachineView:
    """A machine with everything that is known of it; `asked` is the newest request to probe it."""

    joined: Joined
    history: Sequence[AuditRow]
    claims: Sequence[Claim]
    evidence: Sequence[Evidence]
    last_failure: HostResult | None
    loan: spares.Loan | None = None
    replaced: Replaced | None = None
    pending: Sequence[str] = ()
    asked: Command | None = None


def listing(
    database: Database,
    wanted: Filter,
    *,
    after: str = "",
    limit: int = 100,
    sorting: Sorting = BY_TAG,
) -> list[Joined]:
    """Machines in an order, the first `limit` behind the machine of the tag `after`."""
    with database.read() as session:
        found = machines.listing(session, wanted, after=after, limit=limit, sorting=sorting)
        return spares.beside(session, found)


def counts(database: Database) -> dict[str, int]:
    """How many machines are in each state."""
    with database.read() as session:
        return machines.counts(session)


def show(database: Database, tag: str) -> MachineView:
    """One machine with its timeline. Raises NotFound."""
    with database.read() as session:
        (joined,) = spares.beside(session, [machines.one(session, tag)])
        machine_id = joined.machine.id or 0
        return MachineView(
            joined,
            machines.history_of(session, machine_id),
            machines.claims_of(session, machine_id),
            machines.evidence_of(session, machine_id),
            machines.last_failure(session, machine_id),
            next(
                (loan for loan in spares.loans(session) if tag in (loan.spare, loan.machine)), None
            ),
            of_machine(session, machine_id),
            pending_controls.names(session, machine_id),
            commands.last_for(session, PROBE, machine_id),
        )


def move(
    database: Database,
    tags: Sequence[str],
    verb: MachineVerb,
    operator: Operator,
    at: datetime,
    *,
    reason: str | None = None,
    until: date | None = None,
) -> list[transitions.Moved]:
    """Hold, release, exclude or readmit machines: all of them or none."""
    operator.must_be(OperatorRole.OPERATOR)
    if verb is not MachineVerb.RELEASE and not reason:
        raise MachineRefused(_("“{verb}” needs a reason: give --reason").format(verb=label(verb)))
    with database.write() as session:
        ids = [machines.by_tag(session, tag).id or 0 for tag in tags]
        _must_not_be_lent(session, ids)
        said = {"until": until.isoformat()} if until and verb is MachineVerb.HOLD else None
        moved = transitions.apply(
            session, Machine, ids, verb, actor=operator.name, at=at, reason=reason, detail=said
        )
        for machine_id in ids:
            machine = machines.by_id(session, machine_id)
            machine.hold_until = until if verb is MachineVerb.HOLD else None
            session.add(machine)
        return moved


def _must_not_be_lent(session: Session, ids: Sequence[int]) -> None:
    """A spare that somebody works on stays as it is until it is given back."""
    for machine_id in spares.is_out(session, ids):
        tag = machines.by_id(session, machine_id).asset_tag
        raise MachineRefused(
            _(
                "{tag} is out as a spare: `rollout machine spare-return {tag}` when it is back"
            ).format(tag=tag)
        )


def retry(
    database: Database,
    tag: str,
    operator: Operator,
    at: datetime,
    *,
    reason: str | None = None,
    settled: Settled | None = None,
) -> MachineState | None:
    """Send a failed or silent machine back to the start of its step with a new attempt.

    A reimage that may have happened is never started again on a guess: without `settled` the
    daemon is asked to probe the machine and None is returned; with `settled` an approver
    states, with a reason, what was found at the machine itself.
    """
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        claim = _claim_in_doubt(session, machine)
        if claim is None:
            moved = transitions.apply(
                session,
                Machine,
                [machine.id or 0],
                MachineVerb.RETRY,
                actor=operator.name,
                at=at,
                reason=reason,
            )
            return MachineState(moved[0].to_state)
        if settled is None:
            commands.ask(session, PROBE, machine.id or 0, actor=operator.name, at=at, reason=reason)
            return None
        operator.must_be(OperatorRole.APPROVER)
        if not reason:
            raise MachineRefused(
                _("what was found at {tag}? a reason has to say it").format(tag=tag)
            )
        if settled is Settled.DONE:
            return settle.done(session, machine, claim, actor=operator.name, at=at, reason=reason)
        return settle.not_started(
            session, machine, claim, actor=operator.name, at=at, reason=reason
        )


def _claim_in_doubt(session: Session, machine: Machine) -> Claim | None:
    """The claim of a reimage whose token was used and whose effect nobody has proven."""
    if machine.state not in (MachineState.SILENT, MachineState.UNKNOWN, MachineState.FAILED):
        return None
    if machine.step != Step.REIMAGE:
        return None
    claim = claims.latest(session, machine.id or 0, Step.REIMAGE)
    return claim if claim is not None and claims.may_have_happened(claim) else None


def addressable(database: Database, limit: int) -> Sequence[Machine]:
    """The first machines, by wave and tag, that can be reached and recognised."""
    with database.read() as session:
        return machines.addressable(session, limit)
