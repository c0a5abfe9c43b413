"""What `cluster init` writes, and what `cluster check` finds when it is missing."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import databases
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from rollout.adapters.cluster import queue
from rollout.application.cluster.check import NoQueue, examine, require_queue
from rollout.application.doctor import Finding, Level
from rollout.settings import Settings, load
from rollout.store import migrate, roles
from rollout.store.database import Database
from rollout.store.tables import Wave


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database(databases.server_url(tmp_path_factory.mktemp("roles") / "rollout"))
    databases.set_up(opened)
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
    return {finding.key: finding.level for finding in examined(database, settings)}


def examined(database: Database, settings: Settings) -> list[Finding]:
    return examine(database, settings, lambda: (queue.installed(database), queue.expected()))


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
        connection.execute(text("REVOKE UPDATE (cause) ON waves FROM rollout_worker"))
        connection.execute(text("DROP TRIGGER workers_halt_only ON waves"))
        connection.execute(text("GRANT DELETE ON audit TO rollout_worker"))
        connection.execute(text("GRANT UPDATE (approved_by) ON waves TO rollout_worker"))
    found = examined(database, settings)
    missing = "missing: rollout_viewer: SELECT machines, rollout_worker: UPDATE (cause) waves"
    missing += ", rollout_worker: workers_halt_only waves"
    assert finding(found, "roles").found == missing
    extra = "too many: rollout_worker: DELETE audit, rollout_worker: UPDATE (approved_by) waves"
    assert finding(found, "rights").found == extra
    roles.write(database, queue.SCHEMA)
    assert "rights" not in levels(database, settings)


def test_a_queue_of_another_version_is_made_anew(database: Database, settings: Settings) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"COMMENT ON SCHEMA {queue.SCHEMA} IS 'procrastinate 0.1'"))
    assert levels(database, settings)["queue"] is Level.PROBLEM
    assert queue.prepare(database)
    roles.write(database, queue.SCHEMA)
    assert levels(database, settings)["queue"] is Level.OK


def finding(found: list[Finding], key: str) -> Finding:
    (only,) = (one for one in found if one.key == key)
    return only


def test_a_role_that_the_server_lacks_is_named_instead_of_each_of_its_rights(
    database: Database, settings: Settings
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER ROLE rollout_viewer RENAME TO another_viewer"))
    try:
        found = finding(examined(database, settings), "roles")
    finally:
        with database.engine.begin() as connection:
            connection.execute(text("ALTER ROLE another_viewer RENAME TO rollout_viewer"))
    assert found.found == "missing: rollout_viewer"


@pytest.mark.parametrize(
    ("revision", "remedy"), [("0001", "rollout init"), ("9999", "install the newer program")]
)
def test_a_schema_of_another_program_is_told_beside_what_is_expected(
    database: Database, settings: Settings, revision: str, remedy: str
) -> None:
    changed = text("UPDATE alembic_version SET version_num = :revision")
    with database.engine.begin() as connection:
        connection.execute(changed, {"revision": revision})
    try:
        found = examined(database, settings)
    finally:
        with database.engine.begin() as connection:
            connection.execute(changed, {"revision": migrate.EXPECTED})
    schema = finding(found, "schema")
    assert schema.found == f"{revision}, expected {migrate.EXPECTED}"
    assert schema.remedy == remedy
    assert "daemon" not in {one.key for one in found}, "its tables may be others"


def test_daemon_and_worker_refuse_a_queue_of_another_version(database: Database) -> None:
    require_queue(lambda: (queue.installed(database), queue.expected()))
    with pytest.raises(NoQueue, match=r"is missing.*cluster init"):
        require_queue(lambda: (None, queue.expected()))
    with pytest.raises(NoQueue, match=r"is procrastinate 0\.1, expected procrastinate \d"):
        require_queue(lambda: ("procrastinate 0.1", queue.expected()))


@pytest.mark.parametrize(
    ("changed", "remedy"),
    [
        ({"username": "stranger"}, "it refuses this user"),
        ({"database": "nowhere"}, "there is no such database"),
        ({"query": {}, "host": "db.invalid"}, "no computer has this name"),
    ],
)
def test_why_the_server_cannot_be_used_is_a_finding_of_its_own(
    database: Database, settings: Settings, changed: dict[str, Any], remedy: str
) -> None:
    elsewhere = Database(database.engine.url.set(**changed).render_as_string(hide_password=False))
    try:
        (found,) = examined(elsewhere, settings)
    finally:
        elsewhere.close()
    assert (found.key, found.level) == ("database", Level.PROBLEM)
    assert remedy in found.remedy


def test_what_was_found_before_a_right_was_missing_is_told_as_well(
    database: Database, settings: Settings
) -> None:
    poor = text("CREATE ROLE poor LOGIN")
    with database.engine.begin() as connection:
        connection.execute(poor)
    theirs = database.engine.url.set(username="poor").render_as_string(hide_password=False)
    elsewhere = Database(theirs)
    try:
        found = examined(elsewhere, settings)
    finally:
        elsewhere.close()
        with database.engine.begin() as connection:
            connection.execute(text("DROP ROLE poor"))
    assert next(one.key for one in found) == "server"
    assert "let the database's owner grant it" in finding(found, "database").remedy


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (roles.VIEWER, "UPDATE machines SET remark = ''"),
        (roles.OPERATOR, "UPDATE audit SET reason = ''"),
        (roles.OPERATOR, "DELETE FROM audit"),
        (roles.OPERATOR, "UPDATE lease SET holder = 'me'"),
        (roles.OPERATOR, "INSERT INTO gate_overrides DEFAULT VALUES"),
        (roles.OPERATOR, "INSERT INTO claims DEFAULT VALUES"),
        (roles.APPROVER, "DELETE FROM audit"),
        (roles.APPROVER, "DROP TABLE machines"),
        (roles.WORKER, "SELECT * FROM accounts"),
        (roles.WORKER, "INSERT INTO claims DEFAULT VALUES"),
        (roles.WORKER, "UPDATE people SET name = ''"),
        (roles.WORKER, "UPDATE waves SET approved_by = 'me'"),
        (roles.WORKER, "UPDATE retirements SET approved_by = 'me'"),
        (roles.WORKER, "UPDATE machines SET serial = 'ANOTHER'"),
        (roles.WORKER, "UPDATE claims SET machine_id = 2"),
        (roles.WORKER, "UPDATE audit SET reason = ''"),
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


@pytest.mark.parametrize(
    ("role", "state", "change", "may"),
    [
        (roles.WORKER, "running", "state = 'halted', cause = 'too many failed', version = 2", True),
        (roles.WORKER, "paused", "state = 'halted'", True),
        (roles.WORKER, "awaiting_approval", "state = 'approved'", False),
        (roles.WORKER, "approved", "state = 'running'", False),
        (roles.WORKER, "halted", "state = 'running'", False),
        (roles.WORKER, "draft", "state = 'halted'", False),
        (roles.WORKER, "running", "cause = 'nothing at all'", False),
        (roles.DAEMON, "approved", "state = 'running'", True),
        (roles.OPERATOR, "halted", "state = 'running'", True),
        ("of_both", "approved", "state = 'running'", True),
    ],
)
def test_a_worker_may_halt_a_wave_and_do_no_more_to_it(
    database: Database, role: str, state: str, change: str, may: bool
) -> None:
    with database.engine.connect() as connection:
        connection.execute(text("CREATE ROLE of_both IN ROLE rollout_worker, rollout_daemon"))
        day = date(2022, 11, 1)
        since = datetime(2022, 11, 1, tzinfo=UTC)
        row = {"number": 1, "first_day": day, "last_day": day, "state": state, "state_since": since}
        connection.execute(insert(Wave), row)
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        changing = text(f"UPDATE waves SET {change}")  # noqa: S608
        if may:
            assert connection.execute(changing).rowcount == 1
        else:
            with pytest.raises(DBAPIError, match="may halt a wave, and no more"):
                connection.execute(changing)
        connection.rollback()


def test_who_joins_a_role_sees_what_it_has_too(database: Database) -> None:
    with database.engine.connect() as connection:
        connection.execute(text(f"SET ROLE {roles.VIEWER}"))
        assert connection.execute(text("SELECT count(*) FROM machines")).scalar_one() == 0
