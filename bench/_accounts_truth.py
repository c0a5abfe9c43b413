"""What has to be true of accounts when nothing is open, whatever happened on the way."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rollout.domain.account import AccountState, CloudService
from rollout.store import account_queue, accounts
from rollout.store.account_queue import GroupStanding, Standing
from rollout.store.database import Database
from rollout.store.history import verify

Json = dict[str, Any]
READY, BLOCKED = AccountState.READY.value, AccountState.BLOCKED.value


def broken_in(database: Database, tenant: Json, passwords: Path) -> dict[str, list[str]]:
    """Each invariant with the evidence against it; none: it holds. `tenant` is a dump."""
    with database.read() as session:
        rows = account_queue.standings(session)
        groups = account_queue.group_standings(session)
        causes = {row.id: str(row.cause or "") for row in accounts.of_people(session)}
        people = {one.id: one for one in accounts.people(session)}
        chain = verify(session)
    numbers = {one.id: one.staff_number for one in people.values()}
    places = {one.id: one.department_id for one in people.values()}
    return {
        "nothing is open": [
            f"{numbers[row.person_id]} {row.service} {row.state}"
            for row in rows
            if row.state not in (READY, BLOCKED)
        ],
        "everybody has a row for every service": _lacking(rows, numbers),
        "no user, group, team or licence is there twice": _twice(tenant),
        "what is ready is so in the tenant, and nothing else is": [
            *_different(rows, groups, numbers, places, tenant),
            *_strangers(rows, groups, tenant),
        ],
        "what is blocked has a true cause": _untrue(rows, causes, numbers, tenant),
        "each user has one first password": _passwords(passwords, tenant),
        "the chain holds": [] if chain.holds else [f"row {chain.broken_at}: {chain.why}"],
    }


def _lacking(rows: Iterable[Standing], numbers: dict[int, str]) -> list[str]:
    services: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        services[row.person_id].add(row.service)
    every = {service.value for service in CloudService}
    return [number for person, number in numbers.items() if services[person] != every]


def _twice(tenant: Json) -> list[str]:
    users, groups = tenant["users"].values(), tenant["groups"].values()
    named = [
        *(f"user {user['userPrincipalName'].casefold()}" for user in users),
        *(f"number {user['employeeId']}" for user in users),
        *(f"group {group['mailNickname'].casefold()}" for group in groups),
        *(f"member {edge['group']} {edge['user']}" for edge in tenant["memberships"].values()),
        *(
            f"licence {user['userPrincipalName']} {held['skuId']}"
            for user in users
            for held in user["assignedLicenses"]
        ),
        *(f"team {key}" for key in tenant["teams"]),
    ]
    return [f"{name}: {count} times" for name, count in Counter(named).items() if count > 1]


def _different(
    rows: Iterable[Standing],
    groups: Iterable[GroupStanding],
    numbers: dict[int, str],
    places: dict[int, int | None],
    tenant: Json,
) -> list[str]:
    users = {user["employeeId"]: user for user in tenant["users"].values()}
    members = {(edge["group"], edge["user"]) for edge in tenant["memberships"].values()}
    own = {(one.department_id, one.kind): one.external_id for one in groups}
    found = []
    for row in rows:
        number = numbers[row.person_id]
        user = users.get(number, {"id": None, "accountEnabled": False, "assignedLicenses": []})
        place = places[row.person_id] or 0
        group, team = own.get((place, "group")), own.get((place, "team"))
        mailbox = tenant["mailboxes"].get(user["id"], {})
        there = {
            CloudService.IDENTITY: user["accountEnabled"] and row.external_id == user["id"],
            CloudService.LICENCE: bool(user["assignedLicenses"]),
            CloudService.MAILBOX: mailbox.get("timeZone") == "Tokyo Standard Time",
            CloudService.GROUPWARE: (group, user["id"]) in members,
            # A blocked chat has no licence; its person is in the group all the same.
            CloudService.CHAT: row.state == READY
            and (team, user["id"]) in members
            and team in tenant["teams"],
        }[CloudService(row.service)]
        if there is not (row.state == READY):
            found.append(f"{number} {row.service}: {row.state}, in the tenant {there}")
    return found


def _strangers(
    rows: Iterable[Standing], groups: Iterable[GroupStanding], tenant: Json
) -> list[str]:
    """What was made and no row knows, and groups that are not what their rows say."""
    known = {row.external_id for row in rows if row.service == CloudService.IDENTITY}
    of_groups = {one.external_id for one in groups if one.kind == "group"}
    of_teams = {one.external_id for one in groups if one.kind == "team"}
    return [
        *(f"user {key}" for key in tenant["users"].keys() ^ known),
        *(f"group {key}" for key in tenant["groups"].keys() ^ of_groups),
        *(f"team {key}" for key in tenant["teams"].keys() ^ of_teams),
        *(f"{one.kind} {one.department_id}: {one.state}" for one in groups if one.state != READY),
    ]


def _untrue(
    rows: Iterable[Standing], causes: dict[int, str], numbers: dict[int, str], tenant: Json
) -> list[str]:
    """Only a licence may be refused, when no seat is left; and what needs that licence."""
    (sku,) = tenant["subscribedSkus"].values()
    taken = sum(bool(user["assignedLicenses"]) for user in tenant["users"].values())
    none_left = taken == sku["enabled"]
    no_licence = {
        row.person_id
        for row in rows
        if row.service == CloudService.LICENCE and row.state == BLOCKED
    }
    found = []
    for row in rows:
        if row.state != BLOCKED:
            continue
        cause = causes[row.id]
        if row.service == CloudService.LICENCE:
            true = none_left and "seat" in cause
        else:
            true = (
                row.service in (CloudService.MAILBOX, CloudService.CHAT)
                and row.person_id in no_licence
                and "licence" in cause
            )
        if not true:
            found.append(f"{numbers[row.person_id]} {row.service}: {cause}")
    return found


def _passwords(file: Path, tenant: Json) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    counts = Counter(line.split("\t")[0] for line in lines)
    names = {user["userPrincipalName"] for user in tenant["users"].values()}
    return [
        *(f"{name}: {count} passwords" for name, count in counts.items() if count > 1),
        *(f"{name}: no password, or no user" for name in counts.keys() ^ names),
    ]
