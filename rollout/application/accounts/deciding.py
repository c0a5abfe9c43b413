"""What each service of a person needs, from what the directory says. Nothing here writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rollout.application.accounts.directory import DirectoryUser
from rollout.application.accounts.naming import department_name, needs, nickname_of, upn_of
from rollout.application.accounts.properties import differences
from rollout.application.accounts.world import World
from rollout.application.mailboxes.holding import cause_of
from rollout.application.training.services import ServiceTraining
from rollout.domain.account import AccountState, CloudService, PlannedAction
from rollout.domain.mailbox_batch import Hindrance
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings.accounts import Accounts
from rollout.store.accounts import AccountPerson

ACTING = frozenset({PlannedAction.CREATE, PlannedAction.CHANGE, PlannedAction.REVOKE})
"""What `accounts apply` does something for."""

NOT_THERE = msgid("not in the directory: is {upn} in the scope of synchronisation?")
NEEDED = msgid("{service} has to be there first")

NAMELESS = msgid(
    "has no name to sign in with: `rollout import people` with a list that has it, or what the "
    "rule [accounts] upn is made of"
)

States = Mapping[tuple[int, str], str]
"""The state of each (person id, service) that has a row."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done for one service; `external_id` is that of what is there."""

    person: AccountPerson
    service: CloudService
    action: PlannedAction
    cause: Told | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class LeftGroup:
    """The group of a department that somebody left, and the last day there."""

    nickname: str
    last: date


@dataclass(frozen=True)
class Stock:
    """A product's seats beside what the plan needs, and the day on which they run out."""

    part_number: str
    enabled: int
    consumed: int
    needed: int
    runs_out: date | None
    """The first planned day that finds no free seat; None while there are enough."""

    @property
    def missing(self) -> int:
        """Seats to buy."""
        return max(0, self.needed - (self.enabled - self.consumed))


