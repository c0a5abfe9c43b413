"""How a row of the ledger becomes a machine with its owner."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from dataclasses import field as defaulting
from datetime import date

from rollout.application.ledger.rows import LedgerRow, cell_text
from rollout.application.ledger.words import (
    CORRECT_CELL,
    NOBODY,
    day_of,
    floor_of,
    left_in_name,
    left_in_remark,
    may_leave,
    plain,
    purpose_of,
    readable,
    repeated_text,
    site_and_floor,
    verbatim,
)
from rollout.domain import identifiers
from rollout.domain.dates import parse_date
from rollout.domain.periods import parse_period
from rollout.domain.purpose import Purpose
from rollout.domain.text import ValueRefused, is_ditto, tidy
from rollout.domain.words import msgid
from rollout.i18n import _


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad cell: where it stands, what it holds, why it is refused and what to do.

    `reason` and `remedy` are msgids; `details` fill them in.
    """

    row: int
    line: int
    field: str
    column: str
    value: str
    reason: str
    remedy: str
    details: Mapping[str, object] = defaulting(default_factory=dict)

    def why(self) -> str:
        """The reason in the language in force."""
        return _(self.reason).format(**self.details)

    def what_to_do(self) -> str:
        """The remedy in the language in force."""
        return _(self.remedy).format(**self.details)


@dataclass(slots=True)
class Entry:
    """A machine as one row of the ledger has it; None where the cell was refused or empty."""

    row: int
    line: int
    asset_tag: str | None = None
    serial: str | None = None
    mac: str | None = None
    computer_name: str | None = None
    generation: str | None = None
    model: str = ""
    site: str = ""
    floor: str = ""
    bureau: str = ""
    division: str = ""
    staff_number: str | None = None
    owner: str = ""
    kana: str = ""
    left: bool = False
    left_on: date | None = None
    purpose: str = ""
    lease_from: date | None = None
    lease_to: date | None = None
    may_leave: bool | None = None
    remark: str = ""
    good: bool = True

    @property
    def personal(self) -> bool:
        """Whether this is somebody's own PC, not a shared one, a counter's or a spare."""
        return self.purpose in (Purpose.PERSONAL, "")


_NEVER_EMPTY = frozenset({"asset_tag", "serial", "computer_name", "site"})


