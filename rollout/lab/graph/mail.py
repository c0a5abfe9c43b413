"""Mail that the product sends: accepted, counted, kept for tests to read."""

from __future__ import annotations

from typing import Any

from rollout.lab.graph.errors import GraphError
from rollout.lab.graph.requests import GraphRequest, GraphResponse
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.tenant import Tenant
from rollout.lab.graph.users import key_of

Json = dict[str, Any]
table = RouteTable()

_MOST_RECIPIENTS = 500
_LARGEST = 4 * 1024 * 1024
"""Characters of a message with what is attached, as sent in one request."""


@table.add("POST", "/users/{user}/sendMail", roles=("Mail.Send",), quota="mail-send")
def send_mail(tenant: Tenant, request: GraphRequest, path: dict[str, str]) -> GraphResponse:
    """202: accepted for delivery, which is all that Graph ever says."""
    key = key_of(tenant, path["user"])
    if key not in tenant.mailboxes:
        raise GraphError(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    body = {name[:1].lower() + name[1:]: value for name, value in request.json().items()}
    message = body.get("message")
    if not isinstance(message, dict):
        raise GraphError(400, "ErrorInvalidParameter", "Required parameter 'Message' is missing.")
    recipients = [
        str(one.get("emailAddress", {}).get("address", ""))
        for name in ("toRecipients", "ccRecipients", "bccRecipients")
        for one in message.get(name) or []
    ]
    if not recipients:
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    if any(address.count("@") != 1 or " " in address for address in recipients):
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    if len(recipients) > _MOST_RECIPIENTS:
        raise GraphError(
            400, "ErrorTooManyRecipients", "The message has more recipients than are allowed."
        )
    if len(str(message)) > _LARGEST:
        raise GraphError(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum size.")
    tenant.sent.append({"from": key, "sentDateTime": tenant.now_text(), "message": message})
    return GraphResponse(202)