class Decider:
    """Goes through people in the order in which they are moved, so that seats are given in it."""

    def __init__(
        self,
        world: World,
        settings: Accounts,
        states: States,
        today: date,
        left: Mapping[int, Sequence[LeftGroup]] | None = None,
        hindered: Mapping[int, Hindrance] | None = None,
        training: ServiceTraining | None = None,
    ) -> None:
        self._training = training
        self._hindered = hindered or {}
        self._left = left or {}
        self._world, self._settings = world, settings
        self._states, self._today = states, today
        self._free = {part: product.free for part, product in world.products.items()}
        self._needed: dict[str, int] = dict.fromkeys(settings.licences, 0)
        self._runs_out: dict[str, date] = {}

    def decide(self, people: Iterable[AccountPerson]) -> list[Decision]:
        """Every service of every person."""
        found: list[Decision] = []
        for person in people:
            found += self._of(person)
        return found

    def stock(self) -> list[Stock]:
        """Seats against need, after `decide`."""
        return [
            Stock(
                part,
                product.enabled if product else 0,
                product.consumed if product else 0,
                self._needed[part],
                self._runs_out.get(part),
            )
            for part in self._settings.licences
            for product in [self._world.products.get(part)]
        ]

    def _of(self, person: AccountPerson) -> list[Decision]:
        services = [one for one in CloudService if one in self._settings.services]
        users = self._world.matches(upn_of(person, self._settings), person.staff_number)
        if person.left_on is not None and person.left_on < self._today:
            return self._leaver(person, services, users)
        if not upn_of(person, self._settings) and not users:
            cause = told(NAMELESS)
            return [Decision(person, one, PlannedAction.BLOCKED, cause) for one in services]
        if len(users) > 1:
            cause = self._ambiguous(person)
            return [Decision(person, one, PlannedAction.BLOCKED, cause) for one in services]
        user = users[0] if users else None
        found: list[Decision] = []
        blocked: set[CloudService] = set()
        for service in services:
            missing = next((one for one in needs(service, self._settings) if one in blocked), None)
            if missing is not None:
                cause = told(NEEDED, service=missing)
                made = Decision(person, service, PlannedAction.BLOCKED, cause)
            else:
                made = self._trained(self._service(person, service, user))
            if made.action is PlannedAction.BLOCKED:
                blocked.add(service)
            found.append(made)
        return found

    def _ambiguous(self, person: AccountPerson) -> Told:
        return told(
            msgid(
                "the name {upn} and the staff number belong to different users: "
                "correct one of them in the directory"
            ),
            upn=upn_of(person, self._settings),
        )

    def _trained(self, made: Decision) -> Decision:
        """Nothing is begun for somebody who lacks a course; what is there stays."""
        if made.action is not PlannedAction.CREATE or self._training is None:
            return made
        course = self._training.lacking(made.person.id, made.service)
        if course is None:
            return made
        cause = told(
            msgid("the training {course} is missing: see `rollout training status`"), course=course
        )
        return replace(made, action=PlannedAction.BLOCKED, cause=cause)

    def _service(
        self, person: AccountPerson, service: CloudService, user: DirectoryUser | None
    ) -> Decision:
        if service is CloudService.IDENTITY:
            return self._identity(person, user)
        if service is CloudService.LICENCE:
            return self._licence(person, user)
        if service is CloudService.MAILBOX:
            return self._mailbox(person, user)
        if service is CloudService.GROUPWARE:
            return self._groupware(person, user)
        return self._chat(person, user)

    def _identity(self, person: AccountPerson, user: DirectoryUser | None) -> Decision:
        made = CloudService.IDENTITY
        if user is None:
            if self._settings.identity == "cloud":
                return Decision(person, made, PlannedAction.CREATE)
            cause = told(NOT_THERE, upn=upn_of(person, self._settings))
            return Decision(person, made, PlannedAction.BLOCKED, cause)
        differs = differences(user, person, self._settings)
        if not differs:
            return Decision(person, made, PlannedAction.KEEP, external_id=user.id)
        cause = told(msgid("in the directory: {differences}"), differences=differs)
        return Decision(person, made, PlannedAction.CHANGE, cause, user.id)

    def _licence(self, person: AccountPerson, user: DirectoryUser | None) -> Decision:
        made = CloudService.LICENCE
        held = user.licences if user else frozenset()
        causes: list[Told] = []
        lacking: list[str] = []
        for part in self._settings.licences:
            product = self._world.products.get(part)
            if product is None:
                causes.append(
                    told(msgid("{part} was never bought: correct [accounts] licences"), part=part)
                )
            elif product.sku_id not in held:
                lacking.append(part)
        for part in lacking:
            self._needed[part] += 1
            self._free[part] -= 1
            if self._free[part] < 0:
                day = person.first_day
                if day is not None:
                    self._runs_out[part] = min(day, self._runs_out.get(part, day))
                causes.append(
                    told(
                        msgid("no seat of {part} is left: buy {count} more, or take some back"),
                        part=part,
                        count=-self._free[part],
                    )
                )
        if causes:
            return Decision(person, made, PlannedAction.BLOCKED, causes[0])
        if not lacking:
            return Decision(person, made, PlannedAction.KEEP)
        action = PlannedAction.CHANGE if held else PlannedAction.CREATE
        return Decision(person, made, action)

    def _mailbox(self, person: AccountPerson, user: DirectoryUser | None) -> Decision:
        kept_back = self._hindered.get(person.id)
        if kept_back is not None:
            cause = cause_of(kept_back)
            return Decision(person, CloudService.MAILBOX, PlannedAction.BLOCKED, cause)
        state = self._states.get((person.id, CloudService.MAILBOX.value))
        if state == AccountState.READY and user is not None and user.mail:
            return Decision(person, CloudService.MAILBOX, PlannedAction.KEEP)
        # A mailbox of which only the directory speaks has not answered yet.
        action = PlannedAction.CHANGE if user is not None and user.mail else PlannedAction.CREATE
        return Decision(person, CloudService.MAILBOX, action)

    def _groupware(self, person: AccountPerson, user: DirectoryUser | None) -> Decision:
        made = CloudService.GROUPWARE
        name = self._department(person)
        if name is None:
            cause = told(
                msgid("belongs to no department: correct the ledger or the list of people")
            )
            return Decision(person, made, PlannedAction.BLOCKED, cause)
        nickname = nickname_of(person.department_id or 0, name, self._settings)
        group = self._world.groups.get(nickname.casefold())
        inside = (
            group is not None
            and user is not None
            and user.id in self._world.members.get(group.id, ())
        )
        if inside and group is not None:
            over = self._over(person, user)
            if over is not None:
                cause = told(
                    msgid("left the department on {day}: leaves its group"),
                    day=over.last.isoformat(),
                )
                return Decision(person, made, PlannedAction.CHANGE, cause, group.id)
            return Decision(person, made, PlannedAction.KEEP, external_id=group.id)
        return Decision(person, made, PlannedAction.CREATE)

    def _over(self, person: AccountPerson, user: DirectoryUser | None) -> LeftGroup | None:
        """A group in which the person has been for longer than `old_group_days` after leaving."""
        limit = self._today - timedelta(days=self._settings.old_group_days)
        for one in self._left.get(person.id, ()):
            group = self._world.groups.get(one.nickname.casefold())
            members = self._world.members.get(group.id, ()) if group is not None else ()
            if one.last < limit and user is not None and user.id in members:
                return one
        return None

    def _chat(self, person: AccountPerson, user: DirectoryUser | None) -> Decision:
        made = CloudService.CHAT
        if self._settings.chat.provider == "teams" and self._department(person) is None:
            cause = told(
                msgid("belongs to no department: correct the ledger or the list of people")
            )
            return Decision(person, made, PlannedAction.BLOCKED, cause)
        ready = self._states.get((person.id, made.value)) == AccountState.READY
        action = PlannedAction.KEEP if ready and user is not None else PlannedAction.CREATE
        return Decision(person, made, action)

    def _department(self, person: AccountPerson) -> str | None:
        if person.department_id is None or person.bureau is None:
            return None
        return department_name(person.bureau, person.division or "")

    def _given_here(self, user: DirectoryUser) -> frozenset[str]:
        """Products that are taken from a leaver: what else the user has was given elsewhere."""
        parts = {
            part: product.sku_id
            for part in self._settings.licences
            if (product := self._world.products.get(part)) is not None
        }
        by_group = {sku for part, sku in parts.items() if part in self._settings.licence_groups}
        return frozenset(parts.values()) - (user.inherited - by_group)

    def _leaver(
        self,
        person: AccountPerson,
        services: list[CloudService],
        users: tuple[DirectoryUser, ...],
    ) -> list[Decision]:
        """Sign-in ends at once; what costs a seat or holds data, after the grace period.

        What was given to somebody whose user cannot be told from another's is shown until a person
        has looked: to pass it over would leave the sign-in open.
        """
        assert person.left_on is not None  # noqa: S101 - the caller looked
        over = person.left_on + timedelta(days=self._settings.revoke_after_days)
        user = users[0] if len(users) == 1 else None
        found = []
        for service in services:
            state = self._states.get((person.id, service.value))
            gone = state in (None, AccountState.ABSENT, AccountState.REVOKED)
            there = not gone
            if user is not None:
                if service is CloudService.IDENTITY:
                    there = user.enabled
                elif service is CloudService.LICENCE:
                    there = bool(user.licences & self._given_here(user))
            now = service is CloudService.IDENTITY or over < self._today
            if len(users) > 1 and now and state in (AccountState.READY, AccountState.BLOCKED):
                cause = self._ambiguous(person)
                found.append(Decision(person, service, PlannedAction.BLOCKED, cause))
                continue
            if there and user is not None and now:
                cause = told(msgid("left on {day}"), day=person.left_on.isoformat())
                found.append(
                    Decision(person, service, PlannedAction.REVOKE, cause, external_id=user.id)
                )
            else:
                found.append(Decision(person, service, PlannedAction.KEEP))
        return found
