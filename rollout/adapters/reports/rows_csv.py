"""A long export as CSV, a column of a page at a time.

The same few words stand in most columns thousands of times: each is made fit once. What is
different in every row is looked over in one go, joined, and one by one only when something in it
needs it. The bytes are those that the csv module would write.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rollout.adapters.reports.beside import ExportFailed, Seal, beside
from rollout.adapters.reports.cells import (
    ENCODINGS,
    FORMULA,
    GUARD,
    QUOTED,
    Replaced,
    fit,
    fitting,
    harmless,
    survivor,
)
from rollout.adapters.reports.lines_csv import as_csv
from rollout.application.exports.extract import Column, Extract, Page
from rollout.i18n import _

Progress = Callable[[int, int], None]
KEPT = 1_000
"""So many replaced characters are told; every one stands in the list beside the file."""
LIST_ENDING = ".replaced.csv"
_BETWEEN = "\x1f"
_LEADING = tuple(_BETWEEN + sign for sign in (*FORMULA, GUARD))
_MANY = 4_000
"""A column with more different values is not looked up any more."""


@dataclass
class Replacements:
    """What had to be replaced: how much, the first ones, and the list of all beside the file."""

    count: int = 0
    first: list[Replaced] = field(default_factory=list)
    listed: Path | None = None


def write(
    path: Path, extract: Extract, seal: Seal, *, encoding: str, progress: Progress
) -> Replacements:
    """Write `extract` to `path`. Raises ExportFailed."""
    codec = ENCODINGS.get(encoding)
    if codec is None:
        raise ExportFailed(
            _("unknown encoding {encoding}: use utf-8-bom, utf-8 or cp932").format(
                encoding=repr(encoding)
            )
        )
    listed = path.with_name(path.name + LIST_ENDING)
    # The export takes its place first; what the list needs of the disk it has by then.
    with beside(listed, of=path) as list_file, beside(path, seal) as file:
        losses = _Losses(io.TextIOWrapper(list_file, encoding="utf-8-sig", newline=""))
        headings = [column.heading for column in extract.columns]
        columns = [_Column(column, codec, losses) for column in extract.columns]
        # The mark of utf-8-sig comes before the first bytes only.
        file.write((",".join(map(fit, headings)) + "\r\n").encode(codec))
        plain = "utf-8" if codec == "utf-8-sig" else codec
        for text in _pages(extract, columns, plain):
            file.write(text)
            progress(extract.rows, extract.total)
        losses.close()
        list_file.flush()
    if losses.found.count:
        losses.found.listed = listed
    else:
        listed.unlink(missing_ok=True)
    return losses.found


def _pages(extract: Extract, columns: Sequence["_Column"], codec: str) -> Iterator[bytes]:
    """The file behind its headings, page by page."""

    def written(page: Page) -> bytes:
        row = extract.rows + 2
        joined = zip(columns, extract.joined(page), strict=True)
        cells = [column.fitted(values, row) for column, values in joined]
        text = "\r\n".join(map(",".join, zip(*cells, strict=True)))
        return (text + "\r\n").encode(codec)

    if extract.lines is None:
        for page in extract.pages:
            yield written(page)
            extract.rows += len(page[0])
        return
    for told in extract.lines:
        whole = told.text and as_csv(told.text, told.rows, len(columns), codec)
        yield whole or written(told.cells())
        extract.rows += told.rows


class _Known(dict[Any, str]):
    """Values of a column with what stands in the file for them; a new one is made fit."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self._show = column.show

    def __missing__(self, value: Any) -> str:
        made = self[value] = fit(value if self._show is None else self._show(value))
        return made


class _Column:
    """One column of the file."""

    def __init__(self, column: Column, codec: str, losses: "_Losses") -> None:
        self._column, self._codec, self._losses = column, codec, losses
        self._heading = column.heading
        self._all = codec.startswith("utf-8")
        self._known: _Known | None = _Known(column) if self._all else None

    def fitted(self, values: Sequence[Any], row: int) -> Sequence[str]:
        """Cells as they stand in the file, of values as the database has them; `row` is that of
        the first."""
        if self._known is not None:
            cells = [*map(self._known.__getitem__, values)]
            if len(self._known) > _MANY:
                self._known = None
            return cells
        shown: Sequence[Any] = self._column.shown(values)
        if not self._all:
            shown = [*self._encodable(shown, row)]
        if {*map(type, shown)} != {str}:
            return [*map(fit, shown)]
        joined = _BETWEEN + _BETWEEN.join(shown)
        if any(sign in joined for sign in (*QUOTED, *_LEADING)):
            return [*map(fit, shown)]
        return shown

    def _encodable(self, values: Sequence[Any], row: int) -> Iterator[Any]:
        for number, value in enumerate(values, row):
            if not isinstance(value, str) or survivor(value, self._codec) == value:
                yield value
                continue
            put = []
            for character, written in fitting(value, self._codec):
                put.append(written)
                if written != character:
                    self._losses.add(Replaced(number, self._heading, character, written))
            yield "".join(put)


class _Losses:
    """The list of what was replaced."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self.found = Replacements()
        self._file = file
        self._writer = csv.writer(file, lineterminator="\r\n")
        self._writer.writerow([_("row"), _("column"), _("character"), _("written as")])

    def add(self, loss: Replaced) -> None:
        self.found.count += 1
        if len(self.found.first) < KEPT:
            self.found.first.append(loss)
        self._writer.writerow([loss.row, loss.column, harmless(loss.character), loss.put])

    def close(self) -> None:
        self._file.flush()
        self._file.detach()
