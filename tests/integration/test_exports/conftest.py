"""A fleet to export, shared or of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import export_fleet
import pytest

from rollout.settings import Settings, load
from rollout.store.database import Database


@pytest.fixture(scope="package")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    file = tmp_path_factory.mktemp("exports") / "rollout.toml"
    file.write_text(
        '[programme]\nname = "移行"\nstart = 2022-11-01\ncutover = 2023-05-01\n'
        '[verify]\ncontrols = ["edr_service", "firewall", "disk_encryption", "mfa"]\n'
        "[generations.DK20]\ntake_home = true\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLOUT_CONFIG", str(file))
        return load()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Not to be changed: it is shared."""
    database = export_fleet.made(tmp_path_factory.mktemp("fleet"))
    yield database
    database.close()


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Database]:
    """One of the test's own."""
    database = export_fleet.made(tmp_path)
    yield database
    database.close()
