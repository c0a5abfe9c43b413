"""Whose group a department has: one that was renamed keeps the group of the one it was.

A department that is renamed ends and its follower begins. The group, its address and its team stay
and get the new name. After a merger or a split the follower has a group of its own, which people
join, and whose forerunners they leave `old_group_days` later, as after any transfer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlmodel import Session

from rollout.application.accounts.naming import department_name
from rollout.domain.account import AccountState, GroupKind
from rollout.domain.departments import DepartmentChangeKind
from rollout.settings.accounts import Accounts
from rollout.store import accounts, departments, postings
from rollout.store.accounts import AccountPerson
from rollout.store.departments import DepartmentRow, Followed
from rollout.store.postings import Left


@dataclass(frozen=True)
class Places:
    """Departments and their groups on `day`.

    A *keeper* is the department under which a group is kept: its own, or that of the department
    that it was. `known` are addresses of groups that there are already, by their department.
    """

    day: date
    configured: Accounts
    rows: Mapping[int, DepartmentRow]
    lineage: Sequence[Followed]
    known: Mapping[int, str]

    def keeper(self, department: int) -> int:
        """The department under which the group of `department` is kept."""
        return self._keepers[department]

    def address(self, department: int) -> str:
        """The address of a department's group before the @."""
        keeper = self.keeper(department)
        named = self.configured.nicknames.get(self._name(keeper)) or self._of_follower(keeper)
        renamed = keeper in self._was.values()
        kept = self.known.get(keeper) if renamed else None
        return kept or named or f"department-{keeper}"

    @cached_property
    def settings(self) -> Accounts:
        """The configuration, with the addresses of kept groups under the names of their bearers."""
        kept = {
            row.name: self.address(row.id)
            for row in self.rows.values()
            if self.keeper(row.id) != row.id
        }
        own = {row.name for row in self.rows.values() if self.keeper(row.id) == row.id}
        added = {name: address for name, address in kept.items() if name not in own}
        return self.configured.model_copy(
            update={"nicknames": {**added, **self.configured.nicknames}}
        )

    @cached_property
    def names(self) -> dict[int, tuple[str, str]]:
        """Bureau and division that a group bears on the day, by keeper."""
        found = {row.id: (row.bureau, row.division) for row in self.rows.values()}
        for row in sorted(self.rows.values(), key=lambda one: one.valid_from):
            if row.valid_from <= self.day:
                found[self.keeper(row.id)] = (row.bureau, row.division)
        return found

    def former_names(self, keeper: int) -> set[str]:
        """Names under which a group may still be known."""
        now = department_name(*self.names[keeper])
        return {row.name for row in self.rows.values() if self.keeper(row.id) == keeper} - {now}

    def people(self, people: Iterable[AccountPerson]) -> list[AccountPerson]:
        """The same people, with the department under which their group is kept."""
        return [
            one if one.department_id is None
            else one._replace(department_id=self.keeper(one.department_id))
            for one in people
        ]  # fmt: skip

    def left(
        self, left: Mapping[int, Sequence[Left]], people: Mapping[int, AccountPerson]
    ) -> dict[int, list[Left]]:
        """Groups that people left, by keeper; who only saw a new name has left nothing."""
        found: dict[int, list[Left]] = {}
        for person, places in left.items():
            here = people[person].department_id if person in people else None
            moved = [one._replace(department_id=self.keeper(one.department_id)) for one in places]
            gone = [one for one in moved if one.department_id != here]
            if gone:
                found[person] = gone
        return found

    @cached_property
    def _keepers(self) -> dict[int, int]:
        return {department: self._keeper(department) for department in self.rows}

    def _keeper(self, department: int) -> int:
        seen = {department}
        while (before := self._was.get(department)) is not None and before not in seen:
            if not self._keeps(department, before):
                break
            seen.add(before)
            department = before
        return department

    @cached_property
    def _was(self) -> dict[int, int]:
        """What each department was called before, as far as it was only renamed by the day."""
        return {
            one.to_id: one.from_id
            for one in self.lineage
            if one.to_id is not None
            and one.kind == DepartmentChangeKind.RENAMED
            and one.day <= self.day
            # Renamed to what was there already: it went into it.
            and self.rows[one.to_id].valid_from >= one.day
        }

    def _keeps(self, department: int, before: int) -> bool:
        """Whether the group goes on: not where the follower has, or is to have, its own address."""
        if self.configured.renamed_groups == "new" or department in self.known:
            return False
        named = self.configured.nicknames.get(self._name(department))
        former = self._former_address(before)
        return named is None or former is None or named == former

    def _former_address(self, department: int) -> str | None:
        seen: set[int] = set()
        at: int | None = department
        while at is not None and at not in seen:
            seen.add(at)
            found = self.known.get(at) or self.configured.nicknames.get(self._name(at))
            if found:
                return found
            at = self._was.get(at)
        return None

    def _of_follower(self, keeper: int) -> str | None:
        """The address that the configuration gives under a newer name of the same department."""
        for row in sorted(self.rows.values(), key=lambda one: one.valid_from, reverse=True):
            named = self.configured.nicknames.get(row.name)
            if named is not None and row.id != keeper and self.keeper(row.id) == keeper:
                return named
        return None

    def _name(self, department: int) -> str:
        return self.rows[department].name


def read(session: Session, settings: Accounts, day: date) -> Places:
    """Departments as they stand, or will stand, on `day`."""
    known = {
        row.department_id: row.key.rpartition("/")[0]
        for row in accounts.groups(session)
        if row.kind == GroupKind.GROUP and row.state != AccountState.ABSENT
    }
    return Places(
        day,
        settings,
        {row.id: row for row in departments.every(session)},
        departments.lineage(session),
        known,
    )


def left_departments(
    session: Session, places: Places, people: Iterable[AccountPerson]
) -> dict[int, list[Left]]:
    """Groups that people in service have left, by person; `people` as `Places.people` has them."""
    found = postings.left_departments(session, places.day)
    return places.left(found, {one.id: one for one in people})


def every_group(session: Session, places: Places, people: Iterable[int]) -> dict[int, set[int]]:
    """Every group in which these people may ever have been, by keeper."""
    found = postings.departments_of(session, people)
    return {person: {places.keeper(one) for one in own} for person, own in found.items()}


@dataclass(frozen=True)
class NewName:
    """A group that is to bear another name, under the same address."""

    keeper: int
    address: str
    before: str
    after: str


@dataclass(frozen=True)
class Reorganised:
    """What became, or will become, of a department's group."""

    day: date
    kind: str
    before: str
    after: str | None
    keeps: bool


def reorganised(places: Places, since: date) -> list[Reorganised]:
    """Departments that changed after `since` and until the day of `places`."""
    return [
        Reorganised(
            one.day,
            one.kind,
            places.rows[one.from_id].name,
            places.rows[one.to_id].name if one.to_id is not None else None,
            one.to_id is not None and places.keeper(one.to_id) == places.keeper(one.from_id),
        )
        for one in places.lineage
        if since < one.day <= places.day
    ]
