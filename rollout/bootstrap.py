"""The only wiring: settings become an application."""

import getpass
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from rollout import settings as configuration
from rollout.adapters.clock import clock_from
from rollout.application import run_output
from rollout.application.operators import Operator
from rollout.application.ports import Archive, Clock, Equipment, LeashedEngine, RunEngine
from rollout.domain.errors import RolloutError
from rollout.domain.words import msgid
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import migrate
from rollout.store.database import BUSY_SECONDS, Database
from rollout.store.faults import unavailable

if TYPE_CHECKING:
    from rollout.adapters.cluster.source import JobSource
    from rollout.application.accounts.directory import Directory
    from rollout.application.accounts.work import AccountsWork
    from rollout.application.byod.devices import Devices
    from rollout.application.byod.work import DevicesWork
    from rollout.application.exports.extract import Extract
    from rollout.application.exports.forms import Table
    from rollout.application.exports.pack import Packer
    from rollout.application.exports.status import DailyReport
    from rollout.application.nightly import Nights
    from rollout.application.notices.mail import Mailer
    from rollout.application.notices.sending import Writer
    from rollout.application.notices.work import NoticesWork

log = logging.getLogger(__name__)


@dataclass
class Application:
    """What front ends and the daemon work with."""

    settings: Settings
    database: Database
    clock: Clock

    def operator(self, name: str | None = None) -> Operator:
        """Who is at the terminal: `--actor`, else the user of the operating system."""
        return Operator.named(name or getpass.getuser(), self.settings.roles)

    def export_status(self, folder: Path) -> list[Path]:
        """Write the daily report in every form into `folder`. Raises ExportFailed."""
        return self._write_status(folder, None)

    def daily_report(self, as_of: datetime | None) -> "DailyReport":
        """The daily report of a moment, or of now; then what no history will tell is kept.

        Who can only read the database has the report all the same.
        """
        from rollout.application.exports.status import counted, daily, daily_at

        if as_of is not None:
            return daily_at(self.database, self.settings, as_of)
        report = daily(self.database, self.settings, now=self.clock.now())
        try:
            counted.keep(self.database, report.people)
        except Exception as error:
            why = unavailable(error)
            if why is None:
                raise
            log.warning(msgid("the figures of people are not kept for tomorrow's report: %s"), why)
        return report

    def write_table(self, path: Path, table: "Table") -> Path:
        """Write a table as CSV or, by the ending of `path`, as XLSX. Raises ExportFailed."""
        if path.suffix == ".xlsx":
            from rollout.adapters.screen_sheet import write_xlsx

            return write_xlsx(path, table)
        from rollout.adapters import export_files

        return export_files.write_csv(path, table).path

    def read_output(
        self, ident: str, start: int, *, largest: int = run_output.LARGEST
    ) -> run_output.Part | None:
        """What a run printed from the byte `start` on; None when that is not kept (any more)."""
        from rollout.adapters.ansible.folder import RunFolder

        try:
            return run_output.read(RunFolder(self.settings.ansible, ident).output, start,
                                   largest=largest)  # fmt: skip
        except FileNotFoundError:
            return None

    @cached_property
    def packer(self) -> "Packer":
        """Whoever puts a pack of exports together."""
        from rollout.adapters.reports import exporting
        from rollout.application.exports.pack import Packer

        def write_rows(
            path: Path, extract: "Extract", form: str, progress: Callable[[int, int], None]
        ) -> None:
            exporting.write(path, extract, exporting.Form(form), progress=progress)

        return Packer(self.database, self.settings, write_rows, self._write_status)

    def _write_status(self, folder: Path, as_of: datetime | None) -> list[Path]:
        from rollout.adapters.reports.exporting import write_status

        return write_status(folder, self.daily_report(as_of))

    @cached_property
    def engine(self) -> RunEngine:
        """The engine of the daemon; made when first asked for, because most never ask."""
        if self.settings.cluster.engine == "procrastinate":
            with cluster_extra():
                from rollout.adapters.cluster.engine import QueueEngine

            return QueueEngine(self.database, self.settings.ansible)
        return self.local_engine

    @cached_property
    def local_engine(self) -> LeashedEngine:
        """The engine that runs Ansible in this process: a worker's, or the daemon's own."""
        from rollout.adapters.ansible.local import LocalEngine
        from rollout.application.upkeep import needed_runs

        return LocalEngine(self.settings.ansible, self.clock, partial(needed_runs, self.database))

    def jobs(
        self,
        sites: Sequence[int] | None,
        offer: Callable[[int, int], None],
        has_room: Callable[[], bool],
        failed: Callable[[Exception], None],
    ) -> "JobSource":
        """Where a worker's runs come from: the queues of these sites."""
        with cluster_extra():
            from rollout.adapters.cluster.source import JobSource

        return JobSource(self.database, sites, offer, has_room, failed)

    @property
    def queue_schema(self) -> str:
        """The schema of the queue in PostgreSQL."""
        with cluster_extra():
            from rollout.adapters.cluster import queue

        return queue.SCHEMA

    def queue_versions(self) -> tuple[str | None, str]:
        """Of which version the queue is, and of which it should be."""
        with cluster_extra():
            from rollout.adapters.cluster import queue

        return queue.installed(self.database), queue.expected()

    def prepare_queue(self) -> bool:
        """Make the queue where there is none of this version; whether it was made."""
        with cluster_extra():
            from rollout.adapters.cluster import queue

        return queue.prepare(self.database)

    @cached_property
    def directory(self) -> "Directory":
        """The cloud directory. Raises DirectoryAway when it cannot be signed in to."""
        from rollout.adapters.graph.directory import GraphDirectory

        return GraphDirectory(self.settings.accounts.tenant)

    @cached_property
    def mailer(self) -> "Mailer":
        """The mailbox that sends. Raises MailAway when the configuration names none."""
        return self.own_mailer()

    def own_mailer(self) -> "Mailer":
        """The same for one thread alone, who closes it. Raises MailAway."""
        from rollout.adapters.graph.mail import GraphMailer
        from rollout.application.notices.mail import MailAway

        if not (self.settings.notices.in_use and self.settings.accounts.in_use):
            raise MailAway(
                _(
                    "no mail can be sent: name the mailbox under [notices] sender, and the "
                    "directory under [accounts.tenant]"
                )
            )
        return GraphMailer(
            self.settings.accounts.tenant,
            self.settings.notices.sender,
            per_minute=self.settings.notices.per_minute,
        )

    @property
    def mail_writer(self) -> "Writer":
        """Whoever writes the mails, by the templates."""
        from rollout.adapters.notices.writer import TemplateWriter

        return TemplateWriter(self.settings)

    def notices_work(self, lease_epoch: int) -> "NoticesWork":
        """Whoever sends notices for the holder of that lease; to be made in the thread that uses
        it. Raises MailAway."""
        from rollout.application.notices.work import NoticesWork

        return NoticesWork(
            self.database,
            self.settings,
            self.own_mailer(),
            self.mail_writer,
            self.clock,
            lease_epoch=lease_epoch,
        )

    @contextmanager
    def directory_closed(self) -> Iterator[None]:
        """Afterwards the directory's connections are given back, if there were any."""
        try:
            yield
        finally:
            if "mailer" in vars(self):
                self.mailer.close()
            if "accounts_work" in vars(self):
                self.accounts_work.close()
            elif "directory" in vars(self):
                self.directory.close()
            if "devices_work" in vars(self):
                self.devices_work.close()
            elif "devices" in vars(self):
                self.devices.close()

    @cached_property
    def devices(self) -> "Devices":
        """Private devices as the cloud service shows them. Raises DirectoryAway."""
        from rollout.adapters.graph.devices import GraphDevices

        return GraphDevices(self.settings.accounts.tenant)

    @cached_property
    def devices_work(self) -> "DevicesWork":
        """Whoever does at the cloud service what is asked for of personal devices.

        Its connections are its own: in the daemon it has a thread of its own.
        """
        from rollout.adapters.graph.directory import GraphDirectory
        from rollout.application.byod.work import DevicesWork

        own = GraphDirectory(self.settings.accounts.tenant)
        return DevicesWork(self.database, self.settings, self.clock, own, self.devices)

    @cached_property
    def accounts_work(self) -> "AccountsWork":
        """Whoever carries out what is asked for of people's accounts."""
        from rollout.adapters import holder
        from rollout.adapters.graph.passwords import PasswordFile
        from rollout.application.accounts.work import AccountsWork

        file = self.settings.accounts.secrets_file
        passwords = PasswordFile(file) if file is not None else None
        return AccountsWork(
            self.database,
            self.settings,
            self.directory,
            self.clock,
            passwords,
            holder=holder.own_name(),
            gone=holder.is_gone,
        )

    @cached_property
    def archive(self) -> Archive:
        """The output of runs that have ended."""
        from rollout.adapters.ansible.archive import RunArchive

        return RunArchive(self.settings.ansible)

    @cached_property
    def equipment(self) -> Equipment:
        """What is installed here to reach PCs with."""
        from rollout.adapters.ansible.equipment import InstalledEquipment

        return InstalledEquipment(self.settings.ansible)

    @cached_property
    def nights(self) -> "Nights":
        """The work of the nights, for whoever holds the lease."""
        from rollout.application import upkeep
        from rollout.application.exports.nights import EXPORTS, NightlyExport
        from rollout.application.nightly import Nights, Work

        works = upkeep.works(self.database, self.settings, self.archive)
        if self.settings.exports.folder is not None:
            export = NightlyExport(self.packer, self.settings, self.own_mailer)
            works = (*works, Work(EXPORTS, export))
        return Nights(self.database, self.settings, self.clock, works)


@contextmanager
def cluster_extra() -> Iterator[None]:
    """What is imported in the block comes with the extra `cluster`. Raises RolloutError."""
    try:
        yield
    except ImportError as error:
        raise RolloutError(
            _("{module} is not installed: pip install 'rollout[cluster]'").format(module=error.name)
        ) from error


def application(
    *, now: str | None = None, migrated: bool = True, worker: bool = False
) -> Application:
    """Read the configuration and open the database.

    `migrated=False` opens a database that is about to be made. A `worker` writes briefly and may
    be cut off at any moment: the server waits less long for it. Raises RolloutError.
    """
    settings = configuration.load()
    clock = clock_from(now or os.environ.get("ROLLOUT_NOW"))
    idle = settings.cluster.worker_seconds / 2 if worker else 10 * BUSY_SECONDS
    database = Database(settings.database_url, idle_seconds=idle)
    if migrated:
        migrate.check(database)
    return Application(settings, database, clock)
