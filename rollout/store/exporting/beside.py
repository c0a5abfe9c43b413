"""What lies beside machines in other tables, for one page of them at a time.

Each answers with columns in the order of the ids that it is asked for, empty where there is
nothing. `Until` bounds what is read to how far the database once went.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from rollout.domain.account import ACCOUNT, CloudService
from rollout.domain.takeout import UNDER_WAY
from rollout.store.exporting.texts import among, day, moment, plain
from rollout.store.tables import (
    Account,
    ControlSummary,
    DiskPin,
    Evidence,
    Machine,
    SpareLoan,
    Takeout,
)

Columns = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Until:
    """Up to which moment, fact of the history, measurement and claim is read; None: no bound."""

    at: datetime | None = None
    fact_id: int | None = None
    evidence_id: int | None = None
    claim_id: int | None = None

    def facts(self, table: Any) -> list[ColumnElement[bool]]:
        """Conditions on rows of the history."""
        bounds: list[ColumnElement[bool]] = []
        if self.at is not None:
            bounds.append(table.at <= self.at)
        if self.fact_id is not None:
            bounds.append(table.id <= self.fact_id)
        return bounds

    def evidence(self, table: Any = Evidence) -> list[ColumnElement[bool]]:
        """Conditions on measurements."""
        bounds: list[ColumnElement[bool]] = []
        if self.at is not None:
            bounds.append(table.measured_at <= self.at)
        if self.evidence_id is not None:
            bounds.append(table.id <= self.evidence_id)
        return bounds


class Loans:
    """Spares that are out: tag of the spare by machine, and of the machine by spare."""

    def __init__(self, session: Session, until: Until = Until()) -> None:
        lent, needy = aliased(Machine), aliased(Machine)
        returned = col(SpareLoan.returned_at)
        out: list[ColumnElement[bool]] = [returned.is_(None)]
        if until.at is not None:
            out = [col(SpareLoan.lent_at) <= until.at, or_(*out, returned > until.at)]
        rows = session.connection().execute(
            select(col(SpareLoan.machine_id), col(SpareLoan.spare_id), col(lent.asset_tag),
                   col(needy.asset_tag))
            .join(lent, col(lent.id) == col(SpareLoan.spare_id))
            .join(needy, col(needy.id) == col(SpareLoan.machine_id))
            .where(*out)
        ).all()  # fmt: skip
        self.spare_of: Mapping[int, str] = {machine: spare for machine, _id, spare, _tag in rows}
        self.lent_to: Mapping[int, str] = {spare: tag for _id, spare, _spare, tag in rows}
        self.any = bool(rows)


class Accounts:
    """The state of each service of the owners; empty where nothing was asked for.

    Whether there is a row of such a service is no difference: the history does not tell it.
    """

    FIELDS = tuple(service.value for service in CloudService)
    _NONE = (None,) * len(FIELDS)

    def __init__(self, session: Session) -> None:
        self._session = session
        # An empty fleet of accounts is asked once, not page by page.
        self._any = session.connection().execute(select(col(Account.id)).limit(1)).first()

    def of(self, owners: Sequence[int | None]) -> Columns:
        ids = {owner for owner in owners if owner is not None}
        if not ids or self._any is None:
            return [self._NONE[:1] * len(owners)] * len(self.FIELDS)
        it = Account
        statement = select(col(it.person_id), col(it.service), col(it.state)).where(
            among(col(it.person_id), ids), col(it.state) != ACCOUNT.initial.value
        )
        found: dict[str, dict[int | None, str]] = {name: {} for name in self.FIELDS}
        for person, service, state in plain(self._session, statement):
            found[service][person] = state
        return [[*map(found[name].get, owners)] for name in self.FIELDS]


class Takeouts:
    """The application under way that ends last, and the PIN of the disk."""

    FIELDS = ("take_out", "take_out_from", "take_out_to", "disk_pin")
    _NONE = (None, None, None)

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, machines: Sequence[int]) -> Columns:
        session = self._session
        states = sorted(state.value for state in UNDER_WAY)
        statement = (
            select(col(Takeout.machine_id), col(Takeout.state), day(session, Takeout.period_from),
                   day(session, Takeout.period_to))
            .where(among(col(Takeout.machine_id), machines), col(Takeout.state).in_(states))
            .order_by(col(Takeout.period_to), col(Takeout.id))
        )  # fmt: skip
        found = {machine: tuple(it) for machine, *it in plain(session, statement)}
        asked = select(col(DiskPin.machine_id), col(DiskPin.state)).where(
            among(col(DiskPin.machine_id), machines)
        )
        pins: Mapping[int, str] = dict(plain(session, asked))
        if not found and not pins:
            return [self._NONE[:1] * len(machines)] * len(self.FIELDS)
        return [
            *zip(*(found.get(machine, self._NONE) for machine in machines), strict=True),
            [*map(pins.get, machines)],
        ]


class Controls:
    """What the measurements since the disk was last rewritten come to."""

    FIELDS = (
        "controls_passed", "controls_failed", "controls_pending", "controls_lacking", "measured_at",
    )  # fmt: skip
    NONE = (None,) * 5

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, machines: Sequence[int]) -> Columns:
        it = ControlSummary
        statement: Any = select(
            col(it.machine_id), col(it.passed), col(it.failed), col(it.pending), col(it.lacking),
            moment(self._session, it.measured_at),
        ).where(among(col(it.machine_id), machines))  # fmt: skip
        found = {machine: tuple(said) for machine, *said in plain(self._session, statement)}
        none = self.NONE
        return [*zip(*(found.get(machine, none) for machine in machines), strict=True)]
