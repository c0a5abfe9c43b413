"""Doing what was asked for: open rows become orders, outcomes become states.

The tables are the queue. A row is taken by moving its next look ahead and marking it as in doubt,
before anything is sent: whoever finds it so after a crash asks the directory what there is.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, SQLModel

from rollout.application.accounts.directory import (
    AssignApp,
    CheckLicences,
    CreateTeam,
    Directory,
    Done,
    Doubtful,
    FindUser,
    Missing,
    NotYet,
    Order,
    Outcome,
    Refused,
    SetMailbox,
    Taken,
)
from rollout.application.accounts.hints import hint
from rollout.application.accounts.ordering import (
    Known,
    Next,
    Passwords,
    Settled,
    Stuck,
    Wait,
    next_of_account,
    next_of_group,
)
from rollout.application.ports import Clock
from rollout.domain.account import AccountState, AccountVerb, Aim, CloudService, GroupKind
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import accounts, transitions
from rollout.store.database import Database
from rollout.store.tables import Account, CloudGroup

log = logging.getLogger(__name__)

ACTOR = "accounts"
BY_GROUP = "group"
"""What a licence has for an id of the service: the groups that give it were joined."""
PORTION = 2000
"""Rows that one cycle takes."""
_TAKEN_FOR = timedelta(minutes=15)
"""Until then nobody else takes a row: longer than any cycle."""
_FIRST_LOOK = timedelta(seconds=5)
LONGEST_LOOK = timedelta(hours=1)
_GIVEN_UP = 40
"""After so many looks without a word a row waits for a person."""


@dataclass(frozen=True)
class Cycle:
    """What one cycle did: rows looked at, rows that reached an end, the next moment to look."""

    taken: int
    ended: int
    next_look: datetime | None


@dataclass
class _Work:
    """A row of the cycle with its orders and what came of them."""

    table: type[SQLModel]
    row: Any
    next: Next
    left: int = 0
    worst: Outcome = field(default_factory=Done)
    found: str | None = None


class AccountsWork:
    """Carries out what is open, a portion at a time."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        directory: Directory,
        clock: Clock,
        passwords: Passwords | None,
    ) -> None:
        self._database, self._settings = database, settings.accounts
        self._directory, self._clock, self._passwords = directory, clock, passwords
        self._skus: dict[str, str] = {}
        self._licence_groups: dict[str, str] = {}
        self._read_licences = False

    def cycle(self, stop: Callable[[], bool] = lambda: False) -> Cycle:
        """Look at what is due. Raises DirectoryAway; what was open stays open."""
        now = self._clock.now()
        taken = self._take(now)
        ended = 0
        if taken:
            self._learn()
            works = self._works(taken)
            if self._passwords is not None:
                # A user whose password nobody has could not be given to anybody.
                self._passwords.keep()
            ended += self._settle([work for work in works if not isinstance(work.next, list)])
            ended += self._send([work for work in works if isinstance(work.next, list)], stop)
        with self._database.read() as session:
            return Cycle(len(taken), ended, accounts.next_due(session))

    def close(self) -> None:
        """Give connections and files back."""
        self._directory.close()
        if self._passwords is not None:
            self._passwords.close()

    def _take(self, now: datetime) -> list[tuple[type[SQLModel], Any, bool]]:
        """Open rows with whether they were in doubt; groups before the people who wait for them."""
        found: list[tuple[type[SQLModel], Any, bool]] = []
        with self._database.write() as session:
            for table in (CloudGroup, Account):
                rows = accounts.due(session, table, now, PORTION - len(found))
                found += [(table, row, bool(row.in_doubt)) for row in rows]
                accounts.write_work(
                    session,
                    table,
                    [{"id": row.id, "due_at": now + _TAKEN_FOR, "in_doubt": True} for row in rows],
                )
        return found

    def _learn(self) -> None:
        """Ids of products, and of the groups that give them: once a process."""
        if self._read_licences or CloudService.LICENCE not in self._settings.services:
            return
        self._skus = {one.part_number: one.sku_id for one in self._directory.products()}
        if self._settings.licence_groups:
            by_name = {group.display_name: group.id for group in self._directory.groups()}
            self._licence_groups = {
                part: by_name[name]
                for part, name in self._settings.licence_groups.items()
                if name in by_name
            }
        self._read_licences = True

    def _works(self, taken: Sequence[tuple[type[SQLModel], Any, bool]]) -> list[_Work]:
        known = self._known([row for table, row, _ in taken if table is Account])
        with self._database.read() as session:
            departments = accounts.departments(session)
        works = []
        for table, row, in_doubt in taken:
            row.in_doubt = in_doubt
            if table is Account:
                following = next_of_account(row, known)
            else:
                following = next_of_group(row, departments[row.department_id], known)
            works.append(_Work(table, row, following))
        return works

    def _known(self, rows: Sequence[Account]) -> Known:
        with self._database.read() as session:
            people = {person.id: person for person in accounts.people(session)}
            of_people = accounts.of_people(session, {row.person_id for row in rows})
            groups = {(row.department_id, row.kind): row for row in accounts.groups(session)}
        return Known(
            settings=self._settings,
            people=people,
            accounts={(row.person_id, row.service): row for row in of_people},
            groups=groups,
            skus=self._skus,
            licence_groups=self._licence_groups,
            teams=self._teams(rows, people, groups),
            passwords=self._passwords,
        )

    def _teams(self, rows: Sequence[Account], people: Any, groups: Any) -> Any:
        """Members of the teams in which somebody is awaited."""
        if self._settings.chat.provider != "teams":
            return {}
        wanted = {
            team.external_id
            for row in rows
            if row.service == CloudService.CHAT and row.aim == Aim.READY
            for team in [
                groups.get((people[row.person_id].department_id or 0, GroupKind.TEAM.value))
            ]
            if team is not None and team.state == AccountState.READY and team.external_id
        }
        return self._directory.team_members(sorted(wanted)) if wanted else {}

    def _send(self, works: Sequence[_Work], stop: Callable[[], bool]) -> int:
        waiting: dict[int, _Work] = {}
        ended = 0

        def orders() -> Iterator[Order]:
            for work in works:
                assert isinstance(work.next, list)  # noqa: S101 - chosen so
                work.left = len(work.next)
                for order in work.next:
                    waiting[id(order)] = work
                    yield order

        def report(outcomes: Sequence[tuple[Order, Outcome]]) -> None:
            nonlocal ended
            complete = []
            for order, outcome in outcomes:
                work = waiting.pop(id(order))
                work.left -= 1
                if isinstance(outcome, Done):
                    work.found = outcome.id or work.found
                elif isinstance(work.worst, Done):
                    work.worst = outcome
                if work.left == 0:
                    complete.append(work)
            ended += self._settle(complete)

        self._directory.carry_out(orders(), report, stop)
        return ended

    def _settle(self, works: Sequence[_Work]) -> int:
        """Write what came of these rows; how many reached an end."""
        if not works:
            return 0
        at = self._clock.now()
        with self._database.write() as session:
            moves: dict[
                tuple[type[SQLModel], AccountVerb, str], tuple[Told | str | None, list[int]]
            ]
            moves = {}
            columns: dict[type[SQLModel], list[dict[str, object]]] = defaultdict(list)
            for work in works:
                verb, cause, changes = self._result(work, at)
                columns[work.table].append({"id": work.row.id, **changes})
                if verb is not None:
                    kept = moves.setdefault((work.table, verb, str(cause)), (cause, []))
                    kept[1].append(work.row.id)
            for table, rows in columns.items():
                accounts.write_work(session, table, rows)
            ends = 0
            for (table, verb, _text), (cause, ids) in moves.items():
                transitions.apply(session, table, ids, verb, actor=ACTOR, at=at, reason=cause)
                if verb is not AccountVerb.ACCEPT:
                    ends += len(ids)
                    self._wake(session, [work for work in works if work.row.id in ids], at)
        return ends

    def _wake(self, session: Session, works: Sequence[_Work], at: datetime) -> None:
        """Look at once at what waited for these."""
        people = {work.row.person_id for work in works if work.table is Account}
        departments = {work.row.department_id for work in works if work.table is CloudGroup}
        accounts.wake(session, people, departments, at)

    def _result(
        self, work: _Work, at: datetime
    ) -> tuple[AccountVerb | None, Told | str | None, dict[str, object]]:
        """The move, its cause, and the columns of the work."""
        row, outcome = work.row, work.worst
        goes_on = isinstance(work.next, list) and isinstance(outcome, Done) and self._goes_on(work)
        changes: dict[str, object] = {
            "due_at": at,
            "attempts": row.attempts,
            "in_doubt": False,
            "external_id": work.found or row.external_id,
            "request_id": getattr(outcome, "request_id", None),
        }
        if isinstance(work.next, Settled):
            return self._end(row), None, changes
        if isinstance(work.next, Stuck):
            return AccountVerb.BLOCK, work.next.why, changes
        if isinstance(work.next, Wait):
            if work.next.asked:
                return self._wait(row, work.next.why, at, changes)
            changes["due_at"] = at + LONGEST_LOOK  # what it waits for wakes it
            return None, None, changes
        if isinstance(outcome, Done):
            return (None if goes_on else self._end(row)), None, changes
        if isinstance(outcome, Missing):
            if isinstance(row, Account) and self._settings.identity == "synced":
                why = told(msgid("not in the directory yet: waits for its synchronisation"))
                return self._wait(row, why, at, changes)
            return None, None, changes  # now it can be made
        if isinstance(outcome, Taken | Doubtful):
            changes["in_doubt"] = True
            return self._again(row, outcome.why, at, changes)
        if isinstance(outcome, Refused):
            return AccountVerb.BLOCK, hint(outcome.code, outcome.why), changes
        return self._not_yet(work, outcome, at, changes)

    def _end(self, row: Any) -> AccountVerb:
        revoked = isinstance(row, Account) and row.aim == Aim.REVOKED
        return AccountVerb.REVOKE if revoked else AccountVerb.CONFIRM

    def _goes_on(self, work: _Work) -> bool:
        """Whether a row whose orders went well has a further step; notes what that needs."""
        assert isinstance(work.next, list)  # noqa: S101 - only orders come here
        order = work.next[0]
        if isinstance(order, FindUser):
            return True  # what was found is brought to what it should be
        if isinstance(order, CreateTeam):
            # The team has the id of its group, also when it was there already.
            work.found = order.group
            return bool(self._settings.chat.channels)
        if isinstance(order, AssignApp):
            return True
        row = work.row
        if (
            isinstance(row, Account)
            and row.service == CloudService.LICENCE
            and row.aim == Aim.READY
            and self._licence_groups
        ):
            work.found = work.found or BY_GROUP
            return not isinstance(order, CheckLicences)
        return False

    def _not_yet(
        self, work: _Work, outcome: NotYet, at: datetime, changes: dict[str, object]
    ) -> tuple[AccountVerb | None, Told | str | None, dict[str, object]]:
        row = work.row
        assert isinstance(work.next, list)  # noqa: S101 - only orders come here
        if isinstance(work.next[0], SetMailbox):
            limit = timedelta(hours=self._settings.mailbox_hours)
            if row.state == AccountState.PENDING and at - row.state_since > limit:
                cause = told(
                    msgid("no mailbox {hours:g} hours after the licence: {why}"),
                    hours=self._settings.mailbox_hours,
                    why=outcome.why,
                )
                return AccountVerb.BLOCK, cause, changes
            why = told(msgid("the mailbox is not there yet"))
            return self._wait(row, why, at, changes)
        return self._wait(row, told(msgid("not there yet: {why}"), why=outcome.why), at, changes)

    def _wait(
        self, row: Any, why: Told, at: datetime, changes: dict[str, object]
    ) -> tuple[AccountVerb | None, Told | str | None, dict[str, object]]:
        """Pending, looked at again after growing pauses; waiting for others needs no limit."""
        changes["attempts"] = row.attempts + 1
        changes["due_at"] = at + _pause(row.attempts)
        verb = AccountVerb.ACCEPT if row.state == AccountState.REQUESTED else None
        return verb, why if verb else None, changes

    def _again(
        self, row: Any, why: str, at: datetime, changes: dict[str, object]
    ) -> tuple[AccountVerb | None, Told | str | None, dict[str, object]]:
        if row.attempts + 1 >= _GIVEN_UP:
            cause = told(
                msgid("no clear answer after {count} attempts: {why}"),
                count=row.attempts + 1,
                why=why,
            )
            return AccountVerb.BLOCK, cause, changes
        changes["attempts"] = row.attempts + 1
        changes["due_at"] = at + _pause(row.attempts)
        return None, None, changes


def _pause(attempts: int) -> timedelta:
    return min(LONGEST_LOOK, _FIRST_LOOK * 1.6 ** min(attempts, 30))
