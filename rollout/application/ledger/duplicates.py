"""What can only be seen by looking at all rows of a ledger together."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from rollout.application.ledger.parsing import Entry
from rollout.domain.identifiers import lost_zeros
from rollout.domain.text import ValueRefused, match_key
from rollout.domain.words import msgid

Finding = tuple[Entry, str, ValueRefused]
"""A row, the field at fault, and the refusal."""

_SHOWN = 5
_UNIQUE = (
    ("asset_tag", msgid("the same asset tag stands on {others}")),
    ("serial", msgid("the same serial stands on {others}")),
    ("mac", msgid("the same MAC address stands on {others}")),
    ("computer_name", msgid("the same computer name stands on {others}")),
)
_KEEP_ONE = msgid("find out which row is right and correct or remove the others")


def find(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Every finding of every row; rows that are bad already take part, and are found too."""
    for field, reason in _UNIQUE:
        yield from _repeated(entries, field, reason)
    yield from _one_number_two_people(entries)
    yield from _shorter_serials(entries)


def _groups(
    entries: Sequence[Entry], value_of: Callable[[Entry], str | None]
) -> dict[str, list[Entry]]:
    """Entries that share a value; values that occur once take no list."""
    first: dict[str, Entry] = {}
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        value = value_of(entry)
        if value is None:
            continue
        before = first.setdefault(value, entry)
        if before is not entry:
            groups.setdefault(value, [before]).append(entry)
    return groups


def _repeated(entries: Sequence[Entry], field: str, reason: str) -> Iterator[Finding]:
    groups = _groups(entries, lambda entry: getattr(entry, field))
    for value, group in groups.items():
        for entry in group:
            others = _named(other for other in group if other is not entry)
            yield entry, field, ValueRefused(value, reason, _KEEP_ONE, others=others)


def _named(entries: Iterator[Entry]) -> str:
    """`12 (DK20-000417), 15 (DK20-000418)`: row numbers with their tags."""
    names = [f"{entry.row} ({entry.asset_tag or '?'})" for entry in entries]
    return ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")


def _one_number_two_people(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Name and kana both differ: one spelling slip (髙橋, 高橋) is no second person."""
    groups = _groups(entries, lambda entry: entry.staff_number if entry.owner else None)
    for number, group in groups.items():
        names = {match_key(entry.owner) for entry in group}
        kana = {match_key(entry.kana) for entry in group}
        if len(names) == 1 or (len(kana) == 1 and "" not in kana):
            continue
        for entry in group:
            strangers = (
                other for other in group if match_key(other.owner) != match_key(entry.owner)
            )
            yield (
                entry,
                "staff_number",
                ValueRefused(
                    number,
                    msgid("this staff number belongs to another person on {others}"),
                    msgid("look both people up in the staff list"),
                    others=_named(strangers),
                ),
            )


def _shorter_serials(entries: Sequence[Entry]) -> Iterator[Finding]:
    """All-digit serials shorter than those of the same model that begin with zero.

    Such zeros prove that the maker pads to a fixed width, so a shorter one has lost them.
    """
    by_model: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.serial is not None and entry.serial.isdigit():
            by_model.setdefault(entry.model, []).append(entry)
    for group in by_model.values():
        padded = Counter(
            len(entry.serial) for entry in group if entry.serial and entry.serial[0] == "0"
        )
        if not padded:
            continue
        width = padded.most_common(1)[0][0]
        for entry in group:
            if entry.serial and len(entry.serial) < width:
                yield entry, "serial", lost_zeros(entry.serial)
