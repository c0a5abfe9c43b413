"""Spare machines for owners whose PC failed: handed out at the same site, and given back.

The pool of a site is the machines without an owner that its ledger calls spares (用途: 予備);
`[sites.X] spares` is how many the plan counts on, so a difference between the two is shown. A spare
that still waits for its own passage is held while it is out: nobody's work may be rewritten under
their hands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from rollout.application.operators import Operator
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact, canonical
from rollout.domain.machine import WORKING, MachineState, MachineVerb
from rollout.domain.purpose import Purpose
from rollout.domain.spare import HANDED_OUT_FROM, HELD_WHILE_OUT, NEEDED_FOR, SpareVerb
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.i18n.told import told
from rollout.settings import OperatorRole, Settings
from rollout.store import history, machines, spares, transitions
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.spares import Loan as Loan  # front ends show it
from rollout.store.tables import Machine, Person, SpareLoan


class SpareRefused(RolloutError):
    """No spare is handed out or taken back; the message says why and what to do."""


@dataclass(frozen=True)
class SparePool:
    """The spares of a site; `configured` is how many the plan counts on, None when it is not said.

    `total` machines of the ledger are spares there; `free` of them can be handed out, `out` are.
    """

    site: str | None
    configured: int | None
    total: int
    free: int
    out: int


@dataclass(frozen=True)
class Offer:
    """What could be handed out for a machine: spares of its site, `best` is the first."""

    owner: str
    site: str
    tags: Sequence[str]
    best: Machine


def pools(database: Database, settings: Settings) -> list[SparePool]:
    """Every site that has spares or for which some are configured, by name."""
    with database.read() as session:
        known = {pool.site: pool for pool in spares.pools(session)}
    names = {*known, *(key for key, site in settings.sites.items() if site.spares)}
    return [
        SparePool(
            name,
            settings.site(name).spares if name else None,
            pool.total if pool else 0,
            pool.free if pool else 0,
            pool.out if pool else 0,
        )
        for name in sorted(names, key=lambda name: (name is None, name or ""))
        for pool in [known.get(name)]
    ]


def loans(database: Database) -> list[Loan]:
    """Every spare that is out, the longest first."""
    with database.read() as session:
        return spares.loans(session)


def offer(database: Database, tag: str) -> Offer:
    """What could be handed out for the machine now. Raises SpareRefused, NotFound."""
    with database.read() as session:
        machine = machines.by_tag(session, tag)
        owner = _owner_in_need(session, machine)
        found = _free_at_its_site(session, machine)
        site = machines.site_keys(session)[machine.site_id or 0]
        return Offer(owner.name, site, [spare.asset_tag for spare in found], found[0])


def hand_out(
    database: Database,
    tag: str,
    operator: Operator,
    at: datetime,
    reason: str | None,
    *,
    spare_tag: str | None = None,
) -> Loan:
    """Give the owner of the machine `tag` a spare of the same site: the named one, or the best.

    Raises SpareRefused, NotFound, NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    reason = _reason(reason)
    with database.write() as session:
        machine = machines.by_tag(session, tag)
        owner = _owner_in_need(session, machine)
        if spare_tag is None:
            spare = _free_at_its_site(session, machine)[0]
        else:
            spare = machines.by_tag(session, spare_tag)
            _must_be_free(session, spare, machine)
        kept_back = MachineState(spare.state) in HELD_WHILE_OUT
        row = spares.lend(
            session,
            SpareLoan(
                spare_id=spare.id or 0,
                machine_id=machine.id or 0,
                person_id=owner.id or 0,
                kept_back=kept_back,
                reason=reason,
                lent_by=operator.name,
                lent_at=at,
            ),
            [spare.asset_tag, machine.asset_tag],
        )
        loan = _loan(session, row.id)
        _note(session, machine, SpareVerb.STAND_IN, loan, operator, at, reason)
        _note(session, spare, SpareVerb.LEND, loan, operator, at, reason)
        if kept_back:
            why = told(
                msgid("lent to {owner} in place of {tag}: {reason}"),
                owner=owner.name,
                tag=machine.asset_tag,
                reason=reason,
            )
            _move(session, spare, MachineVerb.HOLD, operator, at, why)
        return _loan(session, row.id)


def take_back(
    database: Database, tag: str, operator: Operator, at: datetime, reason: str | None = None
) -> Loan:
    """End the loan of the spare `tag`, or of the one that stands in for the machine `tag`.

    Raises SpareRefused, NotFound, NotPermitted.
    """
    operator.must_be(OperatorRole.OPERATOR)
    with database.write() as session:
        machines.by_tag(session, tag)
        loan = next((one for one in spares.loans(session) if tag in (one.spare, one.machine)), None)
        if loan is None:
            raise SpareRefused(
                _(
                    "{tag} neither is out as a spare nor has one: see `rollout machine spares`"
                ).format(tag=tag)
            )
        spares.take_back(session, loan.row, actor=operator.name, at=at)
        spare = machines.by_id(session, loan.row.spare_id)
        machine = machines.by_id(session, loan.row.machine_id)
        said = reason.strip() if reason and reason.strip() else None
        _note(session, machine, SpareVerb.END_STAND_IN, loan, operator, at, said)
        _note(session, spare, SpareVerb.TAKE_BACK, loan, operator, at, said)
        if loan.row.kept_back and spare.state == MachineState.HELD:
            why = told(msgid("given back by {owner}"), owner=loan.owner)
            _move(session, spare, MachineVerb.RELEASE, operator, at, why)
            session.refresh(loan.row)
        return loan


