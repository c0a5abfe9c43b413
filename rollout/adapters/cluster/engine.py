"""The daemon's engine where workers run Ansible: it only lets them know."""

import logging
from collections.abc import Sequence
from pathlib import Path

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException

from rollout.adapters.ansible.folder import RunFolder
from rollout.adapters.cluster import queue
from rollout.application.ports import EventSink, RunOrder
from rollout.domain.words import msgid
from rollout.settings import AnsibleSettings
from rollout.store import runs
from rollout.store.database import Database

log = logging.getLogger(__name__)


class QueueEngine:
    """Fulfils the port `Queue`: a job of procrastinate holds a run's number and its epoch.

    Nothing runs in this process, so nothing ends with it.
    """

    def __init__(self, database: Database, settings: AnsibleSettings) -> None:
        self._database, self._settings = database, settings
        self._app: procrastinate.App | None = None

    def start(self, order: RunOrder, _sink: EventSink) -> None:
        """Let the workers of its site know; the one that takes it makes the order anew."""
        with self._database.read() as session:
            run = runs.by_id(session, order.run_id)
        self.put(order.run_id, run.lease_epoch, run.site_id)

    def put(self, run_id: int, epoch: int, site_id: int | None) -> None:
        """See the port. At most one job of a run waits."""
        try:
            self._opened().configure_task(
                queue.TASK,
                queue=queue.queue_name(site_id),
                queueing_lock=f"run-{run_id}",
            ).defer(run_id=run_id, epoch=epoch)
        except AlreadyEnqueued:
            return
        except ConnectorException as error:
            self._app = None
            log.warning(msgid("run %s waits, its job is put in again: %s"), run_id, error)

    def cancel(self, _run_id: int) -> bool:
        """Workers are asked through the tables."""
        return False

    def alive(self) -> frozenset[int]:
        """Nothing runs here."""
        return frozenset()

    def sweep(self, _idents: Sequence[str]) -> int:
        """Nothing ran here."""
        return 0

    def close(self) -> None:
        """Give the connections back; what workers have goes on."""
        if self._app is not None:
            self._app.close()
            self._app = None

    def log(self, ident: str) -> Path | None:
        """The output of a run whose worker keeps it in a folder that is here as well."""
        output = RunFolder(self._settings, ident).output
        return output if output.is_file() else None

    def _opened(self) -> procrastinate.App:
        if self._app is None:
            # Its own words tell of jobs; of a run the daemon tells.
            logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
            connector = procrastinate.SyncPsycopgConnector(**queue.pool_settings(self._database))
            app = queue.application(connector)
            app.open()
            self._app = app
        return self._app
