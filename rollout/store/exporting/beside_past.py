"""What lay beside machines in other tables at a moment that is over, by the history."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select, true
from sqlmodel import Session, col

from rollout.domain.account import ACCOUNT
from rollout.domain.takeout import DISK_PIN, TAKEOUT, UNDER_WAY
from rollout.store.as_of_places import old_values
from rollout.store.control_summaries import summed_up
from rollout.store.exporting.beside import Accounts, Columns, Controls, Takeouts, Until
from rollout.store.exporting.evidence import rewriting
from rollout.store.exporting.machines import Core
from rollout.store.exporting.texts import among, day, moment, plain
from rollout.store.tables import Account, AuditRow, DiskPin, Evidence, Person, Takeout


def _states(session: Session, noun: str, ids: Sequence[int], until: Until) -> dict[int, str]:
    """The last state that a fact up to the moment led to, by id."""
    rows = session.connection().execute(
        select(col(AuditRow.noun_id), col(AuditRow.to_state))
        .where(
            col(AuditRow.noun) == noun,
            among(col(AuditRow.noun_id), ids),
            col(AuditRow.to_state).is_not(None),
            *until.facts(AuditRow),
        )
        .order_by(col(AuditRow.id))
    )
    return {id_: state for id_, state in rows if state is not None}


class AccountsThen:
    """The state of each service of the owners."""

    FIELDS = Accounts.FIELDS

    def __init__(self, session: Session, until: Until) -> None:
        self._session, self._until = session, until

    def of(self, owners: Sequence[int | None]) -> Columns:
        ids = {owner for owner in owners if owner is not None}
        if not ids:
            return [[None] * len(owners)] * len(self.FIELDS)
        rows = (
            self._session.connection()
            .execute(
                select(col(Account.id), col(Account.person_id), col(Account.service)).where(
                    among(col(Account.person_id), ids)
                )
            )
            .all()
        )
        states = _states(self._session, ACCOUNT.noun, [row.id or 0 for row in rows], self._until)
        nothing = ACCOUNT.initial.value
        found = {
            (row.person_id, row.service): state
            for row in rows
            if (state := states.get(row.id or 0)) != nothing
        }
        return [[found.get((owner, name)) for owner in owners] for name in self.FIELDS]


class TakeoutsThen:
    """The application under way that ended last, and the PIN of the disk."""

    FIELDS = Takeouts.FIELDS

    def __init__(self, session: Session, until: Until) -> None:
        self._session, self._until = session, until

    def of(self, machines: Sequence[int]) -> Columns:
        session = self._session
        it = Takeout
        applied = [] if self._until.at is None else [col(it.applied_at) <= self._until.at]
        rows = (
            session.connection()
            .execute(
                select(col(it.id), col(it.machine_id), day(session, it.period_from),
                       day(session, it.period_to))
                .where(among(col(it.machine_id), machines), *applied)
                .order_by(col(it.period_to), col(it.id))
            )
            .all()
        )  # fmt: skip
        states = _states(session, TAKEOUT.noun, [row[0] or 0 for row in rows], self._until)
        found: dict[int, tuple[Any, ...]] = {}
        for id_, machine, first, last in rows:
            state = states.get(id_ or 0, TAKEOUT.initial.value)
            if state in UNDER_WAY:
                found[machine] = (state, first, last)
        pins = self._pins(machines)
        none = (None, None, None)
        return [
            *zip(*(found.get(machine, none) for machine in machines), strict=True),
            [pins.get(machine) for machine in machines],
        ]

    def _pins(self, machines: Sequence[int]) -> Mapping[int, str | None]:
        session, it = self._session, DiskPin
        rows = (
            session.connection()
            .execute(
                select(col(it.id), col(it.machine_id), col(it.state_since)).where(
                    among(col(it.machine_id), machines)
                )
            )
            .all()
        )
        ids = [row.id or 0 for row in rows]
        states = _states(session, DISK_PIN.noun, ids, self._until)
        # Those that versions before asked for a PIN stand in no fact until they are seen to move.
        moved, at = _states(session, DISK_PIN.noun, ids, Until()), self._until.at
        return {
            row.machine_id: states.get(row.id or 0)
            if row.id in moved or (at is not None and row.state_since > at)
            else DISK_PIN.initial.value
            for row in rows
        }


class ControlsThen:
    """What the measurements up to the moment, and since the disk was last rewritten, came to."""

    FIELDS = Controls.FIELDS

    def __init__(self, session: Session, until: Until) -> None:
        self._session, self._until = session, until

    def of(self, machines: Sequence[int]) -> Columns:
        it, session = Evidence, self._session
        statement = (
            select(col(it.machine_id), col(it.control), col(it.verdict), col(it.epoch),
                   moment(session, it.measured_at))
            .where(among(col(it.machine_id), machines), *self._until.evidence())
            .order_by(col(it.epoch))
        )  # fmt: skip
        since = dict(plain(session, rewriting(machines, self._until)))
        found = summed_up(plain(session, statement), since)
        return [*zip(*(found.get(one, Controls.NONE) for one in machines), strict=True)]


class OwnersThen:
    """Whose a machine was, and what the owner was called."""

    def __init__(self, session: Session, until: Until) -> None:
        people = session.connection().execute(
            select(col(AuditRow.noun_id), col(AuditRow.detail))
            .where(
                col(AuditRow.noun) == "person",
                col(AuditRow.verb) == "amend",
                ~and_(true(), *until.facts(AuditRow)),
            )
            .order_by(col(AuditRow.id))
        )
        self._before: dict[int, dict[str, Any]] = {}
        for id_, detail in people:
            known = self._before.setdefault(id_, {})
            for name, value in old_values(detail).items():
                known.setdefault(name, value)
        self._session = session
        self._by_number: dict[str, Any] = {}

    def of(self, core: Core, amended: Mapping[str, Any]) -> dict[str, Any]:
        """`owner_id`, `staff_number`, `owner` and `upn`, set back."""
        row = {
            "owner_id": core.owner_id, "staff_number": core.staff_number, "owner": core.owner,
            "upn": core.upn,
        }  # fmt: skip
        if "owner" in amended:
            person = self._person(amended["owner"])
            names = ("id", "staff_number", "name", "upn")
            row = dict(zip(row, (getattr(person, name, None) for name in names), strict=True))
        before = self._before.get(row["owner_id"] or 0, {})
        row["owner"] = before.get("name", row["owner"])
        row["upn"] = before.get("upn", row["upn"])
        return row

    def _person(self, number: str | None) -> Any:
        """Nobody when the machine had no owner, and when the history has forgotten who it was."""
        if number is None:
            return None
        if number not in self._by_number:
            self._by_number[number] = (
                self._session.connection()
                .execute(
                    select(
                        col(Person.id), col(Person.staff_number), col(Person.name), col(Person.upn)
                    ).where(col(Person.staff_number) == number)
                )
                .first()
            )
        return self._by_number[number]