class RowParser:
    """Turns rows into entries and faults; knows the file's columns and the generations."""

    def __init__(self, columns: Mapping[str, str], generations: Collection[str]) -> None:
        self._columns = columns
        self._generations = frozenset(generations)
        self._readers: dict[str, Callable[[Entry, str], None]] = {
            "asset_tag": self._read_asset_tag,
            "serial": lambda entry, text: setattr(entry, "serial", identifiers.parse_serial(text)),
            "mac": self._read_mac,
            "computer_name": self._read_computer_name,
            "generation": self._read_generation,
            "model": lambda entry, text: setattr(entry, "model", repeated_text(text)),
            "site": self._read_site,
            "floor": lambda entry, text: setattr(entry, "floor", floor_of(text) or entry.floor),
            "bureau": lambda entry, text: setattr(entry, "bureau", repeated_text(text)),
            "division": lambda entry, text: setattr(entry, "division", repeated_text(text)),
            "staff_number": self._read_staff_number,
            "owner": self._read_owner,
            "kana": lambda entry, text: setattr(entry, "kana", plain(text)),
            "purpose": lambda entry, text: setattr(entry, "purpose", purpose_of(text)),
            "lease": self._read_lease,
            "lease_from": lambda entry, text: setattr(entry, "lease_from", day_of(text)),
            "lease_to": lambda entry, text: setattr(entry, "lease_to", day_of(text)),
            "may_leave": lambda entry, text: setattr(entry, "may_leave", may_leave(text)),
            "remark": self._read_remark,
        }  # fmt: skip

    def parse(self, row: LedgerRow) -> tuple[Entry, list[Fault]]:
        """The machine of `row` as far as its cells can be read, and every fault of the row."""
        entry, faults = Entry(row.row, row.line), []
        for name, cell in row.cells.items():
            if cell == "" and name not in _NEVER_EMPTY:
                continue
            try:
                self._readers[name](entry, readable(name, cell))
            except ValueRefused as refused:
                faults.append(self.fault(entry, name, refused, cell_text(cell)))
        if not entry.bureau:
            entry.bureau, entry.division = entry.division, ""
        try:
            self._settle_generation(entry)
        except ValueRefused as refused:
            name = "generation" if "generation" in row.cells else "asset_tag"
            faults.append(self.fault(entry, name, refused, cell_text(row.cells[name])))
        if entry.lease_from and entry.lease_to and entry.lease_to < entry.lease_from:
            reversed_lease = ValueRefused(
                entry.lease_to.isoformat(), msgid("the lease ends before it begins"), CORRECT_CELL
            )
            faults.append(self.fault(entry, "lease_to", reversed_lease))
        entry.good = not faults
        return entry, faults

    def fault(
        self, entry: Entry, name: str, refused: ValueRefused, value: str | None = None
    ) -> Fault:
        """`refused` as a fault of that row and field."""
        return Fault(
            entry.row,
            entry.line,
            name,
            self._columns.get(name, name),
            refused.value if value is None else value,
            refused.reason,
            refused.remedy,
            refused.details,
        )

    def _settle_generation(self, entry: Entry) -> None:
        if entry.asset_tag is None:
            return
        carried = identifiers.generation_of(entry.asset_tag)
        if entry.generation is None:
            entry.generation = carried
        elif entry.generation != carried:
            raise ValueRefused(
                entry.generation,
                msgid("the generation is {generation}, but the tag says {carried}"),
                msgid("correct the one that differs from the label on the machine"),
                generation=entry.generation,
                carried=carried,
            )
        if entry.generation not in self._generations:
            raise ValueRefused(
                entry.generation,
                msgid("generation {generation} is not part of the programme ({known})"),
                msgid("correct it, or add the generation to the configuration"),
                generation=entry.generation,
                known=", ".join(sorted(self._generations)),
            )

    @staticmethod
    def _read_asset_tag(entry: Entry, text: str) -> None:
        entry.asset_tag = identifiers.parse_asset_tag(text)

    @staticmethod
    def _read_mac(entry: Entry, text: str) -> None:
        if text and tidy(text) not in ("", "-"):
            entry.mac = identifiers.parse_mac(text)

    @staticmethod
    def _read_computer_name(entry: Entry, text: str) -> None:
        entry.computer_name = identifiers.parse_computer_name(text)

    @staticmethod
    def _read_generation(entry: Entry, text: str) -> None:
        if tidy(text):
            entry.generation = identifiers.parse_generation(repeated_text(text))

    @staticmethod
    def _read_site(entry: Entry, text: str) -> None:
        entry.site, floor = site_and_floor(text)
        entry.floor = floor or entry.floor
        if not entry.site:
            raise ValueRefused(
                text, msgid("the place is empty"), msgid("name the building that the PC stands in")
            )

    @staticmethod
    def _read_staff_number(entry: Entry, text: str) -> None:
        if tidy(text) not in NOBODY:
            entry.staff_number = identifiers.parse_staff_number(text)

    @staticmethod
    def _read_owner(entry: Entry, text: str) -> None:
        name = plain(text)
        if found := left_in_name(name):
            name, entry.left = name[: found.start()], True
            if found["when"]:
                entry.left_on = parse_date(found["when"])
        entry.owner = "" if name in NOBODY else name

    @staticmethod
    def _read_lease(entry: Entry, text: str) -> None:
        if tidy(text) not in ("", "-"):
            if is_ditto(text):
                raise ValueRefused(text, msgid("there is nothing above to repeat"), CORRECT_CELL)
            span = parse_period(text)
            entry.lease_from, entry.lease_to = span.first, span.last

    @staticmethod
    def _read_remark(entry: Entry, text: str) -> None:
        entry.remark = verbatim(text)
        if "退職" in text and (found := left_in_remark(tidy(text))):
            entry.left = True
            if found["when"]:
                entry.left_on = parse_date(found["when"])
