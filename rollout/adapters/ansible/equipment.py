"""What of Ansible is installed here, and whether PCs answer at the port that it would use."""

import importlib.metadata
import importlib.util
import json
import shlex
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import AnsibleSettings

PORTS = {"psrp": 5986, "winrm": 5986, "ssh": 22}
PATIENCE = 2.0
"""Seconds for one PC."""


class UnreadableVariables(RolloutError):
    """`group_vars/all.yml` cannot be read."""


class InstalledEquipment:
    """Fulfils the port `Equipment` for this Python environment."""

    def __init__(self, settings: AnsibleSettings) -> None:
        self._settings = settings

    def version(self, distribution: str) -> str | None:
        """The installed version of a Python package."""
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            return None

    def collection(self, name: str) -> str | None:
        """The version of a collection where Ansible would look first."""
        for folder in self._collection_folders():
            manifest = folder.joinpath(*name.split("."), "MANIFEST.json")
            if manifest.is_file():
                said = json.loads(manifest.read_text(encoding="utf-8"))
                return str(said["collection_info"]["version"])
        return None

    def _collection_folders(self) -> Iterator[Path]:
        for folder in (*self._settings.collections, Path("~/.ansible/collections").expanduser()):
            yield folder / "ansible_collections"
        yield Path("/usr/share/ansible/collections/ansible_collections")
        package = importlib.util.find_spec("ansible_collections")
        for place in (package.submodule_search_locations or ()) if package else ():
            yield Path(place)

    def connection(self) -> str:
        """The connection plugin of `group_vars/all.yml`. Raises UnreadableVariables."""
        kind = str(self._variables.get("ansible_connection", "ssh"))
        return kind.rpartition(".")[2]

    def silent(self, names: Sequence[str]) -> list[str]:
        """Those of these computers that do not answer at the port of the connection."""
        if not names:
            return []
        with ThreadPoolExecutor(max_workers=len(names)) as pool:
            answers = list(pool.map(self._answers, names))
        return [name for name, answered in zip(names, answers, strict=True) if not answered]

    def _answers(self, name: str) -> bool:
        try:
            host, port = self._target(name)
            socket.create_connection((host, port), timeout=PATIENCE).close()
        except (OSError, ValueError, subprocess.SubprocessError):
            return False
        return True

    def _target(self, name: str) -> tuple[str, int]:
        kind = self.connection()
        port = int(self._variables.get("ansible_port", PORTS.get(kind, 22)))
        if kind != "ssh":
            return str(self._variables.get("ansible_host", name)), port
        # ssh's own configuration may say where a name leads, and by which port.
        arguments = shlex.split(str(self._variables.get("ansible_ssh_args", "")))
        said = subprocess.run(
            ["ssh", "-G", *arguments, "--", name],
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            check=True,
        ).stdout
        known = dict(line.split(" ", 1) for line in said.splitlines() if " " in line)
        own = "ansible_port" in self._variables
        return known.get("hostname", name), port if own else int(known.get("port", port))

    @cached_property
    def _variables(self) -> Mapping[str, Any]:
        file = self._settings.group_vars / "all.yml"
        try:
            said = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
        except (OSError, yaml.YAMLError) as error:
            raise UnreadableVariables(
                _("{file} cannot be read: {why}").format(
                    file=file, why=" ".join(str(error).split())
                )
            ) from None
        return said if isinstance(said, dict) else {}
