"""Rows that the file alone cannot show to be bad: they collide with what is in the database."""

from sqlmodel import Session

from rollout.application.ledger.parsing import Entry, Fault
from rollout.application.ledger.report import ImportReport
from rollout.domain.machine import WORKING, MachineState
from rollout.domain.words import msgid
from rollout.store import ledger as store

_AT_WORK = frozenset({*(state.value for state in WORKING), MachineState.UNKNOWN.value})


def settle(session: Session, entries: list[Entry], report: ImportReport) -> dict[str, int]:
    """Mark as bad every row that would take an identifier from a machine that keeps it.

    Returns the ids of the machines that rows name by their tags.
    """
    by_tag = {entry.asset_tag: entry for entry in entries if entry.good and entry.asset_tag}
    ids: dict[str, int] = {}
    held: dict[str, dict[str, str]] = {field: {} for field in store.UNIQUE_FIELDS}
    for known in store.every_identity(session):
        entry = by_tag.get(known.asset_tag)
        if entry is not None:
            ids[known.asset_tag] = known.id
            _refuse_while_at_work(entry, known, report)
        for field in store.UNIQUE_FIELDS:
            value = getattr(known, field)
            # A value that its own row keeps can collide with no other row: the file has it once.
            if value is not None and (entry is None or getattr(entry, field) != value):
                held[field][value] = known.asset_tag
    collisions = [
        (field, entry, held[field][value])
        for field in store.UNIQUE_FIELDS
        if held[field]
        for entry in by_tag.values()
        if (value := getattr(entry, field)) in held[field]
    ]
    _refuse_until_stable(collisions, by_tag, report)
    return ids


def _refuse_while_at_work(entry: Entry, identity: store.Identity, report: ImportReport) -> None:
    """The guard of the running playbook compares the identity: it may not change under it."""
    if identity.state not in _AT_WORK:
        return
    for field in store.UNIQUE_FIELDS:
        if field in report.columns and getattr(identity, field) != getattr(entry, field):
            _refuse(
                entry,
                field,
                msgid("the machine is {state}: its identity cannot change now"),
                msgid("import again when the step has ended"),
                report,
                state=identity.state,
            )


def _refuse_until_stable(
    collisions: list[tuple[str, Entry, str]], by_tag: dict[str, Entry], report: ImportReport
) -> None:
    """A refused row keeps its machine's old identifiers, which can turn further rows bad."""
    before = -1
    while before != len(report.faults):
        before = len(report.faults)
        for field, entry, tag in collisions:
            holder = by_tag.get(tag)
            given_up = holder is not None and holder.good and (
                getattr(holder, field) != getattr(entry, field)
            )  # fmt: skip
            if entry.good and not given_up:
                _refuse(
                    entry,
                    field,
                    msgid("this is registered for {tag}, which does not give it up"),
                    msgid("correct this row, or the row of {tag} in the same ledger"),
                    report,
                    tag=tag,
                )


def _refuse(
    entry: Entry, field: str, reason: str, remedy: str, report: ImportReport, **details: object
) -> None:
    entry.good = False
    value = getattr(entry, field) or ""
    column = report.columns.get(field, field)
    details["value"] = value
    report.faults.append(
        Fault(entry.row, entry.line, field, column, value, reason, remedy, details)
    )
