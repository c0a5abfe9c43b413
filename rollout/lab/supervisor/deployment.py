"""How a PC's firmware and first boot talk to the deployment service."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

#: Seconds for one answer; a service that is busy for longer is asked again.
TIMEOUT = 10.0


class Unreachable(Exception):
    """No answer, or one that says "later" (5xx)."""


def post(service_url: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the answer. Raises Unreachable when it is worth asking again."""
    request = urllib.request.Request(  # noqa: S310 - the address is the lab's own setting
        service_url.rstrip("/") + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, _json(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            if error.code >= 500:
                raise Unreachable(f"{path}: {error.code}") from None
            return error.code, _json(error.read())
    except (urllib.error.URLError, OSError, TimeoutError) as error:
        raise Unreachable(f"{path}: {error}") from None


def _json(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text or b"{}")
    except ValueError:
        return {"error": text.decode("utf-8", "replace")}
    return value if isinstance(value, dict) else {"error": "not an object"}
