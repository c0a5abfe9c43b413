"""One lab PC on disk: `state.json` is its Windows, `disk/` its drive C:, the rest stays."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

State = dict[str, Any]


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a kill, sees the old text or the new one, never half."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.new")
    with scratch.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    scratch.replace(path)


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append one JSON line and have it on the disk before returning."""
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


class PcFolder:
    """Where one PC lives. All state changes go through `change()`, which holds the PC's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.disk = path / "disk"
        self.state_file = path / "state.json"
        self.wipes_file = path / "wipes.jsonl"
        self.events_file = path / "events.jsonl"
        self.faults_file = path / "faults.json"
        self.install_file = path / "install.json"
        self.directory_file = path / "directory.json"
        self.tasks = path / "tasks"
        self.host_key = path / "ssh_host_ed25519_key"
        # On the disk on purpose: the image carries the token to its first boot, a wipe removes it.
        self.check_in_file = self.disk / "ProgramData" / "rollout" / "check-in.json"

    @property
    def requests(self) -> Path:
        """The lab's mailbox in which PCs ask the supervisor for a reboot."""
        return self.path.parent.parent / "requests"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the PC's lock, shared by the modules that run on it and by the supervisor."""
        with (self.path / "lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def read(self) -> State:
        """The state as last written."""
        state: State = json.loads(self.state_file.read_text(encoding="utf-8"))
        return state

    @contextmanager
    def change(self) -> Iterator[State]:
        """Change the state: written once at the end when it differs, not at all after an error."""
        with self.locked():
            before = self.state_file.read_text(encoding="utf-8")
            state: State = json.loads(before)
            yield state
            after = json.dumps(state, ensure_ascii=False, indent=1)
            if after != before:
                write_atomically(self.state_file, after)

    def faults(self) -> dict[str, Any]:
        """The faults that a scenario has set on this PC."""
        try:
            faults: dict[str, Any] = json.loads(self.faults_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return faults

    def bios_serial(self, state: State) -> str:
        """The serial that the firmware reports, another one under the fault `wrong_serial`."""
        wrong = self.faults().get("wrong_serial")
        if not wrong:
            return str(state["serial"])
        return wrong if isinstance(wrong, str) else f"WRONG-{state['serial']}"

    def events(self) -> list[dict[str, Any]]:
        """What was logged, oldest first."""
        try:
            lines = self.events_file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def log(self, event: str, **details: Any) -> None:
        """Add a line to the PC's history."""
        from datetime import UTC, datetime

        record = {"time": datetime.now(UTC).isoformat(), "event": event, **details}
        with self.events_file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
