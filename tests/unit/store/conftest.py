"""A real SQLite file with the schema in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.store import migrate
from rollout.store.database import Database


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of this program's revision; migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "rollout.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()  # the last connection brings the write-ahead log into the file
    return path


@pytest.fixture
def migrated(tmp_path: Path, template: Path) -> Iterator[Database]:
    """A database of this program's revision."""
    path = tmp_path / "rollout.db"
    shutil.copy(template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()
