"""A backup while a daemon writes is whole and proven; a restore replaces nothing unproven."""

import os
import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import databases
import pytest
from sqlalchemy import insert, text

from rollout.adapters.holder import is_gone, own_name
from rollout.application import backup, stops
from rollout.application import restore as restoring
from rollout.application.alone import alone
from rollout.application.operators import NotPermitted, Operator
from rollout.domain.errors import LeaseHeld
from rollout.domain.history import GENESIS, Fact, digest
from rollout.domain.machine import MachineVerb
from rollout.service.daemon import Daemon
from rollout.settings import OperatorRole, Settings, load
from rollout.store import backup as copies
from rollout.store import history, leases, machines, migrate, transitions
from rollout.store.backup import BackupFailed
from rollout.store.database import Database
from rollout.store.tables import Claim, Machine, Run

NOW = datetime(2022, 11, 1, 3, tzinfo=UTC)
APPROVER = Operator("suzuki", OperatorRole.APPROVER)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "rollout.db"
    database = Database(f"sqlite:///{path}")
    databases.set_up(database)
    database.close()
    return path


@pytest.fixture
def database(tmp_path: Path, template: Path) -> Iterator[Database]:
    """Twenty machines in the ledger; the first ten planned."""
    path = tmp_path / "state" / "rollout.db"
    path.parent.mkdir()
    path.write_bytes(template.read_bytes())
    opened = Database(f"sqlite:///{path}")
    with opened.write() as session:
        session.connection().execute(
            insert(Machine),
            [
                {"asset_tag": f"DK20-{n:06d}", "generation": "DK20", "state_since": NOW}
                for n in range(1, 21)
            ],
        )
    plan(opened, range(1, 11))
    yield opened
    opened.close()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def plan(database: Database, ids: range) -> None:
    with database.write() as session:
        transitions.apply(session, Machine, ids, MachineVerb.PLAN, actor="plan", at=NOW)


def claim(database: Database, machine_id: int) -> int:
    with database.write() as session:
        run = Run(ident=f"run-{machine_id}", lease_epoch=1, created_at=NOW, state_since=NOW)
        session.add(run)
        session.flush()
        row = Claim(machine_id=machine_id, step="preflight", attempt=1, run_id=run.id or 0,
                    created_at=NOW, deadline_at=NOW)  # fmt: skip
        session.add(row)
        session.flush()
        return row.id or 0


def planned(database: Database) -> int:
    with database.read() as session:
        return machines.counts(session).get("planned", 0)


def restore(database: Database, source: Path, operator: Operator = APPROVER) -> restoring.Restored:
    return restoring.restore(database, source, operator, NOW, holder=own_name(), gone=is_gone)


def folder_of(database: Database) -> Path:
    return copies.file_of(database).parent


def test_a_backup_is_one_file_for_its_owner_whose_history_holds(
    database: Database, tmp_path: Path
) -> None:
    made = backup.make(database, tmp_path / "copies" / "a.db")
    assert (made.checked.rows, made.checked.revision) == (10, migrate.EXPECTED)
    assert names(tmp_path / "copies") == ["a.db"]
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.path.parent.stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(made.path)) as reader:
        assert reader.execute("SELECT count(*) FROM machines").fetchone() == (20,)


