"""Mail that the product sends: accepted, counted, kept among the sent ones, sometimes returned."""

from __future__ import annotations

from typing import Any

from rollout.lab.graph import mail_messages
from rollout.lab.graph.errors import GraphError
from rollout.lab.graph.requests import GraphRequest, GraphResponse
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant

Json = dict[str, Any]
table = RouteTable()

_MOST_RECIPIENTS = 500
_LARGEST = 4 * 1024 * 1024
"""Characters of a message with what is attached, as sent in one request."""


@table.add("POST", "/users/{user}/sendMail", roles=("Mail.Send",), quota="mail-send")
def send_mail(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """202: accepted for delivery, which is all that Graph ever says."""
    key = mail_messages.mailbox_of(tenant, path["user"])
    body = {name[:1].lower() + name[1:]: value for name, value in request.json().items()}
    message = body.get("message")
    if not isinstance(message, dict):
        raise GraphError(400, "ErrorInvalidParameter", "Required parameter 'Message' is missing.")
    recipients = _recipients(message)
    _check(message, recipients)
    spent = tenant.quotas.spend(
        tenant.behaviour.quotas, "mail-recipients", key, len(recipients), tenant.clock.now()
    )
    if spent is not None:
        raise GraphError(
            429,
            "ErrorSubmissionQuotaExceeded",
            "The message can't be submitted because the sender's submission quota was exceeded.",
        )
    tenant.sent.append({"from": key, "sentDateTime": tenant.now_text(), "message": message})
    kept = mail_messages.sent(tenant, key, message, save=body.get("saveToSentItems") is not False)
    for address in recipients:
        if _nobody(tenant, address):
            mail_messages.bounce(tenant, key, kept, address)
    return GraphResponse(202)


def _recipients(message: Json) -> list[str]:
    return [
        str(one.get("emailAddress", {}).get("address", ""))
        for name in ("toRecipients", "ccRecipients", "bccRecipients")
        for one in message.get(name) or []
    ]


def _check(message: Json, recipients: list[str]) -> None:
    if not recipients or any(one.count("@") != 1 or " " in one for one in recipients):
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    if len(recipients) > _MOST_RECIPIENTS:
        raise GraphError(
            400, "ErrorTooManyRecipients", "The message has more recipients than are allowed."
        )
    for header in message.get("internetMessageHeaders") or []:
        if not str(header.get("name", "")).lower().startswith("x-"):
            raise GraphError(
                400,
                "InvalidInternetMessageHeader",
                f"The internet message header name '{header.get('name')}' should start with "
                "'x-' or 'X-'.",
            )
    if len(str(message)) > _LARGEST:
        raise GraphError(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum size.")


def _nobody(tenant: Tenant, address: str) -> bool:
    """Whether the address is of one of our domains and belongs to no mailbox and no group."""
    domain = address.rpartition("@")[2].casefold()
    if domain not in (name.casefold() for name in tenant.domains):
        return False
    wanted = address.casefold()
    key = tenant.names.get(("userPrincipalName", wanted))
    if key is not None:
        return key not in tenant.mailboxes
    return not any(
        str(row.get("mail") or "").casefold() == wanted
        for kind in ("users", "groups")
        for _key, row in tenant.collection(kind).truths()
    )
