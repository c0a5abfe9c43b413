"""A real SQLite file with the schema in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.store import migrate
from rollout.store.database import Database


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Database]:
    """A database of this program's revision."""
    database = Database(f"sqlite:///{tmp_path / 'rollout.db'}")
    migrate.upgrade(database)
    yield database
    database.close()
