"""The tables as a queue: taking what is due, and what its orders are made from."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from rollout.application.accounts import following
from rollout.application.accounts.directory import Directory
from rollout.application.accounts.ordering import (
    Known,
    Next,
    Passwords,
    next_of_account,
    next_of_group,
)
from rollout.application.accounts.orders import (
    Done,
    Outcome,
)
from rollout.domain.account import AccountState, Aim, CloudService, GroupKind
from rollout.settings.accounts import Accounts
from rollout.store import accounts, postings
from rollout.store.accounts import AccountPerson, WorkTable
from rollout.store.database import Database
from rollout.store.tables import Account, CloudGroup

TAKEN_FOR = timedelta(minutes=15)
"""Until then nobody else takes a row: longer than any cycle."""


@dataclass
class Work:
    """A row that was taken, with its orders and what came of them."""

    table: WorkTable
    row: Any
    next: Next
    left: int = 0
    worst: Outcome = field(default_factory=Done)
    found: str | None = None


class Queue:
    """Takes rows and hands them back.

    A row is taken by moving its next look ahead and marking it as in doubt, before anything is
    sent: whoever finds it so after a crash asks the directory what there is.
    """

    def __init__(
        self,
        database: Database,
        settings: Accounts,
        directory: Directory,
        passwords: Passwords | None,
        today: Callable[[], date],
    ) -> None:
        self._database, self._settings, self._today = database, settings, today
        self._configured = settings
        self._directory, self._passwords = directory, passwords
        self.licence_groups: Mapping[str, str] = {}
        self._skus: Mapping[str, str] = {}
        self._learnt = False
        self._people: dict[int, AccountPerson] = {}
        self._departments: Mapping[int, tuple[str, str]] = {}
        self._left: Mapping[int, Sequence[postings.Left]] = {}

    def look_around(self) -> None:
        """Read what changes seldom: people and departments; products once a process."""
        with self._database.read() as session:
            day = self._today()
            # Where everybody is posted today, whether or not the daemon has looked since midnight.
            places = following.read(session, self._configured, day)
            self._settings = places.settings
            everybody = places.people(
                (*accounts.people(session), *accounts.people(session, day=day))
            )
            self._people = {person.id: person for person in everybody}
            self._departments = places.names
            self._left = following.left_departments(session, places, self._people.values())
        if self._learnt or CloudService.LICENCE not in self._settings.services:
            return
        self._skus = {one.part_number: one.sku_id for one in self._directory.products()}
        if self._settings.licence_groups:
            by_name = {group.display_name: group.id for group in self._directory.groups()}
            self.licence_groups = {
                part: by_name[name]
                for part, name in self._settings.licence_groups.items()
                if name in by_name
            }
        self._learnt = True

    def people_of(self, departments: Collection[int]) -> set[int]:
        """People whose groups are kept under these departments."""
        return {one.id for one in self._people.values() if one.department_id in departments}

    def take(self, now: datetime, limit: int, *, asking: bool) -> list[Work]:
        """Open rows whose moment has come; groups before the people who wait for them.

        Not `asking` leaves out those for which the directory is asked about whole teams first,
        which cannot be done while orders are under way.
        """
        left_out = () if asking or not self._by_team else (CloudService.CHAT.value,)
        taken: list[tuple[WorkTable, Any, bool]] = []
        with self._database.write() as session:
            for table in (CloudGroup, Account):
                rows = accounts.due(session, table, now, limit - len(taken), without=left_out)
                taken += [(table, row, bool(row.in_doubt)) for row in rows]
                accounts.write_work(
                    session,
                    table,
                    [{"id": row.id, "due_at": now + TAKEN_FOR, "in_doubt": True} for row in rows],
                )
        return self._works(taken) if taken else []

    def hand_back(self, works: Sequence[Work], now: datetime) -> None:
        """Rows that were taken and for which nothing was sent."""
        with self._database.write() as session:
            for table in (CloudGroup, Account):
                accounts.write_work(
                    session,
                    table,
                    [
                        {"id": work.row.id, "due_at": now, "in_doubt": work.row.in_doubt}
                        for work in works
                        if work.table is table
                    ],
                )

    @property
    def _by_team(self) -> bool:
        return self._settings.chat.provider == "teams"

    def _works(self, taken: Sequence[tuple[WorkTable, Any, bool]]) -> list[Work]:
        known = self._known([row for table, row, _ in taken if table is Account])
        works = []
        for table, row, in_doubt in taken:
            row.in_doubt = in_doubt
            if table is Account:
                following = next_of_account(row, known)
            else:
                following = next_of_group(row, self._departments[row.department_id], known)
            works.append(Work(table, row, following))
        if self._passwords is not None:
            # A user whose password nobody has could not be given to anybody.
            self._passwords.keep()
        return works

    def _known(self, rows: Sequence[Account]) -> Known:
        with self._database.read() as session:
            of_people = accounts.of_people(session, {row.person_id for row in rows})
            groups = {(row.department_id, row.kind): row for row in accounts.groups(session)}
        return Known(
            settings=self._settings,
            people=self._people,
            accounts={(row.person_id, row.service): row for row in of_people},
            groups=groups,
            skus=self._skus,
            licence_groups=self.licence_groups,
            teams=self._teams(rows, groups),
            passwords=self._passwords,
            left=self._groups_to_leave({row.person_id for row in rows}, groups),
        )

    def _groups_to_leave(
        self, people: Collection[int], groups: Mapping[tuple[int, str], CloudGroup]
    ) -> dict[int, tuple[str, ...]]:
        """Ids of groups of departments that people left more than `old_group_days` ago."""
        limit = self._today() - timedelta(days=self._settings.old_group_days)
        found: dict[int, tuple[str, ...]] = {}
        for person in people:
            old = [
                groups.get((one.department_id, GroupKind.GROUP.value))
                for one in self._left.get(person, ())
                if one.last < limit
            ]
            ids = tuple(one.external_id for one in old if one is not None and one.external_id)
            if ids:
                found[person] = ids
        return found

    def _teams(
        self, rows: Sequence[Account], groups: Mapping[tuple[int, str], CloudGroup]
    ) -> Mapping[str, frozenset[str]]:
        """Members of the teams in which somebody is awaited."""
        if not self._by_team:
            return {}
        awaited = {
            self._people[row.person_id].department_id or 0
            for row in rows
            if row.service == CloudService.CHAT and row.aim == Aim.READY
        }
        teams = [groups.get((department, GroupKind.TEAM.value)) for department in awaited]
        wanted = {
            team.external_id
            for team in teams
            if team is not None and team.state == AccountState.READY and team.external_id
        }
        return self._directory.team_members(sorted(wanted)) if wanted else {}
