"""What Ansible's result of a task says to a person, in bounded plain text."""

import re
from collections.abc import Mapping
from typing import Any

HEAD = 1400
TAIL = 600
NAME = 200

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]")
# Control characters move a terminal's cursor, bidirectional ones turn a line around.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LONE_SURROGATES = re.compile(r"[\ud800-\udfff]")
_SAYS_NOTHING = ("non-zero return code", "module failure", "see stdout/stderr")


def clean(text: str, limit: int = HEAD + TAIL) -> str:
    """`text` without control characters, at most about `limit` long: its beginning and end."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    text = _LONE_SURROGATES.sub("�", _CONTROLS.sub("", text)).strip()
    if len(text) <= limit:
        return text
    tail = limit * TAIL // (HEAD + TAIL)
    return f"{text[: limit - tail - 3]} … {text[-tail:]}"


def message_of(result: Mapping[str, Any]) -> str:
    """Why a task failed: its message, what it wrote last, and the items of a loop that failed."""
    if "censored" in result:
        return clean(str(result["censored"]))
    parts = [
        _thrown(result.get("error")) or _text(result.get("msg")) or _text(result.get("reason"))
    ]
    if not parts[0] or any(phrase in parts[0].lower() for phrase in _SAYS_NOTHING):
        for stream in ("stderr", "module_stderr", "stdout", "module_stdout"):
            written = _text(result.get(stream))
            if written:
                parts.append(written[-TAIL:])
                break
    items = result.get("results")
    if isinstance(items, list):
        failed = [item for item in items if isinstance(item, Mapping) and item.get("failed")]
        parts += [f"{_text(item.get('item'))}: {message_of(item)}" for item in failed[:5]]
    return clean("\n".join(part for part in parts if part)) or "failed without a message"


def _thrown(errors: Any) -> str:
    """What a PowerShell script threw: win_powershell leaves `msg` to Ansible's "Unknown error"."""
    if not isinstance(errors, list):
        return ""
    exceptions = (error.get("exception") for error in errors if isinstance(error, Mapping))
    return "\n".join(
        _text(exception.get("message"))
        for exception in exceptions
        if isinstance(exception, Mapping)
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_text(part) for part in value)
    return str(value)
