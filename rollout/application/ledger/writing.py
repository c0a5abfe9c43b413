"""Machines: new ones registered, known ones brought up to date, absent ones reported."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from sqlmodel import Session

from rollout.application.ledger.organisation import Importing, Organisation
from rollout.application.ledger.parsing import Entry
from rollout.application.ledger.report import Change, ImportReport
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


class MachineWriter:
    """Writes the machines of one import; `ids` are those of tags that are known already."""

    def __init__(
        self,
        session: Session,
        importing: Importing,
        organisation: Organisation,
        report: ImportReport,
        ids: Mapping[str, int],
    ) -> None:
        self._session, self._importing, self._report = session, importing, report
        self._organisation, self._ids = organisation, ids
        columns = set(report.columns)
        self._decided = [name for name, deciding in _COLUMN_OF.items() if deciding & columns]

    def write(self, entries: Sequence[Entry], progress: Callable[[str, int, int], None]) -> None:
        """Register and amend the machines of the good rows."""
        good = (entry for entry in entries if entry.good)
        total = sum(entry.good for entry in entries)
        done = 0
        while batch := list(islice(good, _BATCH)):
            new = [entry for entry in batch if (entry.asset_tag or "") not in self._ids]
            self._register(new)
            self._amend([entry for entry in batch if (entry.asset_tag or "") in self._ids])
            done += len(batch)
            progress("write", done, total)

    def _register(self, new: list[Entry]) -> None:
        if not new:
            return
        last = store.last_id(self._session, Machine)
        rows = [{"asset_tag": entry.asset_tag, **_row(entry, self._organisation)} for entry in new]
        store.add_machines(self._session, rows, self._importing.now)
        made = store.made_since(self._session, Machine, "asset_tag", last)
        facts = [
            self._importing.fact(
                "machine",
                made[entry.asset_tag or ""],
                entry.asset_tag or "",
                "register",
                {"source": self._importing.source, "row": entry.row},
                MACHINE.initial.value,
            )
            for entry in new
        ]
        history.append(self._session, facts)
        self._report.machines.created += len(new)

    def _amend(self, batch: list[Entry]) -> None:
        tags = {self._ids[entry.asset_tag or ""]: entry for entry in batch}
        known = store.machines(self._session, tags)
        wanted = {id_: _row(entry, self._organisation) for id_, entry in tags.items()}
        owners = store.staff_numbers(self._session, _changing_owners(wanted, known))
        changes: dict[int, store.Row] = {}
        facts: list[Fact] = []
        for id_, entry in tags.items():
            written, detail = self._difference(entry, wanted[id_], known[id_], owners)
            if written:
                changes[id_] = written
                tag = entry.asset_tag or ""
                facts.append(self._importing.fact("machine", id_, tag, "amend", detail))
        store.change(self._session, Machine, changes)
        history.append(self._session, facts)
        self._report.machines.updated += len(changes)
        self._report.machines.unchanged += len(batch) - len(changes)

    def _difference(
        self, entry: Entry, row: store.Row, before: store.Row, owners: Mapping[int, str]
    ) -> tuple[store.Row, dict[str, object]]:
        """The columns to write, and the same for people to read."""
        tag = entry.asset_tag or ""
        written = {name: row[name] for name in self._decided if row[name] != before[name]}
        detail: dict[str, object] = {}
        for name, value in written.items():
            if name == "owner_id":
                old, now = owners.get(before[name]), entry.staff_number
            else:
                old = self._organisation.shown(name, before[name])
                now = self._organisation.shown(name, value)
            field = name.removesuffix("_id")
            detail[field] = [old, now]
            self._report.changed("machine", field, Change(tag, old, now))
        if not before["in_ledger"]:
            written["in_ledger"] = True
            detail["in_ledger"] = [False, True]
            self._report.back.append(tag)
        return written, detail

    def report_gone(self, entries: Sequence[Entry]) -> None:
        """Mark and report machines that no row names.

        A row whose tag cannot be read may still name its machine by serial, address or name: that
        machine is not gone.
        """
        tags = {entry.asset_tag for entry in entries}
        nameless = [entry for entry in entries if entry.asset_tag is None]
        values = {
            field: {getattr(entry, field) for entry in nameless} - {None}
            for field in store.UNIQUE_FIELDS
        }
        gone = sorted(
            (known.asset_tag, known.id)
            for known in store.every_identity(self._session)
            if known.in_ledger
            and known.asset_tag not in tags
            and not any(getattr(known, field) in values[field] for field in values)
        )
        store.change(self._session, Machine, {id_: {"in_ledger": False} for _tag, id_ in gone})
        detail = {"in_ledger": [True, False]}
        history.append(
            self._session,
            [self._importing.fact("machine", id_, tag, "amend", detail) for tag, id_ in gone],
        )
        self._report.gone = [tag for tag, _id in gone]


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


def _changing_owners(wanted: Mapping[int, store.Row], known: Mapping[int, store.Row]) -> set[int]:
    return {
        before["owner_id"]
        for id_, before in known.items()
        if before["owner_id"] is not None and before["owner_id"] != wanted[id_]["owner_id"]
    }
