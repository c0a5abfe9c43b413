"""Exports as files: CSV that a spreadsheet opens as it is meant, and JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollout.adapters.reports.beside import ExportFailed, Seal, beside
from rollout.adapters.reports.cells import ENCODINGS, Replaced, fitting, harmless, survivor
from rollout.application.exports.forms import Cell, Document, Table

Progress = Callable[[int, int], None]
"""Told (rows written, all rows)."""

_EVERY = 1_000


@dataclass(frozen=True)
class Written:
    """A finished export; `rows` without the headings."""

    path: Path
    rows: int
    replaced: Sequence[Replaced] = ()


def write_csv(
    path: Path,
    table: Table,
    seal: Seal | None = None,
    *,
    encoding: str = "utf-8-bom",
    progress: Progress = lambda done, total: None,
) -> Written:
    """Write `table` to `path`; `encoding` is utf-8-bom, utf-8 or cp932.

    Characters that CP932 lacks are replaced by their twin or by 〓, and every one is reported.
    Raises ExportFailed.
    """
    codec = ENCODINGS.get(encoding)
    if codec is None:
        raise ExportFailed(f"unknown encoding {encoding!r}: use utf-8-bom, utf-8 or cp932")
    replaced: list[Replaced] = []
    rows = 0
    with beside(path, seal) as file:
        text = io.TextIOWrapper(file, encoding=codec, newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        fit = _Fitting(codec, table.headings, replaced)
        writer.writerow(fit.row(1, table.headings))
        for rows, row in enumerate(table.rows, start=1):
            writer.writerow(fit.row(rows + 1, row))
            if rows % _EVERY == 0:
                progress(rows, table.total)
        text.flush()
        text.detach()
    progress(rows, table.total)
    return Written(path, rows, replaced)


def write_json(
    path: Path,
    document: Document,
    seal: Seal | None = None,
    *,
    progress: Progress = lambda done, total: None,
) -> Written:
    """Write `document` to `path` as UTF-8 JSON, one item of its list per line.

    Raises ExportFailed.
    """
    rows = 0
    with beside(path, seal) as file:
        file.write(b"{\n")
        for key, value in document.head.items():
            file.write(f"{_json(key)}: {_json(value)},\n".encode())
        file.write(f"{_json(document.key)}: [".encode())
        for rows, item in enumerate(document.items, start=1):
            file.write(("\n" if rows == 1 else ",\n").encode() + _json(item).encode())
            if rows % _EVERY == 0:
                progress(rows, document.total)
        file.write(b"\n]\n}\n")
    progress(rows, document.total)
    return Written(path, rows)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Fitting:
    """Makes cells fit for a spreadsheet and for an encoding."""

    def __init__(self, codec: str, headings: Sequence[str], replaced: list[Replaced]) -> None:
        self._codec, self._headings, self._replaced = codec, headings, replaced

    def row(self, number: int, cells: Iterable[Cell]) -> list[Cell]:
        return [
            self._text(number, column, cell) if isinstance(cell, str) else cell
            for column, cell in enumerate(cells)
        ]

    def _text(self, number: int, column: int, text: str) -> str:
        if not text.isascii() and survivor(text, self._codec) != text:
            put = []
            for character, written in fitting(text, self._codec):
                put.append(written)
                if written != character:
                    heading = self._headings[column]
                    self._replaced.append(Replaced(number, heading, character, written))
            text = "".join(put)
        return harmless(text)
