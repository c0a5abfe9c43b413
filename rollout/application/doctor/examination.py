"""Every check in its order; a fault in one does not keep the others from being made."""

from collections.abc import Iterator
from datetime import datetime

from rollout.application.accounts.directory import Directory
from rollout.application.byod.devices import Devices
from rollout.application.doctor import (
    accounts,
    computer,
    database,
    devices,
    equipment,
    mailboxes,
    operation,
    people,
    workers,
)
from rollout.application.doctor.finding import Finding, judged
from rollout.application.notices.sending import Writer
from rollout.application.ports import Archive, Equipment
from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings import Settings
from rollout.store import migrate
from rollout.store.database import Database
from rollout.store.faults import explain


def examine(
    opened: Database,
    settings: Settings,
    now: datetime,
    archive: Archive,
    tools: Equipment,
    directory: Directory | None = None,
    writer: Writer | None = None,
    private: Devices | None = None,
) -> list[Finding]:
    """All findings; `now` is the programme's clock.

    `directory`, `writer` and `private` devices are None where there are none.
    """
    return [
        *_of_tables(opened, settings, now, writer),
        *computer.examine(opened, settings, archive),
        *equipment.examine(opened, settings, tools),
        *(accounts.examine(settings, directory) if directory is not None else ()),
        *(_of_devices(opened, settings, now, private) if private is not None else ()),
    ]


def _of_devices(
    opened: Database, settings: Settings, now: datetime, private: Devices
) -> Iterator[Finding]:
    try:
        migrate.check(opened)
    except RolloutError:
        return  # said of the database already
    yield from devices.examine(opened, settings, now, private)


def _of_tables(
    opened: Database, settings: Settings, now: datetime, writer: Writer | None
) -> Iterator[Finding]:
    shown = opened.engine.url.render_as_string(hide_password=True)
    try:
        migrate.check(opened)
        yield judged("database", _("database"), f"{shown}, {migrate.EXPECTED}")
        yield from database.examine(opened)
        yield from operation.examine(opened, settings, now)
        yield from mailboxes.examine(opened, settings, now)
        yield from people.examine(opened, settings, now, writer)
        yield from workers.examine(opened, settings)
    except migrate.SchemaMismatch as error:
        yield judged("database", _("database"), str(error), problem=error.remedy)
    except Exception as error:
        why = explain(error)
        if why is None:
            raise
        remedy = why.remedy or _(
            "mend the disk or end what locks it; else go back with `rollout restore`"
        )
        yield judged("database", _("database"), f"{shown}: {why.words}", problem=remedy)
