"""Cells that mean 'as above'."""

from collections.abc import Mapping

from rollout.adapters.ledger.columns import Column
from rollout.application.ledger_rows import Cell
from rollout.domain.text import is_ditto


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
        self._columns.sort(key=self._depth(columns))
        self._last: dict[str, Cell] = {}

    @staticmethod
    def _depth(columns: Mapping[str, Column]):  # type: ignore[no-untyped-def]
        def depth(column: Column) -> int:
            return 0 if column.under is None else 1 + depth(columns[column.under])

        return depth

    def fill(self, cells: dict[str, Cell]) -> None:
        """Put into `cells` what stands above."""
        changed: set[str] = set()
        for column in self._columns:
            field = column.field
            value = cells[field]
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
                if value != self._last.get(field):
                    changed.add(field)
                self._last[field] = value
