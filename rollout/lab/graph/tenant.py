"""The tenant: everything it holds, its clock, and what happens later by itself."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from rollout.lab.graph.behaviour import Behaviour
from rollout.lab.graph.clock import TenantClock, moment_text
from rollout.lab.graph.errors import not_found
from rollout.lab.graph.listing import Pages
from rollout.lab.graph.quotas import QuotaBook
from rollout.lab.graph.records import Collection

Json = dict[str, Any]

KINDS = (
    "users",
    "groups",
    "memberships",
    "teams",
    "devices",
    "managedDevices",
    "managedAppRegistrations",
    "autopilot",
    "servicePrincipals",
    "appRoleAssignments",
)

#: Properties of which no two users have the same value.
UNIQUE = ("userPrincipalName", "onPremisesImmutableId")


class Tenant:
    """One seed gives the same ids, delays and faults for the same requests in the same order."""

    def __init__(self, seed: int = 0) -> None:
        self.random = Random(seed)
        self.clock = TenantClock()
        self.behaviour = Behaviour()
        self.quotas = QuotaBook()
        self.pages = Pages(self.behaviour, self.random.random)
        self.id = self.new_id()
        self.organisation: Json = {}
        self.domains: list[str] = []
        self.skus: dict[str, Json] = {}
        self.policies: list[Json] = []
        self.enrolment: list[Json] = []
        self.app_protections: list[Json] = []
        self.mailboxes: dict[str, Json] = {}
        self.sent: list[Json] = []
        self.messages: dict[str, list[Json]] = {}
        """By the user id of the mailbox, as `mail_messages` keeps them."""
        self.registrations: dict[str, Json] = {}
        """MFA registration by user id."""
        self.operations: dict[str, Json] = {}
        self.channels: dict[str, list[Json]] = {}
        self.user_changes: list[str] = []
        """User ids in the order of their changes, for delta queries."""
        self.synchronised_since = 0
        """Links of delta queries that are older than this second were dropped by the service."""
        self.names: dict[tuple[str, str], str] = {}
        """User id by (property, value in small letters) of what has to be unique."""
        self.holders: Counter[str] = Counter()
        """Users by subscription."""
        self._collections = {kind: Collection() for kind in KINDS}
        self._later: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()

    def new_id(self) -> str:
        """A UUID of version 4 from the seed."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def now_text(self) -> str:
        """The tenant's moment as Graph writes it."""
        return moment_text(self.clock.now())

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something when that much of the tenant's time has passed."""
        due = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._later, (due, next(self._order), act))

    def catch_up(self) -> None:
        """Do what is due by now, in order."""
        while self._later and self._later[0][0] <= self.clock.now():
            heapq.heappop(self._later)[2]()

    def collection(self, kind: str) -> Collection:
        """The objects of a kind."""
        return self._collections[kind]

    def write(self, kind: str, key: str, value: Json | None) -> None:
        """Create, change or delete an object; replicas follow."""
        if kind == "users":
            self._index(key, self._collections[kind].truth(key) or {}, value or {})
        delay = timedelta(seconds=self.behaviour.replication_seconds * self.random.uniform(0.5, 1))
        self._collections[kind].write(key, value, self.clock.now() + delay)
        if kind == "users":
            self.user_changes.append(key)

    def _index(self, key: str, before: Json, after: Json) -> None:
        for name in UNIQUE:
            old, new = before.get(name), after.get(name)
            if old is not None:
                self.names.pop((name, str(old).casefold()), None)
            if new is not None:
                self.names[name, str(new).casefold()] = key
        self.holders.subtract(held["skuId"] for held in before.get("assignedLicenses", ()))
        self.holders.update(held["skuId"] for held in after.get("assignedLicenses", ()))

    def truth(self, kind: str, key: str) -> Json:
        """The object as it is: what writes work on. Raises GraphError 404."""
        value = self._collections[kind].truth(key)
        if value is None:
            raise not_found(key)
        return value

    def seen(self, kind: str, key: str) -> Json:
        """The object as the replica has it that happens to answer. Raises GraphError 404."""
        collection = self._collections[kind]
        stale = self.random.random() < self.behaviour.stale_share
        value = collection.believed(key, self.clock.now()) if stale else collection.truth(key)
        if value is None:
            raise not_found(key)
        return value

    def all_seen(self, kind: str) -> list[Json]:
        """Every object of a kind, as one replica has them."""
        collection = self._collections[kind]
        if self.random.random() < self.behaviour.stale_share:
            return [value for _, value in collection.all_believed(self.clock.now())]
        return [value for _, value in collection.truths()]

    def dump(self) -> Json:
        """The truth as JSON, for comparison; secrets are not kept, so none are in it."""
        state: Json = {
            kind: dict(collection.truths()) for kind, collection in self._collections.items()
        }
        return state | {
            "id": self.id,
            "now": self.now_text(),
            "subscribedSkus": self.skus,
            "mailboxes": self.mailboxes,
            "sentMail": self.sent,
            "channels": self.channels,
            "operations": self.operations,
        }
