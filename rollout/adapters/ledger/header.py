"""Finding the header of a ledger below its title rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rollout.adapters.ledger.columns import Column, title_key

SEARCHED_ROWS = 60


@dataclass(frozen=True)
class Header:
    """The header row: where each field stands, and what is missing or not understood."""

    row: int
    positions: Mapping[str, int]
    titles: Mapping[str, str]
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every required column is there."""
        return not self.missing


def read_header(row: int, cells: Sequence[object], columns: Mapping[str, Column]) -> Header:
    """`cells` read as a header, whether or not it is one."""
    keys = tuple(title_key(cell) if isinstance(cell, str) else "" for cell in cells)
    positions: dict[str, int] = {}
    for field, column in columns.items():
        for name in map(title_key, column.names):
            if name in keys:
                positions[field] = keys.index(name)
                break
    used = set(positions.values())
    titles = {field: " ".join(str(cells[place]).split()) for field, place in positions.items()}
    missing = tuple(
        column.names[0]
        for field, column in columns.items()
        if column.required and field not in positions
    )
    unused = tuple(
        " ".join(str(cells[place]).split())
        for place, key in enumerate(keys)
        if key and place not in used
    )
    return Header(row, positions, titles, missing, unused, keys)


def find_header(
    rows: Sequence[tuple[int, Sequence[object]]], columns: Mapping[str, Column]
) -> Header | None:
    """The row that matches the most columns, complete ones first; None when none has two."""
    best: Header | None = None
    for row, cells in rows:
        header = read_header(row, cells, columns)
        if len(header.positions) < 2:
            continue
        if best is None or (header.complete, len(header.positions)) > (
            best.complete,
            len(best.positions),
        ):
            best = header
    return best
