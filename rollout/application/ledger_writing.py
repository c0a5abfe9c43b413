"""Machines: new ones registered, known ones brought up to date, absent ones reported."""

from collections.abc import Callable, Sequence
from itertools import islice

from sqlmodel import Session

from rollout.application.import_report import Change, ImportReport
from rollout.application.ledger_organisation import Importing, Organisation
from rollout.application.ledger_parsing import Entry
from rollout.domain.history import Fact
from rollout.domain.machine import MACHINE
from rollout.store import history
from rollout.store import ledger as store
from rollout.store.tables import Machine

_BATCH = 5_000
_COLUMN_OF = {
    "serial": {"serial"},
    "mac": {"mac"},
    "computer_name": {"computer_name"},
    "generation": {"asset_tag"},
    "model": {"model"},
    "site_id": {"site"},
    "floor": {"site", "floor"},
    "department_id": {"bureau", "division"},
    "owner_id": {"staff_number"},
    "purpose": {"purpose"},
    "lease_from": {"lease", "lease_from"},
    "lease_to": {"lease", "lease_to"},
    "may_leave": {"may_leave"},
    "remark": {"remark"},
}
"""Which columns of the file decide a field: without any of them the field stays as it is."""


def write_machines(
    session: Session,
    importing: Importing,
    entries: Sequence[Entry],
    organisation: Organisation,
    report: ImportReport,
    progress: Callable[[str, int, int], None],
) -> None:
    """Register and amend the machines of the good rows, and report those that are gone."""
    decided = [name for name, columns in _COLUMN_OF.items() if columns & set(report.columns)]
    good = (entry for entry in entries if entry.good)
    total = sum(entry.good for entry in entries)
    done = 0
    while batch := list(islice(good, _BATCH)):
        _write_batch(session, importing, batch, organisation, report, decided)
        done += len(batch)
        progress("write", done, total)
    _report_gone(session, importing, entries, report)


def _write_batch(
    session: Session,
    importing: Importing,
    batch: list[Entry],
    organisation: Organisation,
    report: ImportReport,
    decided: list[str],
) -> None:
    wanted = {entry.asset_tag or "": _row(entry, organisation) for entry in batch}
    known = store.machines(session, wanted)
    owners = store.staff_numbers(session, _changing_owners(wanted, known))
    new: list[store.Row] = []
    changes: dict[int, store.Row] = {}
    facts: list[Fact] = []
    for entry in batch:
        tag = entry.asset_tag or ""
        row, before = wanted[tag], known.get(tag)
        if before is None:
            new.append({"asset_tag": tag, **row})
            continue
        written = {name: row[name] for name in decided if row[name] != before[name]}
        detail: dict[str, object] = {}
        for name, value in written.items():
            if name == "owner_id":
                old, now = owners.get(before[name]), entry.staff_number
            else:
                old, now = organisation.shown(name, before[name]), organisation.shown(name, value)
            field = name.removesuffix("_id")
            detail[field] = [old, now]
            report.changed("machine", field, Change(tag, old, now))
        if not before["in_ledger"]:
            written["in_ledger"] = True
            detail["in_ledger"] = [False, True]
            report.back.append(tag)
        if written:
            changes[before["id"]] = written
            facts.append(importing.fact("machine", before["id"], tag, "amend", detail))
    store.add_machines(session, new, importing.now)
    store.change(session, Machine, changes)
    facts += _registered(session, importing, batch, new)
    history.append(session, facts)
    report.machines.created += len(new)
    report.machines.updated += len(changes)
    report.machines.unchanged += len(batch) - len(new) - len(changes)


def _row(entry: Entry, organisation: Organisation) -> store.Row:
    return {
        "serial": entry.serial,
        "mac": entry.mac,
        "computer_name": entry.computer_name,
        "generation": entry.generation,
        "model": entry.model,
        "site_id": organisation.site_id(entry),
        "floor": entry.floor,
        "department_id": organisation.department_id(entry),
        "owner_id": organisation.owner_id(entry),
        "purpose": entry.purpose,
        "lease_from": entry.lease_from,
        "lease_to": entry.lease_to,
        "may_leave": entry.may_leave,
        "remark": entry.remark,
    }


def _changing_owners(wanted: dict[str, store.Row], known: dict[str, store.Row]) -> set[int]:
    return {
        before["owner_id"]
        for tag, before in known.items()
        if before["owner_id"] is not None and before["owner_id"] != wanted[tag]["owner_id"]
    }


def _registered(
    session: Session, importing: Importing, batch: list[Entry], new: list[store.Row]
) -> list[Fact]:
    rows = {entry.asset_tag: entry.row for entry in batch}
    made = store.ids(session, Machine, "asset_tag", [row["asset_tag"] for row in new])
    return [
        importing.fact(
            "machine", id_, tag, "register", {"source": importing.source, "row": rows[tag]},
            MACHINE.initial.value,
        )
        for tag, id_ in made.items()
    ]  # fmt: skip


def _report_gone(
    session: Session, importing: Importing, entries: Sequence[Entry], report: ImportReport
) -> None:
    """Mark and report machines that no row names.

    A row whose tag cannot be read may still name its machine by serial, address or name: that
    machine is not gone.
    """
    present = {entry.asset_tag for entry in entries}
    for field in store.UNIQUE_FIELDS:
        nameless = [
            getattr(entry, field)
            for entry in entries
            if entry.asset_tag is None and getattr(entry, field) is not None
        ]
        present.update(store.holders(session, field, nameless).values())
    gone = [(id_, tag) for id_, tag in store.listed(session) if tag not in present]
    store.change(session, Machine, {id_: {"in_ledger": False} for id_, _tag in gone})
    history.append(
        session,
        [
            importing.fact("machine", id_, tag, "amend", {"in_ledger": [True, False]})
            for id_, tag in gone
        ],
    )
    report.gone = [tag for _id, tag in gone]
