"""`export machines`: every machine with everything that is joined to it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from rollout.application.exports.forms import Cell, Document, Table, iso
from rollout.domain.machine import MachineState, Step
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import Settings
from rollout.store import reports
from rollout.store.database import Database
from rollout.store.reports import MachineLine


@dataclass(frozen=True)
class MachinesExport:
    """The machines as of `as_of`, read while they are written."""

    programme: str
    as_of: datetime
    zone: ZoneInfo
    total: int
    session: Session

    def table(self) -> Table:
        """For people: headings and words in the language in force."""
        rows = (_row(line, self.zone) for line in reports.machine_lines(self.session))
        return Table(_headings(), rows, self.total)

    def document(self) -> Document:
        """For programs."""
        head = {
            "programme": self.programme,
            "as_of": iso(self.as_of, self.zone),
            "total": self.total,
        }
        items = (_item(line, self.zone) for line in reports.machine_lines(self.session))
        return Document(head, "machines", items, self.total)


@contextmanager
def open_machines(
    database: Database, settings: Settings, *, now: datetime
) -> Iterator[MachinesExport]:
    """One consistent view of all machines; write it out before the block ends."""
    with database.read() as session:
        yield MachinesExport(
            programme=settings.programme.name,
            as_of=now,
            zone=settings.programme.zone,
            total=reports.total(session),
            session=session,
        )


def _headings() -> Sequence[str]:
    return (
        _("Asset tag"),
        _("Generation"),
        _("Model"),
        _("Serial number"),
        _("MAC address"),
        _("Computer name"),
        _("Site"),
        _("Floor"),
        _("Department"),
        _("Division"),
        _("Staff number"),
        _("Owner"),
        _("Purpose"),
        _("Lease from"),
        _("Lease to"),
        _("May be taken out"),
        _("In the ledger"),
        _("Wave"),
        _("Planned day"),
        _("State"),
        _("Step"),
        _("Attempt"),
        _("In this state since"),
        _("Cause"),
        _("Held from"),
        _("Held until"),
        _("Image"),
        _("Last seen"),
        _("Remark"),
    )


def _row(line: MachineLine, zone: ZoneInfo) -> Sequence[Cell]:
    return tuple(_cell(name, value, zone) for name, value in zip(line._fields, line, strict=True))


def _cell(name: str, value: Any, zone: ZoneInfo) -> Cell:
    if value is None or isinstance(value, bool):
        return None if value is None else _("yes") if value else _("no")
    if name in ("state", "held_from"):
        return label(MachineState(value))
    if name == "step":
        return label(Step(value))
    return value if isinstance(value, (str, int)) else iso(value, zone)


def _item(line: MachineLine, zone: ZoneInfo) -> Mapping[str, Any]:
    return {
        name: value if value is None or isinstance(value, (str, int)) else iso(value, zone)
        for name, value in zip(line._fields, line, strict=True)
    }
