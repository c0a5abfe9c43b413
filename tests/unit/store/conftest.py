"""A real database with the schema in it."""

from collections.abc import Iterator
from pathlib import Path

import databases
import pytest

from rollout.store.database import Database


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Database]:
    """A database of this program's revision."""
    database = databases.migrated(tmp_path / "rollout.db")
    yield database
    database.close()
