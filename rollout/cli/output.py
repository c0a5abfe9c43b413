"""Printing tables, JSON and progress; text from outside is never read as markup."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rollout.domain.text import printable
from rollout.i18n import _

if TYPE_CHECKING:
    from rich.progress import Progress


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def moment(value: datetime | None, zone: ZoneInfo) -> str | None:
    """ISO-8601 with the offset of the programme's zone, to the second."""
    return value.astimezone(zone).isoformat(timespec="seconds") if value else None


def say(text: str) -> None:
    """One line of plain text."""
    sys.stdout.write(text + "\n")


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    title: str = "",
    *,
    whole: str | None = None,
) -> None:
    """A table whose cells are data: shown as they are, without control characters.

    The column `whole` holds what is copied, such as ids: it is never broken.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(Text(column), overflow="fold", no_wrap=column == whole)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    from rich.console import Console

    plain = Console(highlight=False, markup=False, emoji=False)
    if not plain.is_terminal:
        # In a pipe nothing may be folded at 80 columns: grep and awk read whole lines.
        plain.width = 400
    if title:
        # As the table's own it would be broken where a narrow table ends.
        plain.print(Text(title, style="table.title"))
    plain.print(table)


@contextmanager
def progress_bar(label: str, total: int | None = None, *, rate: bool = False) -> Iterator["Bar"]:
    """A bar with elapsed and remaining time on standard error; silent when that is no terminal.

    With `rate` it says how many a minute, too.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        *([TextColumn("{task.fields[rate]}", markup=False)] if rate else []),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        # Lines go above the bar; into a pipe they go as they are.
        redirect_stdout=sys.stdout.isatty(),
        disable=not sys.stderr.isatty(),
    )
    with progress:
        yield Bar(progress, label, total)


class Bar:
    """What a use case calls with how far it is."""

    def __init__(self, progress: "Progress", label: str, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task(label, total=total, rate="")

    def says(self, label: str) -> None:
        """What is going on, or waited for."""
        self._progress.update(self._task, description=label)

    def __call__(self, done: int, total: int | None = None, label: str | None = None) -> None:
        self._progress.update(self._task, completed=done, total=total, description=label)
        speed = self._progress.tasks[0].speed
        if speed is not None:
            text = _("{count:,.0f} a minute").format(count=speed * 60)
            self._progress.update(self._task, rate=text)
