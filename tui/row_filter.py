"""`/` in a list that is in memory as a whole: words that rows have to contain."""

from collections.abc import Sequence

from rollout.domain.text import match_key
from tui.widgets.live_table import Column, Row


class RowFilter:
    """Every word has to be found; `column:word,word` asks one column for one of the words."""

    def __init__(self, words: str) -> None:
        self._words = [word for word in words.split() if match_key(word)]

    def kept(self, columns: Sequence[Column], rows: Sequence[Row]) -> list[Row]:
        """The rows that match."""
        if not self._words:
            return list(rows)
        return [row for row in rows if all(_has(word, columns, row) for word in self._words)]


def _has(word: str, columns: Sequence[Column], row: Row) -> bool:
    name, colon, values = word.partition(":")
    if colon:
        for index, column in enumerate(columns):
            if match_key(name) in (match_key(column.key), match_key(column.label)):
                cell = match_key(row.cells[index].plain)
                return any(match_key(value) in cell for value in values.split(",") if value)
    wanted = match_key(word)
    return any(wanted in match_key(cell.plain) for cell in row.cells)
