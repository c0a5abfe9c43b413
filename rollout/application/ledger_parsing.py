"""How a row of the ledger becomes a machine with its owner."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from rollout.application.ledger_rows import UNCOMPUTED, Cell, LedgerRow, cell_text
from rollout.domain import identifiers
from rollout.domain.dates import parse_date
from rollout.domain.identifiers import generation_of, made_a_date, refuse_number
from rollout.domain.periods import parse_period
from rollout.domain.text import ValueRefused, is_ditto, match_key, msgid, tidy
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
    details: Mapping[str, object] = field(default_factory=dict)

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


PERSONAL, SHARED, COUNTER, SPARE = "personal", "shared", "counter", "spare"
_PURPOSES = {
    match_key(word): code
    for code, words in {
        PERSONAL: ("一人一台", "1人1台", "１人１台パソコン", "一人一台パソコン", "個人", "個人用", PERSONAL),
        SHARED: ("共用", "共有", "共用PC", "共用パソコン", "課共用", SHARED),
        COUNTER: ("窓口", "窓口用", "窓口端末", COUNTER),
        SPARE: ("予備", "予備機", "代替機", "保守機", SPARE),
    }.items()
    for word in words
}  # fmt: skip
_MAY_LEAVE = {
    **dict.fromkeys(("可", "可能", "○", "◯", "〇", "有", "あり", "許可", "持出可", "true", "yes", "y", "1"), True),
    **dict.fromkeys(("否", "不可", "×", "✕", "✖", "✗", "x", "無", "なし", "不許可", "持出不可", "false",
                     "no", "n", "0", "-"), False),
}  # fmt: skip
_NOBODY = frozenset(
    {"空き", "空席", "未使用", "未定", "欠員", "なし", "無し", "無", "-", "ー", "予備", "共用", "該当なし"}
)  # fmt: skip
_SPREADSHEET_ERRORS = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
_left_in_name = re.compile(r"\s*\((?P<when>[^()]*?)\s*退職(?:者|済み?)?\)$").search
_left_in_remark = re.compile(
    r"(?:使用者|本人)?\s*(?P<when>[明大昭平令MTSHR]?[0-9元./年月日-]*)\s*付?け?[でに]?\s*退職(?:者|済み?)?"
).fullmatch
_floor_at_end = re.compile(
    r"(?P<site>.*?)[ ・/]*(?:(?P<below>地下|B)?(?P<number>[0-9]{1,2})(?:階|F))$", re.DOTALL
).fullmatch

_CORRECT_CELL = msgid("type the value into the cell")


def _plain(text: str) -> str:
    if is_ditto(text):
        raise ValueRefused(text, msgid("there is nothing above to repeat"), _CORRECT_CELL)
    return tidy(text)


_text = lru_cache(maxsize=8192)(_plain)


@lru_cache(maxsize=8192)
def _site_and_floor(text: str) -> tuple[str, str]:
    """`本庁舎3階` -> `本庁舎`, `3階`."""
    site = _plain(text)
    if found := _floor_at_end(site):
        below = "地下" if found["below"] else ""
        return found["site"], f"{below}{int(found['number'])}階"
    return site, ""


@lru_cache(maxsize=1024)
def _floor(text: str) -> str:
    floor = _plain(text)
    if re.fullmatch("[0-9]{1,2}", floor):
        return f"{int(floor)}階"
    site, number = _site_and_floor(floor)
    return number if number and not site else floor


@lru_cache(maxsize=1024)
def _purpose(text: str) -> str:
    return _PURPOSES.get(match_key(text), _plain(text))


@lru_cache(maxsize=1024)
def _may(text: str) -> bool | None:
    key = match_key(text)
    if not key:
        return None
    if key not in _MAY_LEAVE:
        raise ValueRefused(text, msgid("this says neither yes nor no"), msgid("write 可 or 否"))
    return _MAY_LEAVE[key]


def _verbatim(text: str) -> str:
    """A remark stays as it was typed, but for the space around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


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
            "model": lambda entry, text: setattr(entry, "model", _text(text)),
            "site": self._read_site,
            "floor": lambda entry, text: setattr(entry, "floor", _floor(text) or entry.floor),
            "bureau": lambda entry, text: setattr(entry, "bureau", _text(text)),
            "division": lambda entry, text: setattr(entry, "division", _text(text)),
            "staff_number": self._read_staff_number,
            "owner": self._read_owner,
            "kana": lambda entry, text: setattr(entry, "kana", _plain(text)),
            "purpose": lambda entry, text: setattr(entry, "purpose", _purpose(text)),
            "lease": self._read_lease,
            "lease_from": lambda entry, text: setattr(entry, "lease_from", _day(text)),
            "lease_to": lambda entry, text: setattr(entry, "lease_to", _day(text)),
            "may_leave": lambda entry, text: setattr(entry, "may_leave", _may(text)),
            "remark": self._read_remark,
        }  # fmt: skip

    def parse(self, row: LedgerRow) -> tuple[Entry, list[Fault]]:
        """The machine of `row` as far as its cells can be read, and every fault of the row."""
        entry, faults = Entry(row.row, row.line), []
        for name, cell in row.cells.items():
            try:
                self._readers[name](entry, _readable(name, cell))
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
            refused = ValueRefused(
                entry.lease_to.isoformat(), msgid("the lease ends before it begins"), _CORRECT_CELL
            )
            faults.append(self.fault(entry, "lease_to", refused))
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
        carried = generation_of(entry.asset_tag)
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
            entry.generation = identifiers.parse_generation(_text(text))

    @staticmethod
    def _read_site(entry: Entry, text: str) -> None:
        entry.site, floor = _site_and_floor(text)
        entry.floor = floor or entry.floor
        if not entry.site:
            raise ValueRefused(
                text, msgid("the place is empty"), msgid("name the building that the PC stands in")
            )

    @staticmethod
    def _read_staff_number(entry: Entry, text: str) -> None:
        if tidy(text) not in _NOBODY and tidy(text):
            entry.staff_number = identifiers.parse_staff_number(text)

    @staticmethod
    def _read_owner(entry: Entry, text: str) -> None:
        name = _plain(text)
        if found := _left_in_name(name):
            name, entry.left = name[: found.start()], True
            if found["when"]:
                entry.left_on = parse_date(found["when"])
        entry.owner = "" if name in _NOBODY else name

    @staticmethod
    def _read_lease(entry: Entry, text: str) -> None:
        if tidy(text) not in ("", "-"):
            if is_ditto(text):
                raise ValueRefused(text, msgid("there is nothing above to repeat"), _CORRECT_CELL)
            span = parse_period(text)
            entry.lease_from, entry.lease_to = span.first, span.last

    @staticmethod
    def _read_remark(entry: Entry, text: str) -> None:
        entry.remark = _verbatim(text)
        if "退職" in text and (found := _left_in_remark(tidy(text))):
            entry.left = True
            if found["when"]:
                entry.left_on = parse_date(found["when"])


def _readable(name: str, cell: Cell) -> str:
    """The text of a cell, or the reason why its type rules it out."""
    if isinstance(cell, str):
        if cell.startswith("#") and cell in _SPREADSHEET_ERRORS:
            raise ValueRefused(
                cell, msgid("the cell holds an error of the spreadsheet"), _CORRECT_CELL
            )
        return cell
    text = cell_text(cell)
    if cell is UNCOMPUTED:
        raise ValueRefused(
            text, msgid("the cell holds a formula without a result"),
            msgid("open the file in a spreadsheet and save it, or type the value"),
        )  # fmt: skip
    if name in ("asset_tag", "serial", "mac", "computer_name", "staff_number"):
        if isinstance(cell, date | datetime | time | timedelta):
            raise made_a_date(text)
        if isinstance(cell, int | float) and name in ("serial", "mac"):
            raise refuse_number(text)
    return text


def _day(text: str) -> date | None:
    folded = tidy(text)
    if folded in ("", "-"):
        return None
    return parse_date(text)


__all__ = ["COUNTER", "PERSONAL", "SHARED", "SPARE", "Entry", "Fault", "RowParser"]
