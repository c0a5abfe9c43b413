"""What `cluster init` writes, and what `cluster check` finds when it is missing."""

from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rollout.adapters.cluster import queue
from rollout.application.cluster.check import examine
from rollout.application.doctor import Level
from rollout.settings import Settings, load
from rollout.store import migrate, roles
from rollout.store.database import Database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(databases.server_url(tmp_path_factory.mktemp("roles") / "rollout"))
    migrate.upgrade(opened)
    queue.prepare(opened)
    roles.write(opened, queue.SCHEMA)
    yield opened
    opened.close()


@pytest.fixture
def settings(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    url = database.engine.url.render_as_string(hide_password=False)
    file = tmp_path / "rollout.toml"
    file.write_text(
        f'database_url = "{url}"\n[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n'
        '[cluster]\nengine = "procrastinate"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


def levels(database: Database, settings: Settings) -> dict[str, Level]:
    found = examine(
        database, settings, queue=queue.installed(database), queue_expected=queue.expected()
    )
    return {finding.key: finding.level for finding in found}


def test_after_init_nothing_of_schema_queue_and_roles_is_missing(
    database: Database, settings: Settings
) -> None:
    found = levels(database, settings)
    assert {found[key] for key in ("server", "schema", "queue", "roles")} == {Level.OK}
    assert "rights" not in found
    assert found["durable"] is Level.PROBLEM, "the tests' server loses what was committed"


def test_init_can_be_repeated(database: Database, settings: Settings) -> None:
    assert not queue.prepare(database)
    roles.write(database, queue.SCHEMA)
    assert levels(database, settings)["roles"] is Level.OK


def test_a_right_that_was_taken_away_is_missing_and_one_too_many_is_named(
    database: Database, settings: Settings
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("REVOKE SELECT ON machines FROM rollout_viewer"))
        connection.execute(text("GRANT DELETE ON audit TO rollout_worker"))
    found = levels(database, settings)
    assert found["roles"] is Level.PROBLEM
    assert found["rights"] is Level.WARNING
    roles.write(database, queue.SCHEMA)
    assert "rights" not in levels(database, settings)


def test_a_queue_of_another_version_is_made_anew(database: Database, settings: Settings) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"COMMENT ON SCHEMA {queue.SCHEMA} IS 'procrastinate 0.1'"))
    assert levels(database, settings)["queue"] is Level.PROBLEM
    assert queue.prepare(database)
    roles.write(database, queue.SCHEMA)
    assert levels(database, settings)["queue"] is Level.OK


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (roles.VIEWER, "UPDATE machines SET remark = ''"),
        (roles.OPERATOR, "UPDATE audit SET reason = ''"),
        (roles.OPERATOR, "DELETE FROM audit"),
        (roles.OPERATOR, "UPDATE lease SET holder = 'me'"),
        (roles.OPERATOR, "INSERT INTO gate_overrides DEFAULT VALUES"),
        (roles.APPROVER, "DELETE FROM audit"),
        (roles.APPROVER, "DROP TABLE machines"),
        (roles.WORKER, "SELECT * FROM accounts"),
        (roles.WORKER, "INSERT INTO claims DEFAULT VALUES"),
        (roles.WORKER, "UPDATE people SET name = ''"),
        (roles.WORKER, "UPDATE lease SET holder = 'me'"),
        (roles.DAEMON, "UPDATE audit SET reason = ''"),
        (roles.DAEMON, "DELETE FROM audit"),
    ],
)
def test_the_server_itself_refuses_what_a_role_may_not(
    database: Database, role: str, statement: str
) -> None:
    with database.engine.connect() as connection:
        connection.execute(text(f"SET ROLE {role}"))
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            connection.execute(text(statement))


def test_who_joins_a_role_sees_what_it_has_too(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execute(text(f"SET ROLE {roles.VIEWER}"))
        assert connection.execute(text("SELECT count(*) FROM machines")).scalar_one() == 0
