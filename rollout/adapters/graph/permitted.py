"""Which requests may change anything at Graph: a list of what may, never of what may not.

A private device is its owner's: nothing here wipes, retires, deletes or resets a device, and a
request that stands in no line below is not sent, whoever made it. Parts of a batch are looked at
one by one. Organisation PCs are wiped by a playbook, with a credential of its own, which refuses
what is not the organisation's (`playbooks/roles/reimage/action_plugins/intune_wipe.py`).
"""

import re
from typing import Any
from urllib.parse import unquote

_SEGMENT = r"[^/?#]+"
_READS = frozenset({"GET"})

#: Method and path of everything that changes something, `*` for one segment.
CHANGES = (
    ("POST", "/users"),
    ("PATCH", "/users/*"),
    ("POST", "/users/*/assignLicense"),
    ("POST", "/users/*/revokeSignInSessions"),
    ("POST", "/users/*/sendMail"),
    ("POST", "/users/*/wipeManagedAppRegistrationsByDeviceTag"),
    ("PATCH", "/users/*/mailboxSettings"),
    ("POST", "/groups"),
    ("PATCH", "/groups/*"),
    ("POST", "/groups/*/members/$ref"),
    ("DELETE", "/groups/*/members/*/$ref"),
    ("PUT", "/groups/*/team"),
    ("POST", "/teams/*/channels"),
    ("POST", "/servicePrincipals/*/appRoleAssignedTo"),
    ("POST", "/servicePrincipals/*/synchronization/jobs/*/provisionOnDemand"),
)
BATCH = "/$batch"
_PERMITTED = tuple(
    (method, re.compile(re.escape(path).replace(r"\*", _SEGMENT) + r"\Z"))
    for method, path in CHANGES
)


class Forbidden(Exception):
    """A request that this program never sends: a fault of the program, and no way to go on."""


def must_be_permitted(method: str, path: str, body: Any = None) -> None:
    """Raises Forbidden for a request that would change something and is not in the list."""
    if method == "POST" and path == BATCH:
        for part in body["requests"]:
            must_be_permitted(str(part["method"]).upper(), str(part["url"]))
        return
    if method in _READS:
        return
    # A segment that a server would read as several could lead anywhere.
    whole = all(
        "/" not in (plain := unquote(unquote(segment))) and plain not in (".", "..", "")
        for segment in path.removeprefix("/").split("/")
    )
    if whole and any(method == known and found.match(path) for known, found in _PERMITTED):
        return
    raise Forbidden(f"{method} {path} is not among the requests that may change something")
