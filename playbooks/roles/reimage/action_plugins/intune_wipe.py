"""Find a PC in Intune by its serial and, when told so, wipe it, through Graph.

Only a device that Intune takes to be the organisation's is ever wiped: `managedDeviceOwnerType` is
read in the same task, right before the order, and everything but `company` is refused.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

_ARGUMENTS = frozenset(
    {
        *("graph_url", "login_url", "tenant_id", "client_id", "secret_file"),
        *("serial", "timeout", "wipe"),
    }
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_COLUMNS = "id,serialNumber,managedDeviceOwnerType"
_OURS = "company"
_KNOWN_OWNERS = ("personal", "unknown")
_FAULT_OF_THE_SERVICE = 500


@dataclass(frozen=True)
class _OurDevice:
    """A device that was read as the organisation's; nothing else is wiped."""

    id: str


class _Unanswered(ValueError):
    """No answer that says what became of a request."""


class ActionModule(ActionBase):
    """Returns `device`, the id in Intune, and `reason` when something stands against it; `doubt`
    when nobody can say whether the order to wipe was taken."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """A wipe is ordered once: after an answer that is lost the machine's check-in decides."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = self._task.args
        if set(arguments) != _ARGUMENTS:
            raise AnsibleActionFail(f"intune_wipe takes {', '.join(sorted(_ARGUMENTS))}")
        wipe, doubt = bool(arguments["wipe"]), None
        try:
            graph = _Graph(arguments)
            device = graph.device(str(arguments["serial"]))
            if wipe:
                doubt = graph.wipe(device)
        except (OSError, ValueError, KeyError) as error:
            return result | {"changed": False, "device": None, "reason": str(error), "doubt": None}
        return result | {"changed": wipe, "device": device.id, "reason": None, "doubt": doubt}


class _Graph:
    """The two calls, with a token that lives as long as this task."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self._timeout = float(arguments["timeout"])
        self._base = _secure(str(arguments["graph_url"])) + "/v1.0/deviceManagement/managedDevices"
        # No proxy of the environment is asked to carry the secret; no redirect is followed with it.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        secret = Path(str(arguments["secret_file"])).read_text(encoding="utf-8").strip()
        form = {
            "grant_type": "client_credentials",
            "client_id": str(arguments["client_id"]),
            "client_secret": secret,
            "scope": f"{arguments['graph_url']}/.default",
        }
        tenant = urllib.parse.quote(str(arguments["tenant_id"]), safe="")
        url = f"{_secure(str(arguments['login_url']))}/{tenant}/oauth2/v2.0/token"
        answer = self._ask(url, urllib.parse.urlencode(form).encode(), {})
        self._headers = {"Authorization": f"Bearer {answer['access_token']}"}

    def device(self, serial: str) -> _OurDevice:
        """The one PC with exactly this serial, which is the organisation's. Raises ValueError."""
        quoted = serial.replace("'", "''")
        query = {"$filter": f"serialNumber eq '{quoted}'", "$select": _COLUMNS}
        found = self._ask(f"{self._base}?{urllib.parse.urlencode(query)}", None, self._headers)
        same = [entry for entry in found["value"] if entry["serialNumber"] == serial]
        if len(same) != 1:
            count = len(same) or "no"
            raise ValueError(f"Intune knows {count} PC with serial {serial}; it must be one")
        # What the answer does not say is not the organisation's either.
        owner = str(same[0].get("managedDeviceOwnerType"))
        if owner != _OURS:
            told = owner if owner in _KNOWN_OWNERS else "not told"
            raise ValueError(
                f"Intune takes the device with serial {serial} to be no organisation PC (owner: "
                f"{told}); a private device is never wiped. Correct its ownership in Intune "
                "if the PC is the organisation's"
            )
        return _OurDevice(str(same[0]["id"]))

    def wipe(self, device: _OurDevice) -> str | None:
        """Order it; the PC follows when it hears of it. Raises ValueError when that was refused.

        Returns why it is not known whether it was taken: to call that a failure would void the
        order for which the PC asks once it has been wiped.
        """
        body = json.dumps({"keepEnrollmentData": False, "keepUserData": False}).encode()
        url = f"{self._base}/{urllib.parse.quote(device.id, safe='')}/wipe"
        try:
            self._ask(url, body, {**self._headers, "Content-Type": "application/json"})
        except _Unanswered as lost:
            return str(lost)
        return None

    def _ask(self, url: str, data: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310
        where = urllib.parse.urlsplit(url).path
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                content: dict[str, Any] = json.loads(answer.read() or b"{}")
                return content
        except urllib.error.HTTPError as error:
            with error:
                kind = _Unanswered if error.code >= _FAULT_OF_THE_SERVICE else ValueError
                raise kind(f"{where} answered {error.code}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Unanswered(f"no answer from {where}: {error}") from None


def _secure(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError(f"{url}: a token is sent over https only")
    return url.rstrip("/")
