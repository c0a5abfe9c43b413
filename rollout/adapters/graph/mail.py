"""The port `Mailer` over Microsoft Graph: `sendMail` as the application from one mailbox.

Limits of a mailbox, by https://learn.microsoft.com/office365/servicedescriptions/
exchange-online-service-description/exchange-online-limits: 30 messages a minute, 10,000 recipients
a day, 500 recipients a message. An answer may be lost after the mail was taken, so every mail bears
a mark by which it is found in the mailbox before it is sent again.
"""

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from rollout.adapters.graph.calls import THROTTLED, literal, segment
from rollout.adapters.graph.rates import Rates
from rollout.adapters.graph.transport import NoReply, Reply, Transport
from rollout.application.accounts.directory import DirectoryAway
from rollout.application.notices.mail import (
    Bounce,
    Found,
    InDoubt,
    Later,
    Mail,
    MailAway,
    MailboxStanding,
    Outcome,
    Refused,
    Taken,
)
from rollout.i18n import _
from rollout.settings.accounts import Tenant

Json = dict[str, Any]
_T = TypeVar("_T")

MARK = "String {6a1b5f0e-2b7c-4f43-9c55-6d1f0b0b8a17} Name RolloutMail"
"""Extended property with the mail's key; lists of messages can be filtered by it."""
MARK_HEADER = "x-rollout-mail"
"""The same for people who look at a mail's source."""
_MESSAGE_CLASS, _IN_REPLY_TO = "String 0x001A", "String 0x1042"
_NOT_DELIVERED = "REPORT.IPM.Note.NDR"
_KIND = "mail-send"
_AT_ONCE = 5.0
"""So many go one after the other without a pause."""
_QUOTA_OF_A_DAY = "ErrorSubmissionQuotaExceeded"
_AFTER_QUOTA = 3600.0
_SEND, _READ = "Mail.Send", "Mail.Read"
_SENDS = frozenset({_SEND})
_READS = frozenset({_READ, "Mail.ReadWrite"})
_ATTEMPTS = 5


class GraphMailer:
    """One mailbox, `sender`. Not for several threads at once.

    No minute holds more than `per_minute` mails; None: as many as the mailbox takes.
    """

    def __init__(self, tenant: Tenant, sender: str, *, per_minute: float | None = 29) -> None:
        self._tenant, self._sender = tenant, sender
        self._rates = Rates({} if per_minute is None else {_KIND: _pace(per_minute)})
        self._runner = asyncio.Runner()
        self._made: Transport | None = None

    def send(self, mail: Mail) -> Outcome:
        """See the port."""
        wait = self._rates.wait(_KIND, time.monotonic())
        if wait > 0:
            return Later(wait)
        return self._run(self._send(mail))

    def find(self, key: str) -> Found | None:
        """See the port. Looks into every folder: the mail may have been moved."""
        return self._run(self._find(key))

    def bounces(self, since: datetime) -> Sequence[Bounce]:
        """See the port."""
        return self._run(self._bounces(since))

    def standing(self) -> MailboxStanding:
        """See the port."""
        return self._run(self._standing())

    def close(self) -> None:
        """See the port."""
        if self._made is not None:
            self._run(self._made.close())
        self._runner.close()

    def _run(self, work: Awaitable[_T]) -> _T:
        async def wait() -> _T:
            try:
                return await work
            except DirectoryAway as away:
                raise MailAway(str(away)) from None

        return self._runner.run(wait())

    def _transport(self) -> Transport:
        # The HTTP client belongs to the loop: it is made inside.
        if self._made is None:
            self._made = Transport(self._tenant)
        return self._made

    @property
    def _mailbox(self) -> str:
        return f"/users/{segment(self._sender)}"

    async def _send(self, mail: Mail) -> Outcome:
        try:
            reply = await self._transport().send("POST", f"{self._mailbox}/sendMail", body_of(mail))
        except NoReply as lost:
            return InDoubt(str(lost))
        if reply.status < 300:
            self._rates.went_well(_KIND)
            return Taken(reply.request_id)
        code, why = _error(reply)
        if code == _QUOTA_OF_A_DAY:
            return Later(_AFTER_QUOTA, why)
        if reply.status == THROTTLED:
            after = _seconds(reply)
            self._rates.throttled(_KIND, after, time.monotonic())
            return Later(max(after or 0.1, self._rates.wait(_KIND, time.monotonic())), why)
        if reply.status >= 500:
            return InDoubt(why, reply.request_id)
        self._must_be_usable(reply)
        return Refused(code, why, reply.request_id)

    def _must_be_usable(self, reply: Reply) -> None:
        """A fault of the mailbox or of the grant is one of every mail. Raises MailAway."""
        code, why = _error(reply)
        if reply.status in (401, 403):
            raise MailAway(
                _(
                    "nothing may be sent from or read in {sender}: {why}. The application needs "
                    "Mail.Send and Mail.Read for this mailbox, and an access policy that names it"
                ).format(sender=self._sender, why=f"{code}: {why}")
            )
        if reply.status == 404:
            raise MailAway(
                _(
                    "{sender} has no mailbox that can be used: {why}. See [notices] sender, and "
                    "whether it has a licence with mail"
                ).format(sender=self._sender, why=f"{code}: {why}")
            )

    async def _find(self, key: str) -> Found | None:
        wanted = f"ep/id eq {_quoted(MARK)} and ep/value eq {_quoted(key)}"
        condition = f"singleValueExtendedProperties/any(ep:{wanted})"
        path = (
            f"{self._mailbox}/messages?$filter={quote(condition, safe='')}"
            "&$select=id,sentDateTime,internetMessageId&$top=1"
        )
        async for row in self._pages(path):
            return Found(_moment(row["sentDateTime"]), str(row.get("internetMessageId") or ""))
        return None

    async def _bounces(self, since: datetime) -> list[Bounce]:
        kind = f"ep/id eq {_quoted(_MESSAGE_CLASS)} and ep/value eq {_quoted(_NOT_DELIVERED)}"
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = f"receivedDateTime ge {moment} and singleValueExtendedProperties/any(ep:{kind})"
        path = (
            f"{self._mailbox}/messages?$filter={quote(condition, safe='')}"
            f"&$select=id,receivedDateTime,subject,bodyPreview&$expand={_expanded(_IN_REPLY_TO)}"
        )
        found = []
        async for row in self._pages(path):
            key = await self._key_of(_property(row, _IN_REPLY_TO))
            if key is not None:
                said = str(row.get("bodyPreview") or row.get("subject") or "")
                why = " ".join(said.split())[:300]
                found.append(Bounce(key, why, _moment(row["receivedDateTime"])))
        return found

    async def _key_of(self, message_id: str | None) -> str | None:
        """The key of the mail to which another answers; None for mails that are not ours."""
        if not message_id:
            return None
        path = (
            f"{self._mailbox}/messages?$filter=internetMessageId%20eq%20{literal(message_id)}"
            f"&$select=id&$expand={_expanded(MARK)}"
        )
        async for row in self._pages(path):
            if key := _property(row, MARK):
                return key
        return None

    async def _standing(self) -> MailboxStanding:
        roles = await self._transport().roles()
        lacking = [
            need for need, any_of in ((_SEND, _SENDS), (_READ, _READS)) if not any_of & roles
        ]
        try:
            path = f"{self._mailbox}/mailFolders/inbox?$select=id,displayName"
            await self._read(path)
        except MailAway as away:
            return MailboxStanding(tuple(lacking), False, str(away))
        return MailboxStanding(tuple(lacking), True)

    async def _pages(self, path: str) -> AsyncIterator[Json]:
        link: str | None = path
        while link is not None:
            page = await self._read(link)
            for row in page["value"]:
                yield row
            link = page.get("@odata.nextLink")

    async def _read(self, link: str) -> Json:
        why = ""
        for attempt in range(_ATTEMPTS):
            pause = min(30.0, 0.2 * 2.0**attempt)
            try:
                reply = await self._transport().send("GET", link)
            except NoReply as lost:
                why = str(lost)
            else:
                if reply.status < 300:
                    return dict(reply.body)
                self._must_be_usable(reply)
                why = ": ".join(_error(reply))
                if reply.status != THROTTLED and reply.status < 500:
                    break
                pause = _seconds(reply) or pause
            await asyncio.sleep(min(60.0, pause))
        raise MailAway(
            _("the mailbox {sender} cannot be read: {why}").format(sender=self._sender, why=why)
        )