def _owner_in_need(session: Session, machine: Machine) -> Person:
    tag = machine.asset_tag
    if machine.purpose == Purpose.SPARE and machine.owner_id is None:
        raise SpareRefused(
            _(
                "{tag} is itself a spare: take it back with `rollout machine spare-return {tag}`, "
                "then hand out another for its borrower's own machine"
            ).format(tag=tag)
        )
    owner = machines.owners_of(session, [machine.id or 0]).get(machine.id or 0)
    if owner is None:
        raise SpareRefused(
            _("{tag} has no owner: correct the ledger and import it again").format(tag=tag)
        )
    for loan in spares.loans(session):
        if loan.row.person_id == owner.id or loan.row.machine_id == machine.id:
            raise SpareRefused(
                _(
                    "{owner} has the spare {spare} already, in place of {machine}: take it back "
                    "with `rollout machine spare-return {spare}` before another is handed out"
                ).format(owner=loan.owner, spare=loan.spare, machine=loan.machine)
            )
    state = MachineState(machine.state)
    if state in WORKING:
        raise SpareRefused(
            _("{tag} is {state}: wait until its step has ended").format(tag=tag, state=label(state))
        )
    if state not in NEEDED_FOR:
        raise SpareRefused(
            _(
                "{tag} is {state}: a spare is for a machine that failed; if it did, "
                "`rollout machine hold {tag} --reason WHY` first"
            ).format(tag=tag, state=label(state))
        )
    return owner


def _free_at_its_site(session: Session, machine: Machine) -> Sequence[Machine]:
    """The spares that can be handed out for `machine`, at least one. Raises SpareRefused."""
    if machine.site_id is None:
        raise SpareRefused(
            _("{tag} has no site: correct the ledger and import it again").format(
                tag=machine.asset_tag
            )
        )
    found = spares.free(session, machine.site_id, generation=machine.generation)
    if found:
        return found
    here = machines.site_keys(session)[machine.site_id]
    elsewhere = [pool for pool in spares.pools(session) if pool.free and pool.site]
    if not elsewhere:
        raise SpareRefused(
            _("{site} has no spare left, and no other site has: see `rollout machine spares`")
            .format(site=here)
        )  # fmt: skip
    raise SpareRefused(
        _(
            "{site} has no spare left; there are some at {others}: bring one over and change its "
            "site in the ledger"
        ).format(site=here, others=", ".join(f"{pool.site} ({pool.free})" for pool in elsewhere))
    )


def _must_be_free(session: Session, spare: Machine, machine: Machine) -> None:
    tag = spare.asset_tag
    if spare.purpose != Purpose.SPARE:
        raise SpareRefused(
            _("{tag} is no spare: the ledger has to say 予備 as its purpose").format(tag=tag)
        )
    owner = machines.owners_of(session, [spare.id or 0]).get(spare.id or 0)
    if owner is not None:
        raise SpareRefused(
            _("{tag} belongs to {owner} in the ledger: it is free when nobody stands there").format(
                tag=tag, owner=owner.name
            )
        )
    for loan in spares.loans(session):
        if loan.row.spare_id == spare.id:
            raise SpareRefused(
                _("{tag} is with {owner}, in place of {machine}").format(
                    tag=tag, owner=loan.owner, machine=loan.machine
                )
            )
    if spare.site_id is None or spare.site_id != machine.site_id:
        sites = machines.site_keys(session)
        raise SpareRefused(
            _(
                "{tag} is at {there}, {machine} at {here}: a spare of the same site is needed"
            ).format(
                tag=tag,
                machine=machine.asset_tag,
                there=sites.get(spare.site_id or 0, "–"),
                here=sites.get(machine.site_id or 0, "–"),
            )
        )
    if spare.state not in HANDED_OUT_FROM or not spare.in_ledger:
        raise SpareRefused(
            _("{tag} is {state} and cannot be handed out: see `rollout machine show {tag}`").format(
                tag=tag, state=label(MachineState(spare.state))
            )
        )


def _reason(reason: str | None) -> str:
    if not reason or not reason.strip():
        raise SpareRefused(_("this needs a reason: give --reason"))
    return reason.strip()


def _loan(session: Session, loan_id: int | None) -> Loan:
    return next(loan for loan in spares.loans(session) if loan.row.id == loan_id)


def _move(
    session: Session, spare: Machine, verb: MachineVerb, operator: Operator, at: datetime, why: str
) -> None:
    transitions.apply(
        session, Machine, [spare.id or 0], verb, actor=operator.name, at=at, reason=why
    )


def _note(
    session: Session,
    machine: Machine,
    verb: SpareVerb,
    loan: Loan,
    operator: Operator,
    at: datetime,
    reason: str | None,
) -> None:
    """A fact of a machine that leaves its state as it is."""
    detail = {"spare": loan.spare, "machine": loan.machine, "person": loan.staff_number}
    fact = Fact(
        instant_text(at), operator.name, "machine", machine.id or 0, machine.asset_tag, verb.value,
        machine.state, machine.state, reason, None, machine.version, canonical(detail),
    )  # fmt: skip
    history.append(session, [fact])
