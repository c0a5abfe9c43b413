"""What `e` writes: the table that is shown, whole, or the status report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from rich.text import Text

from rollout.application.exports.forms import Table

Cells = Iterable[Sequence[Text]]


class Form(StrEnum):
    """Of a file."""

    CSV = "csv"
    XLSX = "xlsx"


class TableWriter(Protocol):
    """Writes a table into a file of some form; where it is. Raises RolloutError."""

    def __call__(self, path: Path, table: Table) -> Path:
        """The file's ending says the form."""


@dataclass(frozen=True)
class Shown:
    """A table as it stands on the screen: its name, headings, and how to get at every row.

    `rows` is called in a thread and may ask the database for what is not on the screen.
    """

    name: str
    headings: Sequence[str]
    rows: Callable[[], Cells]

    def table(self) -> Table:
        """As an export, in the words that are on the screen."""
        rows = [[cell.plain.strip() for cell in cells] for cells in self.rows()]
        return Table(list(self.headings), rows, len(rows))

    def file(self, folder: Path, at: datetime, form: Form) -> Path:
        """A name that says what it is and of when; no older export is overwritten."""
        return folder / f"{self.name}-{at:%Y%m%d-%H%M%S}.{form.value}"
