"""Workers run Ansible for the daemon: jobs are transport, the tables decide."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import databases
import pytest
from sqlalchemy import text

from rollout.adapters.ansible.folder import RECORD, RunFolder
from rollout.adapters.ansible.local import LocalEngine
from rollout.adapters.cluster import queue
from rollout.application.cluster.standing import standing
from rollout.bootstrap import Application
from rollout.service.daemon import Daemon
from rollout.service.worker import Worker
from rollout.store import roles
from rollout.store.database import Database

PATIENCE = 180.0
AT_REST = {"migrated", "failed", "held", "silent"}
CLUSTER = """
[cluster]
engine = "procrastinate"
worker_seconds = 6
"""


@pytest.fixture(scope="module")
def office(rollouts: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    url = databases.server_url(tmp_path_factory.mktemp("cluster") / "rollout")
    made = rollouts(head=f'database_url = "{url}"\n', tail=CLUSTER)
    queue.prepare(made.database)
    return made


@contextmanager
def working(app: Application, *sites: str, concurrency: int = 2) -> Iterator[Worker]:
    """A worker in a thread; it is told to stop at the end, and has to end."""
    engine = LocalEngine(app.settings.ansible, app.clock)
    worker = Worker(
        app.database, app.settings, app.clock, engine, app.jobs, app.archive,
        sites=sites, concurrency=concurrency,
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        end: Future[None] = pool.submit(worker.run)
        try:
            yield worker
        finally:
            worker.stop()
            end.result(PATIENCE)


@contextmanager
def acting(app: Application, **options: Any) -> Iterator[Daemon]:
    """A daemon in a thread."""
    daemon = Daemon(app.database, app.settings, app.clock, engine_of(app), **options)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(daemon.run)
        try:
            yield daemon
        finally:
            daemon.stop()
            daemon.stop()
            end.result(PATIENCE)


def engine_of(app: Application) -> Any:
    from rollout.adapters.cluster.engine import QueueEngine

    return QueueEngine(app.database, app.settings.ansible)


@pytest.fixture(scope="module")
def as_worker(office: Any) -> Iterator[Application]:
    """The application as a user of the server who may do what workers do, and no more."""
    owner = office.database.engine.url
    roles.write(office.database, queue.SCHEMA)
    with office.database.engine.begin() as connection:
        connection.execute(text(f"CREATE USER tsu_worker IN ROLE {roles.WORKER}"))
    url = owner.set(username="tsu_worker").render_as_string(hide_password=False)
    settings = office.app.settings.model_copy(update={"database_url": url})
    database = Database(url, idle_seconds=3)
    yield Application(settings, database, office.app.clock)
    database.close()


def test_a_worker_begins_when_the_ledger_has_its_site_and_takes_machines_through_everything(
    office: Any, as_worker: Application
) -> None:
    with working(as_worker, "本庁"), acting(office.app):
        office.until(lambda: [one.awaited for one in standing(office.database)] == [["本庁"]])
        tags = office.populate(2)
        office.until(lambda: not set(office.states().values()) - AT_REST)
    assert set(office.states().values()) == {"migrated"}, office.states()
    assert [len(office.wipes(tag)) for tag in tags] == [1, 1]
    assert office.chain_holds()
    assert standing(office.database) == []


def test_a_worker_makes_room_among_the_output_of_its_runs(
    office: Any, as_worker: Application
) -> None:
    ansible = office.app.settings.ansible
    old, new = (RunFolder(ansible, f"{kind}{'0' * 12}").path for kind in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / RECORD).write_text("{}", encoding="utf-8")
    long_ago = datetime.now(UTC).timestamp() - (ansible.keep_days + 1) * 86_400
    os.utime(old / RECORD, (long_ago, long_ago))
    with working(as_worker, "本庁"):
        office.until(lambda: not old.exists())
    assert new.exists()


def test_a_job_of_a_dead_worker_does_not_stay_in_the_queue(
    office: Any, as_worker: Application
) -> None:
    with office.database.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL search_path = {queue.SCHEMA}"))
        alive = connection.scalar(
            text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        )
        connection.execute(
            text(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id)"
                " VALUES ('site-77', 'run', 'doing', NULL), ('site-77', 'run', 'doing', :alive)"
            ),
            {"alive": alive},
        )

    def owners() -> list[int | None]:
        with office.database.engine.connect() as connection:
            found = text(f"SELECT worker_id FROM {queue.SCHEMA}.procrastinate_jobs")  # noqa: S608
            return list(connection.scalars(found))

    with working(as_worker, "本庁"):
        office.until(lambda: owners() == [alive])
