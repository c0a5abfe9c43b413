"""The migrations lead to the tables of the program, and back."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from rollout.domain.machine import MachineVerb
from rollout.store import migrate, transitions
from rollout.store.database import Database
from rollout.store.tables import AuditRow, Claim, GateOverride, Machine, Run, Site, Wave

NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'with % sign' / 'rollout.db'}")
    yield opened
    opened.close()


def test_upgrade_from_nothing_gives_the_tables_of_the_program(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    migrate.upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_upgrade_gives_the_same_statements_as_a_fresh_schema(
    database: Database, tmp_path: Path
) -> None:
    # Alembic does not compare checks, partial indexes or autoincrement in SQLite.
    migrate.upgrade(database)
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    SQLModel.metadata.create_all(fresh.engine)
    migrated, wanted = _statements(database), _statements(fresh)
    fresh.close()
    assert {name: sql for name, sql in migrated.items() if not name.startswith("tr_")} == wanted
    assert {name for name in migrated if name.startswith("tr_")} == {
        "tr_audit_update",
        "tr_audit_delete",
        "tr_postings_insert",
        "tr_postings_update",
    }


def test_downgrade_to_base_leaves_nothing(database: Database) -> None:
    migrate.upgrade(database)
    migrate.downgrade(database)
    assert _statements(database) == {}
    assert migrate.current(database) is None


def test_up_down_up_works_with_data_in_the_tables(database: Database) -> None:
    for _ in range(2):
        migrate.upgrade(database)
        with database.write() as session:
            site = Site(key="本庁")
            session.add(site)
            session.flush()
            machine = Machine(
                asset_tag="DK20-000417", generation="DK20", site_id=site.id, state_since=NOW
            )
            session.add(machine)
            session.flush()
            _plan(session, machine)
        with database.read() as session:
            assert session.exec(select(AuditRow.key)).all() == ["DK20-000417"]
        migrate.downgrade(database)


def test_overrides_of_gates_outlive_the_gates_that_came_later(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.add(
            Wave(id=1, number=1, first_day=NOW.date(), last_day=NOW.date(), state_since=NOW)
        )
        session.flush()
        for gate in ("failed", "training"):
            session.add(
                GateOverride(wave_id=1, tranche=1, gate=gate, actor="a", reason="b", created_at=NOW)
            )

    def gates() -> list[str]:
        with database.read() as session:
            rows = session.connection().execute(text("SELECT gate FROM gate_overrides"))
            return sorted(rows.scalars())

    assert gates() == ["failed", "training"]
    migrate.downgrade(database, "0004")
    assert gates() == ["failed"], "the older program does not know the other"
    migrate.upgrade(database)
    assert gates() == ["failed"]


def test_machines_that_were_prepared_before_the_flag_have_it(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        for id_ in (1, 2, 3):
            session.add(Machine(id=id_, asset_tag=f"A{id_}", generation="DK20", state_since=NOW))
        session.add(
            Run(id=1, ident="r", step="enable", lease_epoch=1, created_at=NOW, state_since=NOW)
        )
        session.flush()
        for id_, *steps in ((1, "reimage", "enable"), (2, "enable", "reimage"), (3, "reimage")):
            for step in steps:
                claim = Claim(machine_id=id_, step=step, attempt=1, run_id=1, created_at=NOW,
                              deadline_at=NOW, outcome="done", ended_at=NOW)  # fmt: skip
                session.add(claim)
                session.flush()
    migrate.downgrade(database, "0025")
    migrate.upgrade(database)
    with database.read() as session:
        flags = session.exec(select(Machine.enabled).order_by(col(Machine.id))).all()
    assert flags == [True, False, False]


def test_upgrade_of_a_database_that_is_there_changes_nothing(database: Database) -> None:
    migrate.upgrade(database)
    before = _statements(database)
    migrate.upgrade(database)
    assert _statements(database) == before
    migrate.check(database)


def test_foreign_keys_are_enforced_again_after_an_upgrade(database: Database) -> None:
    migrate.upgrade(database)
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Machine(asset_tag="x", generation="DK20", site_id=99, state_since=NOW))


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_history_refuses_to_be_rewritten(database: Database, statement: str) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        machine = Machine(asset_tag="DK20-000417", generation="DK20", state_since=NOW)
        session.add(machine)
        session.flush()
        _plan(session, machine)
    with pytest.raises(IntegrityError, match="only ever added to"), database.write() as session:
        session.connection().execute(text(statement))
    with database.read() as session:
        assert session.exec(select(AuditRow.actor)).all() == ["a"]


def test_the_expected_revision_is_the_newest_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.EXPECTED


def test_an_empty_database_is_refused_with_the_remedy(database: Database) -> None:
    with pytest.raises(migrate.SchemaMismatch, match="not set up: run `rollout init`"):
        migrate.check(database)


def test_a_newer_database_is_refused_and_never_touched(database: Database) -> None:
    migrate.upgrade(database)
    with database.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (migrate.check, migrate.upgrade):
        with pytest.raises(migrate.SchemaMismatch, match="newer than this program"):
            refused(database)
    assert migrate.current(database) == "9999"


def test_an_older_database_is_refused_with_the_remedy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate.upgrade(database)
    monkeypatch.setattr(migrate, "EXPECTED", "9998")
    with pytest.raises(migrate.SchemaMismatch, match=r"older than this program.*`rollout init`"):
        migrate.check(database)


def test_postgresql_gets_the_same_tables_and_its_own_triggers() -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    written = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
    )
    names = sorted(path.stem for path in (migrate.MIGRATIONS / "versions").glob("[0-9]*_*.py"))
    with Operations.context(context):
        for name in names:
            import_module(f"rollout.store.migrations.versions.{name}").upgrade()
    statements = written.getvalue()
    for table in SQLModel.metadata.tables:
        assert f"CREATE TABLE {table} (" in statements
    assert "BEFORE UPDATE OR DELETE ON audit" in statements
    assert "BEFORE TRUNCATE ON audit" in statements
    assert statements.count("TIMESTAMP WITH TIME ZONE") > 10
    assert "RAISE(ABORT" not in statements


def test_checking_a_database_does_not_import_alembic() -> None:
    program = (
        "import sys\n"
        "from rollout.store import migrate\n"
        "from rollout.store.database import Database\n"
        "database = Database('sqlite://')\n"
        "assert migrate.current(database) is None\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=dict(os.environ), check=False)
    assert done.returncode == 0


def _plan(session: Session, machine: Machine) -> None:
    transitions.apply(session, Machine, [machine.id or 0], MachineVerb.PLAN, actor="a", at=NOW)


def _statements(database: Database) -> dict[str, tuple[str, ...]]:
    """Every object by name with its statement; clauses of a table in any order."""
    with database.engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
                " AND name NOT IN ('alembic_version', 'sqlite_sequence')"
            )
        ).all()
        assert inspect(connection)
    return {name: tuple(sorted(_clauses(sql))) for name, sql in rows}


def _clauses(sql: str) -> Iterator[str]:
    # A table that was copied to change a column bears its name in quotes.
    for line in re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", sql).splitlines():
        yield re.sub(r"\s+", " ", line).strip(" ,")
