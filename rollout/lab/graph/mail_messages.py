"""What lies in mailboxes: sent mails, and reports on those that could not be delivered.

Lists are filtered as far as the product asks: by an extended property, by the message id, and by
the moment of arrival. Everything else is refused, nothing ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from rollout.lab.graph.clock import moment_text
from rollout.lab.graph.errors import GraphError, not_modelled, unsupported_query
from rollout.lab.graph.requests import GraphRequest, GraphResponse
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import key_of

Json = dict[str, Any]
table = RouteTable()

_READ = ("Mail.Read", "Mail.ReadWrite")
_TEXT = r"'((?:[^']|'')*)'"
_PROPERTY = re.compile(
    rf"singleValueExtendedProperties/any\((\w+):\1/id eq {_TEXT} and \1/value eq {_TEXT}\)", re.I
)
_MESSAGE_ID = re.compile(rf"internetMessageId eq {_TEXT}")
_SINCE = re.compile(r"receivedDateTime ge (\S+)")
_EXPANDED = re.compile(rf"singleValueExtendedProperties\(\$filter=id eq {_TEXT}\)\Z", re.I)
_SELECTABLE = frozenset(
    {
        *("id", "internetMessageId", "subject", "bodyPreview", "sentDateTime"),
        *("receivedDateTime", "toRecipients", "isDraft"),
    }
)
_MESSAGE_CLASS, _IN_REPLY_TO = "String 0x1a", "String 0x1042"
_FOLDERS = ("inbox", "sentitems")


def mailbox_of(tenant: Tenant, identity: str) -> str:
    """The key of the user's mailbox. Raises GraphError 404 when there is none yet."""
    key = key_of(tenant, identity)
    if key not in tenant.mailboxes:
        raise GraphError(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    return key


def sent(tenant: Tenant, key: str, message: Json, *, save: bool) -> Json:
    """The mail as the mailbox keeps it, which is shown a while later."""
    given = {one["id"]: one["value"] for one in message.get("singleValueExtendedProperties") or []}
    kept = {
        "id": f"AAMk{tenant.new_id()}",
        "internetMessageId": f"<{tenant.new_id()}@{tenant.domains[0]}>",
        "subject": message.get("subject") or "",
        "bodyPreview": str((message.get("body") or {}).get("content", ""))[:255],
        "sentDateTime": tenant.now_text(),
        "receivedDateTime": tenant.now_text(),
        "toRecipients": message.get("toRecipients") or [],
        "isDraft": False,
        "_folder": "sentitems",
        "_properties": {_tag(name): value for name, value in given.items()},
    }
    if save:
        _put(tenant, key, kept, tenant.behaviour.sent_items_seconds)
    return kept


def bounce(tenant: Tenant, key: str, mail: Json, address: str) -> None:
    """The report that a mail could not be delivered comes into the sender's inbox a while later."""
    arrives = tenant.clock.now() + timedelta(seconds=tenant.behaviour.bounce_seconds)
    report = {
        "id": f"AAMk{tenant.new_id()}",
        "internetMessageId": f"<{tenant.new_id()}@{tenant.domains[0]}>",
        "subject": f"配信不能: {mail['subject']}",
        "bodyPreview": f"{address} へのメッセージを配信できませんでした。"
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "sentDateTime": moment_text(arrives),
        "receivedDateTime": moment_text(arrives),
        "toRecipients": [],
        "isDraft": False,
        "_folder": "inbox",
        "_properties": {
            _MESSAGE_CLASS: "REPORT.IPM.Note.NDR",
            _IN_REPLY_TO: mail["internetMessageId"],
        },
    }
    _put(tenant, key, report, tenant.behaviour.bounce_seconds)


def _put(tenant: Tenant, key: str, row: Json, seconds: float) -> None:
    rows = tenant.messages.setdefault(key, [])
    if seconds > 0:
        tenant.later(seconds, lambda: rows.append(row))
    else:
        rows.append(row)


@table.add("GET", "/users/{user}/messages", roles=_READ, quota="mailbox")
def list_messages(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """Every folder's messages, newest first."""
    rows = tenant.messages.get(mailbox_of(tenant, path["user"]), [])
    link = f"/users/{path['user']}/messages"
    query = dict(request.query)
    token = query.pop("$skiptoken", None)
    if token is not None:
        return GraphResponse(200, tenant.pages.next(token, link))
    test = _filter(query.pop("$filter", ""))
    names = _selected(query.pop("$select", ""))
    expanded = _expansion(query.pop("$expand", None))
    size = int(query.pop("$top", "10"))
    if query:
        raise unsupported_query(f"The query specified in the URI is not valid: {sorted(query)}.")
    found = [_shown(row, names, expanded) for row in reversed(rows) if test(row)]
    return GraphResponse(200, tenant.pages.begin(found, size, link, {}))


@table.add("GET", "/users/{user}/mailFolders/{folder}", roles=_READ, quota="mailbox")
def read_folder(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """A folder by its well-known name."""
    key, name = mailbox_of(tenant, path["user"]), path["folder"].lower()
    if name not in _FOLDERS:
        raise not_modelled(f"the folder '{path['folder']}'")
    rows = [row for row in tenant.messages.get(key, []) if row["_folder"] == name]
    return GraphResponse(200, {"id": name, "displayName": name, "totalItemCount": len(rows)})


def _tag(name: str) -> str:
    """A property's name as the service writes it: numbers without the zeros before them."""
    return re.sub(r" 0x0*([0-9a-f]+)", lambda m: f" 0x{m[1].lower()}", name, flags=re.I)


def _plain(text: str) -> str:
    return text.replace("''", "'")


def _filter(text: str) -> Callable[[Json], bool]:
    tests: list[Callable[[Json], bool]] = []
    rest = text.strip()
    while rest:
        rest = _one_condition(rest, tests)
        if rest and not rest.startswith("and "):
            raise unsupported_query(f"Invalid filter clause: {rest}")
        rest = rest.removeprefix("and ").strip()
    return lambda row: all(test(row) for test in tests)


def _one_condition(text: str, tests: list[Callable[[Json], bool]]) -> str:
    """Take the first condition off `text`; the rest of it."""
    if match := _PROPERTY.match(text):
        name, value = _tag(_plain(match[2])), _plain(match[3]).casefold()
        tests.append(lambda row: str(row["_properties"].get(name, "")).casefold() == value)
    elif match := _MESSAGE_ID.match(text):
        wanted = _plain(match[1])
        tests.append(lambda row: bool(row["internetMessageId"] == wanted))
    elif match := _SINCE.match(text):
        since = datetime.fromisoformat(match[1])
        tests.append(lambda row: datetime.fromisoformat(row["receivedDateTime"]) >= since)
    else:
        raise unsupported_query(f"Invalid filter clause: {text}")
    return text[match.end() :].strip()


def _selected(text: str) -> list[str]:
    names = [name for name in text.split(",") if name] or sorted(_SELECTABLE)
    for name in names:
        if name not in _SELECTABLE:
            raise not_modelled(f"property '{name}' of a message")
    return names


def _expansion(text: str | None) -> str | None:
    if text is None:
        return None
    match = _EXPANDED.match(text)
    if match is None:
        raise unsupported_query(f"Invalid expansion: {text}")
    return _tag(_plain(match[1]))


def _shown(row: Json, names: list[str], expanded: str | None) -> Json:
    shown = {name: row[name] for name in names}
    if expanded is not None and expanded in row["_properties"]:
        value = row["_properties"][expanded]
        shown["singleValueExtendedProperties"] = [{"id": expanded, "value": value}]
    return shown
