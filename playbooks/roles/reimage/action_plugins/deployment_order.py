"""Take a machine's one order to install from the deployment server, as its firmware would."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_ARGUMENTS = frozenset({"url", "serial", "mac", "boot_id", "timeout"})
_ORDER = ("image_id", "epoch", "check_in_token")


class ActionModule(ActionBase):
    """Returns `order`, or `reason` when there is none; asked twice the server says "local"."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ask once: a second order for one claim does not exist."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self._task.args
        if set(arguments) != _ARGUMENTS:
            raise AnsibleActionFail(f"deployment_order takes {', '.join(sorted(_ARGUMENTS))}")
        body = {name: str(arguments[name]) for name in ("serial", "mac", "boot_id")}
        try:
            answer = _post(str(arguments["url"]), body, float(arguments["timeout"]))
        except (OSError, ValueError) as error:
            return result | {"changed": False, "order": None, "reason": str(error)}
        if answer.get("action") != "install":
            reason = "no install is armed for this machine (halted, used or overtaken)"
            return result | {"changed": False, "order": None, "reason": reason}
        order = {name: answer[name] for name in _ORDER}
        return result | {"changed": True, "order": order, "reason": None}


def _post(url: str, body: dict[str, str], timeout: float) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the product's own address
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    # No proxy of the environment: the token is for this machine alone.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            content = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise ValueError(f"{url} answered {error.code}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{url} gave no order")  # noqa: TRY004 - an answer, not our type
    return content