def _pace(per_minute: float) -> tuple[float, float]:
    """A bucket and the seconds to fill it: what it holds and what a minute adds are `per_minute`"""
    bucket = min(_AT_ONCE, max(1.0, per_minute / 2))
    return bucket, bucket * 60 / max(per_minute - bucket, 0.5)


def body_of(mail: Mail) -> Json:
    """The request's body."""
    html = mail.html is not None
    message: Json = {
        "subject": mail.subject,
        "body": {
            "contentType": "html" if html else "text",
            "content": mail.html if html else mail.text,
        },
        "toRecipients": [{"emailAddress": {"address": address}} for address in mail.to],
        "internetMessageHeaders": [{"name": MARK_HEADER, "value": mail.key}],
        "singleValueExtendedProperties": [{"id": MARK, "value": mail.key}],
    }
    if mail.attachments:
        message["attachments"] = [
            {
                "@odata.type": "#microsoft.graph.fileAttachment",
                "name": attached.name,
                "contentType": attached.media_type,
                "contentBytes": b64encode(attached.content).decode("ascii"),
            }
            for attached in mail.attachments
        ]
    return {"message": message, "saveToSentItems": True}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _expanded(name: str) -> str:
    text = f"singleValueExtendedProperties($filter=id eq {_quoted(name)})"
    return quote(text, safe="")


def _property(row: Json, name: str) -> str | None:
    for one in row.get("singleValueExtendedProperties") or []:
        if _plain_tag(str(one.get("id", ""))) == _plain_tag(name):
            return str(one.get("value") or "") or None
    return None


def _plain_tag(name: str) -> str:
    """The service writes a tag's number without the zeros before it."""
    return re.sub(r" 0x0*", " 0x", name.casefold())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _error(reply: Reply) -> tuple[str, str]:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    if not isinstance(error, dict):
        return str(reply.status), f"HTTP {reply.status}"
    return (
        str(error.get("code") or reply.status),
        str(error.get("message") or f"HTTP {reply.status}"),
    )


def _seconds(reply: Reply) -> float | None:
    """What Retry-After says, if it says seconds."""
    try:
        return max(0.0, float(reply.headers["retry-after"]))
    except (KeyError, ValueError):
        return None
