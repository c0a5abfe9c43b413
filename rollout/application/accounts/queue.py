"""The tables as a queue: taking what is due, and what its orders are made from."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application.accounts import following
from rollout.application.accounts.directory import Directory
from rollout.application.accounts.ordering import (
    Known,
    Passwords,
    next_of_account,
    next_of_group,
)
from rollout.application.accounts.under_way import GROUPS, UnderWay, Work
from rollout.domain.account import Aim, CloudService, GroupKind
from rollout.settings.accounts import Accounts
from rollout.store import account_queue, accounts, postings
from rollout.store.account_queue import GroupStanding, Standing, WorkTable
from rollout.store.accounts import AccountPerson
from rollout.store.tables import Account, CloudGroup

TAKEN_FOR = timedelta(minutes=15)
"""Until then nobody else takes a row; whoever is still at it takes it anew."""
LANE = 400
"""Rows of a service that are under way at a time: enough to fill every place several times, and no
service whose quota is narrow keeps the others waiting."""
WIDE_LANE = 20 * LANE
"""The same where many rows are one request: a look into a team answers for all who wait for it, and
each look reads the whole team."""


class Queue:
    """Takes rows and hands them back.

    A row is taken by moving its next look ahead and marking it as in doubt, before anything is
    sent: whoever finds it so after a crash asks the directory what there is. `holder` is the name
    under which this process takes rows.
    """

    def __init__(
        self,
        settings: Accounts,
        directory: Directory,
        passwords: Passwords | None,
        today: Callable[[], date],
        holder: str | None = None,
    ) -> None:
        self._holder = holder
        self._settings, self._today = settings, today
        self._configured = settings
        self._places: following.Places | None = None
        self._directory, self._passwords = directory, passwords
        self.licence_groups: Mapping[str, str] = {}
        self._skus: Mapping[str, str] = {}
        self._learnt = False
        self._people: dict[int, AccountPerson] = {}
        self._departments: Mapping[int, tuple[str, str]] = {}
        self._left: Mapping[int, Sequence[postings.Left]] = {}

    def learn(self) -> None:
        """Ask the directory what changes seldom, until `forget`. Raises DirectoryAway."""
        if self._learnt or CloudService.LICENCE not in self._settings.services:
            return
        self._skus = {one.part_number: one.sku_id for one in self._directory.products()}
        if self._settings.licence_groups:
            by_name: dict[str, list[str]] = defaultdict(list)
            for group in self._directory.groups():
                by_name[group.display_name].append(group.id)
            # One of two groups of the same name would be a guess: see `ordering`.
            self.licence_groups = {
                part: by_name[name][0]
                for part, name in self._settings.licence_groups.items()
                if len(by_name[name]) == 1
            }
        self._learnt = True

    def forget(self) -> None:
        """Ask again what was learnt, the next time."""
        self._learnt = False

    def look_around(self, session: Session) -> None:
        """Read people and departments."""
        day = self._today()
        # Where everybody is posted today, whether or not the daemon has looked since midnight.
        places = following.read(session, self._configured, day)
        self._settings, self._places = places.settings, places
        everybody = places.people((*accounts.people(session), *accounts.people(session, day=day)))
        self._people = {person.id: person for person in everybody}
        self._departments = places.names
        self._left = following.left_departments(session, places, self._people.values())

    def in_department(self, department: int) -> list[int]:
        """Ids of people whose group is kept under that department."""
        return [one.id for one in self._people.values() if one.department_id == department]

    def take(self, session: Session, now: datetime, under_way: UnderWay) -> list[Work]:
        """Open rows whose moment has come; groups before the people who wait for them.

        Of every service as many as there is room for beside what is `under_way`.
        """
        until = now + TAKEN_FOR
        groups = self._due_groups(session, now, until, under_way)
        services = self._due_services(session, now, until, under_way)
        if not groups and not services:
            return []
        standings = account_queue.standings_of(session, services) if services else []
        known = self._known(session, standings)
        taken: list[Standing | GroupStanding] = [
            *(one for one in known.groups.values() if one.id in groups),
            *standings,
        ]
        self._must_know(session, taken)
        account_queue.claim(session, CloudGroup, groups, until, self._holder)
        account_queue.claim(session, Account, services, until, self._holder)
        works = [
            Work(
                row,
                until,
                next_of_account(row, self._people[row.person_id], known)
                if isinstance(row, Standing)
                else next_of_group(row, self._departments[row.department_id], known),
            )
            for row in taken
        ]
        if self._passwords is not None:
            # A user whose password nobody has could not be given to anybody.
            self._passwords.keep()
        return works

    def hand_back(self, session: Session, works: Sequence[Work], now: datetime) -> None:
        """Rows that were taken and for which nothing was sent."""
        for table in (CloudGroup, Account):
            mine = [work for work in works if work.table is table]
            claimed = account_queue.claims(session, table, [work.row.id for work in mine])
            account_queue.write_work(
                session,
                table,
                [
                    {
                        "id": work.row.id,
                        "due_at": now,
                        "in_doubt": work.row.in_doubt,
                        "taken_by": None,
                    }
                    for work in mine
                    if work.row.id in claimed and claimed[work.row.id].until == work.until
                ],
            )

    def _due_groups(
        self, session: Session, now: datetime, until: datetime, under_way: UnderWay
    ) -> set[int]:
        room = LANE - under_way.count(GROUPS)
        due = account_queue.due_groups(session, now, room) if room > 0 else ()
        held = {one: work for one in due if (work := under_way.of(CloudGroup, one))}
        self._renew(session, CloudGroup, held, until)
        return set(due) - held.keys()

    def _due_services(
        self, session: Session, now: datetime, until: datetime, under_way: UnderWay
    ) -> dict[int, int]:
        """The person of each account that is due."""
        due = {
            one: person
            for service in CloudService
            if (room := self._lane(service) - under_way.count(service.value)) > 0
            for one, person in account_queue.due_services(session, service.value, now, room)
        }
        held = {one: work for one in due if (work := under_way.of(Account, one))}
        self._renew(session, Account, held, until)
        return {one: person for one, person in due.items() if one not in held}

    def _lane(self, service: CloudService) -> int:
        looks_into_teams = service is CloudService.CHAT and self._settings.chat.provider == "teams"
        return WIDE_LANE if looks_into_teams else LANE

    def _renew(
        self, session: Session, table: WorkTable, held: Mapping[int, Work], until: datetime
    ) -> None:
        """Claims that ran out while their orders were kept back."""
        for work in held.values():
            work.until = until
        account_queue.claim(session, table, held.keys(), until, self._holder)

    def _must_know(self, session: Session, taken: Sequence[Standing | GroupStanding]) -> None:
        """Somebody may have come, and a department may have been made, since we looked."""
        unknown = any(
            row.person_id not in self._people
            if isinstance(row, Standing)
            else row.department_id not in self._departments
            for row in taken
        )
        if unknown:
            self.look_around(session)

    def _known(self, session: Session, standings: Sequence[Standing]) -> Known:
        groups = {
            (row.department_id, row.kind): row for row in account_queue.group_standings(session)
        }
        people = {row.person_id for row in standings}
        going = {row.person_id for row in standings if row.aim == Aim.REVOKED}
        ever = following.every_group(session, self._places, going) if self._places else {}
        return Known(
            settings=self._settings,
            accounts=account_queue.needs_of(session, people) if people else {},
            groups=groups,
            skus=self._skus,
            licence_groups=self.licence_groups,
            passwords=self._passwords,
            left=self._groups_to_leave(people, groups)
            | {person: _ids(groups, departments) for person, departments in ever.items()},
        )

    def _groups_to_leave(
        self, people: Collection[int], groups: Mapping[tuple[int, str], GroupStanding]
    ) -> dict[int, tuple[str, ...]]:
        """Ids of groups of departments that people left more than `old_group_days` ago."""
        limit = self._today() - timedelta(days=self._settings.old_group_days)
        found: dict[int, tuple[str, ...]] = {}
        for person in people:
            old = [one for one in self._left.get(person, ()) if one.last < limit]
            ids = _ids(groups, [one.department_id for one in old])
            if ids:
                found[person] = ids
        return found


def _ids(
    groups: Mapping[tuple[int, str], GroupStanding], departments: Iterable[int]
) -> tuple[str, ...]:
    """The directory's ids of the groups of these departments, as far as there are any."""
    found = (groups.get((one, GroupKind.GROUP.value)) for one in departments)
    return tuple(one.external_id for one in found if one is not None and one.external_id)
