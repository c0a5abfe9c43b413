"""Rows that are truly bad, one fault each, so that a report can be compared with the truth."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Cells = dict[str, object]
DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Bad:
    """What is wrong with a row: the field and the kind.

    Of two rows with the same value, one is as it should be; `twin` of the other is its index.
    """

    field: str
    kind: str
    twin: int | None = None


@dataclass(frozen=True)
class _Kind:
    field: str
    kind: str
    spoil: Callable[[Cells], object]


def _letter_o(cells: Cells) -> str:
    return str(cells["asset_tag"])[:3] + "O" + str(cells["asset_tag"])[4:]


_SINGLE = (
    _Kind("serial", "scientific", lambda cells: "1.23E+10"),
    _Kind("lease", "no_such_day", lambda cells: "R4.2.1～R4.2.30"),
    _Kind("asset_tag", "letter_o", _letter_o),
    _Kind("serial", "lost_zeros", lambda cells: "4417"),
    _Kind("lease", "impossible_era", lambda cells: "平成3元年4月1日～令和5年3月31日"),
    _Kind("mac", "broken", lambda cells: str(cells["mac"])[1:]),
    _Kind("generation", "other_than_tag", lambda cells: "DK16"),
    _Kind("computer_name", "too_long", lambda cells: f"{cells['computer_name']}-KUWANA"),
    _Kind("serial", "empty", lambda cells: ""),
    _Kind("asset_tag", "as_above", lambda cells: "同上"),
    _Kind("lease", "past_era", lambda cells: "平成29年10月1日～平成34年9月30日"),
    _Kind("computer_name", "controller", lambda cells: "localhost"),
    _Kind("may_leave", "neither", lambda cells: "要相談"),
    _Kind("site", "spreadsheet_error", lambda cells: "#REF!"),
)
_TWINS = ("asset_tag", "serial", "mac", "computer_name")
_PLAN = (*_SINGLE[:2], "asset_tag", *_SINGLE[2:6], "serial", *_SINGLE[6:10], "mac", *_SINGLE[10:],
         "computer_name")  # fmt: skip
_SPOIL = {(kind.field, kind.kind): kind.spoil for kind in _SINGLE}


def plan_bad(random: Random, size: int, wanted: int) -> dict[int, Bad]:
    """Which of `size` machines stand on bad rows, and why; `wanted` rows in all."""
    wanted = min(wanted, size // 2)
    chosen = random.sample(range(size), wanted)
    plan: dict[int, Bad] = {}
    turn = 0
    while chosen:
        kind = _PLAN[turn % len(_PLAN)]
        turn += 1
        first = chosen.pop()
        if isinstance(kind, _Kind):
            plan[first] = Bad(kind.field, kind.kind)
        elif chosen:
            second = chosen.pop()
            plan[first] = Bad(kind, DUPLICATE, second)
            plan[second] = Bad(kind, DUPLICATE)
        else:
            chosen.append(first)
    return plan


def spoil(bad: Bad, cells: Cells, twin: Cells | None) -> None:
    """Put the fault into `cells` (clean values by field)."""
    if bad.kind == DUPLICATE and twin is None:
        return
    if twin is None:
        cells[bad.field] = _SPOIL[bad.field, bad.kind](cells)
        return
    cells[bad.field] = twin[bad.field]
    if bad.field == "asset_tag":
        # Else the row would disagree with its own generation, a second fault.
        cells["generation"] = twin["generation"]
