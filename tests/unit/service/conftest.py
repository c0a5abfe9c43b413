"""A migrated database and a configuration for the daemon's own tests."""

from collections.abc import Iterator
from pathlib import Path

import databases
import pytest

from rollout.settings import Settings, load
from rollout.store.database import Database


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The smallest configuration; the system chooses the port."""
    file = tmp_path / "rollout.toml"
    file.write_text(
        "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n"
        "[service]\nport = 0\ntick_seconds = 0.05\nlease_seconds = 30\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database of this program's schema."""
    opened = databases.migrated(tmp_path / "rollout.db")
    yield opened
    opened.close()
