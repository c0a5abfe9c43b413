"""What the child process says to the daemon: one line of JSON each, and how a run ended.

`["ok", 417, "Name of the task", 1.25, "message", {report}]` for a result of a machine (seconds,
message and report may be null), `{"end": {...}}` as the last line. Anything else is garbage, and
a run with garbage in its stream has no explicit word.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollout.adapters.ansible.messages import clean
from rollout.application.ports import HostEvent
from rollout.domain.words import msgid
from rollout.i18n.told import told

STATUSES = frozenset({"ok", "changed", "failed", "unreachable", "skipped", "ignored"})
LONGEST_LINE = 4 << 20
REDACTED = "********"
SHORTEST_SECRET = 8
"""Shorter secrets would be found in innocent text; tokens are far longer."""


class Garbage(ValueError):
    """The stream holds something that the child cannot have meant."""


@dataclass(frozen=True, slots=True)
class End:
    """The last line of the child: what ansible-runner and Ansible itself said.

    `stats` are Ansible's counts per kind and machine (`playbook_on_stats`), which it gives only
    when it ended in order. `broke_off`: it said that no machines remain to go on with.
    """

    status: str
    code: int | None
    stats: Mapping[str, Mapping[str, int]] | None
    error: str | None = None
    broke_off: bool = False


class Reader:
    """Turns the bytes of the pipe into events, numbered in order, and at last an end."""

    def __init__(self, run_id: int, machines: frozenset[int], secrets: Sequence[str]) -> None:
        self.run_id = run_id
        self.machines = machines
        self.end: End | None = None
        self.counter = 0
        self._rest = b""
        self._secrets = redactable(secrets)

    def feed(self, data: bytes, at: datetime) -> list[HostEvent]:
        """The events that `data` completes; raises Garbage."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise Garbage(f"a line is longer than {LONGEST_LINE} bytes")
        return [event for line in lines if (event := self._event(line, at)) is not None]

    def close(self) -> None:
        """The pipe is at its end; raises Garbage when it was cut in the middle of a line."""
        if self._rest:
            raise Garbage(f"the last line is cut: {self._rest[:80]!r}")

    def number(self) -> int:
        """The next counter of this run."""
        self.counter += 1
        return self.counter

    def _event(self, line: bytes, at: datetime) -> HostEvent | None:
        if self.end is not None:
            raise Garbage(f"a line follows the end: {line[:80]!r}")
        try:
            match json.loads(redact(line, self._secrets)):
                case {
                    "end": {
                        "status": str(status),
                        "code": code,
                        "stats": stats,
                        "error": error,
                    } as end
                }:
                    self.end = End(status, code, stats, error, end.get("broke_off", False))
                    return None
                case [
                    str(status),
                    int(machine),
                    str(task),
                    (float() | int() | None) as seconds,
                    (str() | None) as message,
                    (dict() | None) as report,
                ] if status in STATUSES and machine in self.machines:
                    return HostEvent(
                        run_id=self.run_id,
                        machine_id=machine,
                        counter=self.number(),
                        task=task,
                        status=status,
                        message=message,
                        at=at,
                        seconds=seconds,
                        report=report,
                    )
        except ValueError:
            pass
        raise Garbage(f"not a line of the child: {line[:80]!r}")


def redactable(secrets: Sequence[str]) -> list[bytes]:
    """The secrets as they would stand in a log or in JSON, longest first."""
    forms: set[bytes] = set()
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            forms.add(secret.encode("utf-8", "surrogatepass"))
            forms.add(json.dumps(secret)[1:-1].encode())
            forms.add(json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass"))
    return sorted(forms, key=len, reverse=True)


def redact(data: bytes, secrets: Sequence[bytes]) -> bytes:
    """`data` without the secrets."""
    for secret in secrets:
        if secret in data:
            data = data.replace(secret, REDACTED.encode())
    return data


def verdict(end: End | None, exit_code: int | None) -> tuple[str, str | None]:
    """`successful`, `failed` or `crashed`, and why not successful.

    Exit codes alone prove nothing: a stream that was cut may end with 0.
    """
    if end is None:
        return "crashed", told(
            msgid("the run ended without a last word (exit code {code})"), code=exit_code
        )
    if end.error is not None:
        return "crashed", clean(end.error)
    if exit_code != 0:
        return "crashed", told(
            msgid("the run's process ended with exit code {code}"), code=exit_code
        )
    if end.stats is None:
        return "crashed", told(
            msgid("Ansible ended early ({status}, exit code {code})"),
            status=clean(end.status),
            code=end.code,
        )
    bad = {name for kind in ("failures", "dark") for name in end.stats.get(kind) or ()}
    if end.status == "successful" and end.code == 0 and not bad:
        return "successful", None
    if bad and end.status in ("successful", "failed"):
        return "failed", told(msgid("{count} {count:machine|machines} failed"), count=len(bad))
    return "crashed", told(
        msgid("Ansible said {status} (exit code {code}) without a failed machine"),
        status=clean(end.status),
        code=end.code,
    )
