"""Replaced PCs as a listing, a machine's page and an export show them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from rollout.store import retirements
from rollout.store.database import Database
from rollout.store.tables import Machine, Retirement


@dataclass(frozen=True)
class Replaced:
    """A replaced machine with its successor's tag."""

    machine: Machine
    retirement: Retirement
    successor: str

    def overdue(self, day: date) -> bool:
        """Whether its lease has ended before that day and it is still here."""
        ends = self.machine.lease_to
        return self.retirement.returned_on is None and ends is not None and ends < day

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """Of its erasure, once that is done."""
        text = self.retirement.certificate
        return dict(json.loads(text)) if text else None

    @property
    def authorisation(self) -> str | None:
        """`asked` or `approved` while an erasure is authorised and has not begun."""
        row = self.retirement
        if row.asked_by is None or row.epoch is not None:
            return None
        return "approved" if row.approved_by is not None else "asked"


def listing(
    database: Database, *, overdue_on: date | None = None, gone: bool = False
) -> list[Replaced]:
    """Replaced machines, the earliest end of lease first.

    With `overdue_on` only those that should be back with their lessor that day; with `gone` also
    those that are back.
    """
    with database.read() as session:
        return [
            Replaced(machine, row, successor)
            for row, machine, successor in retirements.listing(
                session, gone=gone, lease_before=overdue_on
            )
        ]


def of_machine(session: Session, machine_id: int) -> Replaced | None:
    """The retirement of one machine, if it was replaced."""
    found = retirements.joined(session, machine_id)
    if found is None:
        return None
    row, machine, successor = found
    return Replaced(machine, row, successor)
