"""A round of `/users/delta`: everybody once, then what changed since the link of the last round."""

from collections.abc import Awaitable, Callable
from typing import Any

from rollout.application.accounts.directory import Changes, DirectoryAway, FoundUser

Json = dict[str, Any]
Read = Callable[[str], Awaitable[Json]]

FIRST = "/users/delta?$select=id,userPrincipalName,employeeId"
_GONE = 410
_ROUNDS = 3


class LinkExpired(DirectoryAway):
    """The service keeps no state behind this link any more."""


class PageExpired(DirectoryAway):
    """A list that was begun cannot be gone on with: it has to be begun again."""


def expired(status: int, code: str) -> type[LinkExpired] | type[PageExpired] | None:
    """What an error says of a link.

    A link of a round is good for seven days; then the answer is 400 with `syncStateNotFound`, and
    410 when the service had to begin anew itself.
    """
    word = code.casefold()
    if status == _GONE or "syncstate" in word or "resync" in word:
        return LinkExpired
    return PageExpired if word == "directory_expiredpagetoken" else None


async def changed_users(read: Read, since: str | None) -> Changes:
    """A whole round; nothing of one that broke off. Raises what `read` raises."""
    for _round in range(_ROUNDS):
        try:
            return await _whole(read, since)
        except LinkExpired:
            since = None
        except PageExpired:
            continue
    return await _whole(read, None)


async def _whole(read: Read, since: str | None) -> Changes:
    link: str | None = since or FIRST
    users: dict[str, FoundUser] = {}
    removed: set[str] = set()
    last = ""
    while link is not None:
        page = await read(link)
        for row in page["value"]:
            # The same user may come several times in a round: the last word counts.
            if "@removed" in row:
                removed.add(row["id"])
                users.pop(row["id"], None)
            else:
                removed.discard(row["id"])
                users[row["id"]] = FoundUser(
                    row["id"], row.get("userPrincipalName") or "", row.get("employeeId")
                )
        # A page may be empty and still lead on.
        link, last = page.get("@odata.nextLink"), page.get("@odata.deltaLink", last)
    return Changes(tuple(users.values()), frozenset(removed), last, whole=since is None)
