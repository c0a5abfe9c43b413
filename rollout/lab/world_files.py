"""Where a lab keeps its things, and the settings with which it was brought up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rollout.lab.windows.state import write_atomically


@dataclass(frozen=True)
class WorldSettings:
    """What the supervisor needs to run the lab, in `lab.json`."""

    mode: str
    service_url: str
    boot_seconds: float
    ports: dict[str, int]


class WorldFiles:
    """The paths inside a lab's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.pcs = self.folder / "pcs"
        self.requests = self.folder / "requests"
        self.settings_file = self.folder / "lab.json"
        self.lock_file = self.folder / "lab.pid"
        self.ready_file = self.folder / "ready"
        self.log_file = self.folder / "lab.log"
        self.client_key = self.folder / "id_ed25519"
        self.ssh_config = self.folder / "ssh_config"
        self.interpreter = self.folder / "bin" / "python"
        self.onboarding = self.folder / "edr-onboarding.cmd"
        self.group_vars = self.folder / "group_vars" / "all.yml"

    def settings(self) -> WorldSettings:
        """The settings of the last `up`. Raises FileNotFoundError where there never was a lab."""
        return WorldSettings(**json.loads(self.settings_file.read_text(encoding="utf-8")))

    def write_settings(self, settings: WorldSettings) -> None:
        """Keep the settings for the supervisor and for the next `up`."""
        write_atomically(self.settings_file, json.dumps(asdict(settings), indent=1))
