"""Cells that mean 'as above'."""

from collections.abc import Mapping

from rollout.adapters.ledger.columns import Column
from rollout.application.ledger.rows import Cell, cell_text
from rollout.domain.text import is_ditto, match_key


class Above:
    """Fills such cells from the rows before, only in columns where that is meant.

    An empty division below a new bureau is not the division of the old one: it stays empty.
    """

    def __init__(self, columns: Mapping[str, Column], fields: frozenset[str]) -> None:
        self._columns = [
            column
            for field, column in columns.items()
            if field in fields and column.above != "never"
        ]
        # A column comes after the one that it stands under.
        self._columns.sort(key=lambda column: column.under is not None)
        self._last: dict[str, Cell] = {}

    def _is_new(self, field: str, value: Cell) -> bool:
        """Whether the cell says something else than the one above, spelling aside."""
        last = self._last.get(field)
        return value != last and match_key(cell_text(value)) != match_key(cell_text(last))

    def fill(self, cells: dict[str, Cell]) -> None:
        """Put into `cells` what stands above."""
        changed: set[str] = set()
        for column in self._columns:
            field = column.field
            value = cells[field]
            if value and value == self._last.get(field):
                continue
            if value == "" or value is None or (isinstance(value, str) and not value.strip()):
                if column.under in changed:
                    changed.add(field)
                    self._last[field] = ""
                elif column.above == "empty":
                    cells[field] = self._last.get(field, "")
            elif isinstance(value, str) and is_ditto(value):
                # With nothing above, the mark stays and is refused where the cell is read.
                cells[field] = self._last.get(field) or value
            else:
                if self._is_new(field, value):
                    changed.add(field)
                self._last[field] = value