def test_a_backup_taken_while_others_write_holds_one_moment(
    database: Database, tmp_path: Path
) -> None:
    stop, written = threading.Event(), threading.Event()
    faults: list[Exception] = []

    def write() -> None:
        verbs = (MachineVerb.HOLD, MachineVerb.RELEASE)
        try:
            while not stop.is_set():
                for verb in verbs:
                    with database.write() as session:
                        transitions.apply(
                            session,
                            Machine,
                            range(1, 11),
                            verb,
                            actor="d",
                            at=NOW,
                            reason="x" * 500,
                        )
                written.set()
        except Exception as error:  # noqa: BLE001  (shown by the test)
            faults.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(timeout=30)
        made = [backup.make(database, tmp_path / f"{n}.db") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    assert not faults
    rows = [copy.checked.rows for copy in made]
    assert rows == sorted(rows)
    for copy in made:
        # Each commit moves all ten machines: a copy that mixed two moments would show it.
        assert copy.checked.rows % 10 == 0
        with closing(sqlite3.connect(copy.path)) as reader:
            states = reader.execute("SELECT DISTINCT state FROM machines WHERE id <= 10").fetchall()
        assert len(states) == 1


def test_a_backup_never_overwrites_a_file(database: Database, tmp_path: Path) -> None:
    mine = tmp_path / "mine.db"
    mine.write_text("precious")
    with pytest.raises(BackupFailed, match="exists"):
        backup.make(database, mine)
    assert mine.read_text() == "precious"


def test_a_backup_of_a_forged_history_is_refused_and_not_kept(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("DROP TRIGGER tr_audit_update")
        session.connection().exec_driver_sql("UPDATE audit SET actor = 'nobody' WHERE id = 3")
    with pytest.raises(BackupFailed, match="history does not hold"):
        backup.make(database, tmp_path / "copies" / "a.db")
    assert names(tmp_path / "copies") == []


def test_a_folder_that_cannot_be_written_is_said_so(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match="cannot be written"):
        backup.make(database, tmp_path / "file" / "a.db")


def test_a_disk_that_is_full_is_said_so_and_nothing_is_left(
    database: Database, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, hard))
    try:
        with pytest.raises(BackupFailed, match="cannot be copied"):
            backup.make(database, tmp_path / "copies" / "a.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path / "copies") == []
    backup.make(database, tmp_path / "copies" / "a.db")


def test_what_a_killed_process_left_goes_after_a_day(
    database: Database, settings: Settings
) -> None:
    folder = settings.backup.folder
    folder.mkdir(parents=True)
    for name, age in (("old", 25), ("young", 1)):
        left = folder / f".{name}.db.partial"
        left.touch()
        left.with_name(left.name + "-wal").touch()
        moment = time.time() - age * 3600
        os.utime(left, (moment, moment))
    backup.nightly(database, settings, NOW)
    assert [name for name in names(folder) if name.startswith(".")] == [
        ".young.db.partial",
        ".young.db.partial-wal",
    ]


def test_the_database_itself_is_no_backup_of_it(database: Database) -> None:
    with pytest.raises(BackupFailed, match="is the database itself"):
        restore(database, copies.file_of(database))
    assert planned(database) == 10


@pytest.fixture
def settings(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "rollout.toml"
    file.write_text(
        "[programme]\nstart = 2022-11-01\ncutover = 2023-05-01\n"
        "[service]\nport = 0\ntick_seconds = 0.05\nlease_seconds = 60\n[backup]\nkeep = 2\n"
    )
    monkeypatch.setenv("ROLLOUT_CONFIG", str(file))
    return load()


def test_so_many_nightly_copies_are_kept_and_nothing_else_is_touched(
    database: Database, settings: Settings
) -> None:
    folder = settings.backup.folder
    folder.mkdir(parents=True)
    (folder / "before-upgrade.db").write_text("by hand")
    for day in range(4):
        backup.nightly(database, settings, NOW + timedelta(days=day))
    assert names(folder) == [
        "before-upgrade.db",
        "rollout-20221103-120000.db",
        "rollout-20221104-120000.db",
    ]


def test_a_restore_brings_the_copy_back_and_keeps_what_was_there(
    database: Database, tmp_path: Path
) -> None:
    claim(database, 1)
    made = backup.make(database, tmp_path / "a.db")
    plan(database, range(11, 21))
    later = claim(database, 2)
    done = restore(database, made.path)
    assert done.moved_on == ["DK20-000002"]
    with database.read() as session:
        assert machines.counts(session) == {"planned": 9, "held": 1, "registered": 10}
    assert done.remembered == []
    assert done.beside is not None
    with closing(sqlite3.connect(done.beside)) as reader:
        assert reader.execute(
            "SELECT count(*) FROM machines WHERE state = 'planned'"
        ).fetchone() == (20,)
    with database.read() as session:
        assert history.verify(session).holds
    # The epochs that machines have stored are never given again.
    assert claim(database, 3) > later
    assert names(folder_of(database)) == sorted(
        [done.beside.name, "rollout.db", "rollout.db-shm", "rollout.db-wal"]
    )


def test_nothing_begins_after_a_restore_until_somebody_says_so(
    database: Database, tmp_path: Path
) -> None:
    made = backup.make(database, tmp_path / "a.db")
    restore(database, made.path)
    (stop,) = stops.in_force(database)
    assert (stop.scope, stop.actor) == ("all", "suzuki")
    assert "a.db" in stop.reason
    again = backup.make(database, tmp_path / "b.db")
    restore(database, again.path)
    assert len(stops.in_force(database)) == 1


def test_a_restore_is_refused_while_a_daemon_works(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    refused: list[str] = []

    class NoEngine:
        def alive(self) -> frozenset[int]:
            return frozenset()

        def sweep(self, idents: object) -> int:
            return 0

        def close(self) -> None:
            pass

    def look(_ticked: object) -> None:
        made = backup.make(database, tmp_path / "during.db")
        with pytest.raises(LeaseHeld) as refusal:
            restore(database, made.path)
        refused.append(str(refusal.value))
        daemon.stop()

    from rollout.adapters.clock import SystemClock

    daemon = Daemon(database, settings, SystemClock(), NoEngine(), on_tick=look)  # type: ignore[arg-type]
    daemon.run()
    assert "acts on the programme" in refused[0]
    assert planned(database) == 10
    restore(database, tmp_path / "during.db")


def test_a_restore_is_refused_while_another_program_has_the_database_open(
    database: Database, tmp_path: Path
) -> None:
    made = backup.make(database, tmp_path / "a.db")
    plan(database, range(11, 21))
    with closing(sqlite3.connect(copies.file_of(database))) as other:
        other.execute("SELECT count(*) FROM machines").fetchone()
        with pytest.raises(BackupFailed, match="another program has"):
            restore(database, made.path)
    assert planned(database) == 20
    restore(database, made.path)
    assert planned(database) == 10


def test_who_may_not_approve_may_not_restore(database: Database, tmp_path: Path) -> None:
    made = backup.make(database, tmp_path / "a.db")
    with pytest.raises(NotPermitted):
        restore(database, made.path, Operator("sato", OperatorRole.OPERATOR))


def damaged(path: Path) -> Path:
    data = bytearray(path.read_bytes())
    for place in range(8192, len(data), 4096):
        data[place : place + 200] = b"\xff" * 200
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["missing", "text", "damaged", "empty", "other"])
def test_what_is_no_good_copy_replaces_nothing(
    database: Database, tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "a.db"
    if kind == "text":
        source.write_text("no database at all, but longer than a header is" * 20)
    elif kind == "damaged":
        backup.make(database, source)
        damaged(source)
    elif kind == "empty":
        source.touch()
    elif kind == "other":
        with closing(sqlite3.connect(source)) as other:
            other.execute("CREATE TABLE notes (text)")
    before = copies.file_of(database).stat().st_ino
    with pytest.raises(BackupFailed) as refused:
        restore(database, source)
    # The file that was named, not the one on the way to its place.
    assert str(source) in str(refused.value)
    assert copies.file_of(database).stat().st_ino == before
    assert planned(database) == 10
    assert not [name for name in names(folder_of(database)) if "restoring" in name]
    with alone(database, "next", is_gone):
        pass


@pytest.mark.parametrize("state", ["damaged", "missing"])
def test_a_damaged_or_lost_database_can_be_restored(
    database: Database, tmp_path: Path, state: str
) -> None:
    made = backup.make(database, tmp_path / "a.db")
    epoch = claim(database, 1)
    database.close()
    path = copies.file_of(database)
    if state == "damaged":
        path.write_bytes(b"\x00" * path.stat().st_size)
    else:
        path.unlink()
    done = restore(database, made.path)
    assert planned(database) == 10
    assert done.moved_on is None
    assert (done.beside is not None) == (state == "damaged")
    assert claim(database, 1) > epoch + 1000


def test_a_copy_of_an_older_program_is_brought_to_this_one(
    database: Database, tmp_path: Path
) -> None:
    source = tmp_path / "old.db"
    fact = Fact("2022-11-01T09:00:00.000000Z", "x", "machine", 1, "DK20-1", "hold", None, None)
    with restoring.closed(source) as old:
        migrate.upgrade(old, "0003")
        with old.write() as session:
            row = {**fact._asdict(), "digest": digest(GENESIS, fact)}
            columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            session.connection().execute(
                text(f"INSERT INTO audit ({columns}) VALUES ({values})"),  # noqa: S608
                row,
            )
            session.connection().execute(
                text("INSERT INTO audit_head (id, rows, digest) VALUES (1, 1, :digest)"), row
            )
    done = restore(database, source)
    assert (done.checked.revision, done.checked.rows) == ("0003", 1)
    migrate.check(database)
    with database.read() as session:
        assert history.verify(session).holds


def test_a_copy_of_a_newer_program_is_refused(database: Database, tmp_path: Path) -> None:
    made = backup.make(database, tmp_path / "a.db")
    with closing(sqlite3.connect(made.path)) as newer, newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(migrate.SchemaMismatch, match="newer than this program"):
        restore(database, made.path)
    assert planned(database) == 10


def test_a_lease_that_was_held_at_the_copys_moment_is_free_afterwards(
    database: Database, tmp_path: Path
) -> None:
    with alone(database, "daemon:1:1", is_gone) as epoch:
        made = backup.make(database, tmp_path / "a.db")
    restore(database, made.path)
    with database.write() as session:
        taken = leases.acquire(
            session, "new", now=datetime.now(UTC), lasts=timedelta(seconds=9), gone=is_gone
        )
    assert taken > epoch + 1
