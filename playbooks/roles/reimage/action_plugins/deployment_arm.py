"""Ask the deployment server to arm one machine, from the controller's own worker process.

`ansible.builtin.uri` delegated to localhost does the same in a process of its own, which costs half
a CPU second per machine: as much as everything else in the reimage step.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_ARGUMENTS = frozenset({"url", "serial", "token", "boot_id", "timeout"})


class ActionModule(ActionBase):
    """Returns `armed`, and `reason` when the server refused or did not answer."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send the order once: whether it may be repeated is the server's and operator's matter."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self._task.args
        if set(arguments) != _ARGUMENTS:
            raise AnsibleActionFail(f"deployment_arm takes {', '.join(sorted(_ARGUMENTS))}")
        body = {name: str(arguments[name]) for name in ("serial", "token", "boot_id")}
        status, answer = _post(str(arguments["url"]), body, float(arguments["timeout"]))
        armed = status == 200 and answer.get("armed") is True
        reason = None if armed else str(answer.get("error", f"it answered {status}"))
        return result | {"changed": armed, "armed": armed, "reason": reason}


def _post(url: str, body: dict[str, str], timeout: float) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(  # noqa: S310 - the product's own address
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    # No proxy of the environment: the token is for the deployment server alone.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, _json(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _json(error.read())
    except OSError as error:
        return 0, {"error": f"no answer from {url}: {error}"}


def _json(text: bytes) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
