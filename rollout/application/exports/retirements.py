"""`export retirements`: replaced machines with the certificates of their erasure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rollout.application.exports.forms import Cell, Document, Table, iso
from rollout.application.retirement.listing import Replaced
from rollout.domain.machine import MachineState
from rollout.i18n import _
from rollout.i18n.labels import label


def table(found: Sequence[Replaced], zone: ZoneInfo, day: date) -> Table:
    """For people: one line per machine, as it stands on `day`."""
    headings = (
        _("Asset tag"),
        _("Serial number"),
        _("Model"),
        _("State"),
        _("Replaced by"),
        _("Kept until"),
        _("Asked by"),
        _("Approved by"),
        _("Method"),
        _("Ordered at"),
        _("Completed at"),
        _("Confirmed by the machine"),
        _("Seen by"),
        _("What was seen"),
        _("Lease to"),
        _("Returned on"),
        _("Overdue"),
    )
    return Table(headings, list(_rows(found, zone, day)), len(found))


def _rows(found: Sequence[Replaced], zone: ZoneInfo, day: date) -> Iterator[Sequence[Cell]]:
    for entry in found:
        machine, row, proof = entry.machine, entry.retirement, entry.certificate or {}
        yield (
            machine.asset_tag,
            machine.serial,
            machine.model,
            label(MachineState(machine.state)),
            entry.successor,
            iso(row.retain_until, zone),
            row.asked_by,
            row.approved_by,
            method_of(proof),
            _local(proof.get("ordered_at"), zone),
            _local(proof.get("completed_at"), zone),
            (_("yes") if proof["confirmed"] else _("no")) if proof else None,
            proof.get("seen_by"),
            proof.get("seen"),
            iso(machine.lease_to, zone),
            iso(row.returned_on, zone),
            _("yes") if entry.overdue(day) else _("no"),
        )


def method_of(certificate: Mapping[str, Any]) -> str | None:
    """How it was erased: as the machine reported it, else as it was ordered."""
    result, order = certificate.get("result") or {}, certificate.get("order") or {}
    method = result.get("method") or order.get("method")
    return str(method) if method else None


def _local(text: str | None, zone: ZoneInfo) -> str | None:
    return iso(datetime.fromisoformat(text), zone) if text else None


def document(found: Sequence[Replaced], zone: ZoneInfo, day: date) -> Document:
    """For programs and auditors: the certificates as they are kept."""
    items = [item(entry, zone, day) for entry in found]
    return Document({"as_of": iso(day, zone)}, "retirements", items, len(items))


def item(entry: Replaced, zone: ZoneInfo, day: date) -> dict[str, Any]:
    """One replaced machine with stable keys."""
    machine, row = entry.machine, entry.retirement
    return {
        "asset_tag": machine.asset_tag,
        "serial": machine.serial,
        "model": machine.model,
        "state": machine.state,
        "successor": entry.successor,
        "retain_until": iso(row.retain_until, zone),
        "asked_by": row.asked_by,
        "asked_at": iso(row.asked_at, zone),
        "approved_by": row.approved_by,
        "approved_at": iso(row.approved_at, zone),
        "epoch": row.epoch,
        "lease_to": iso(machine.lease_to, zone),
        "returned_on": iso(row.returned_on, zone),
        "returned_by": row.returned_by,
        "overdue": entry.overdue(day),
        "certificate": entry.certificate,
    }
