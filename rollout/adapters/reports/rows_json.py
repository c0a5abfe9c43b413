"""A long export for programs: one JSON document with an item per line, or JSON lines."""

import json
from collections.abc import Callable
from pathlib import Path

from rollout.adapters.reports.beside import Seal, beside
from rollout.application.exports.extract import Extract

Progress = Callable[[int, int], None]
_encode = json.JSONEncoder(ensure_ascii=False).encode


def write_lines(path: Path, extract: Extract, seal: Seal, *, progress: Progress) -> None:
    """An object per line and nothing else. Raises ExportFailed."""
    keys = [column.key for column in extract.columns]
    with beside(path, seal) as file:
        done = 0
        for page in extract.told():
            lines = [_encode(dict(zip(keys, row, strict=True))) for row in page]
            file.write(("\n".join(lines) + "\n").encode())
            done += len(lines)
            progress(done, extract.total)


def write_document(path: Path, extract: Extract, seal: Seal, *, progress: Progress) -> None:
    """`head`, the rows as the list that bears the name of the kind, then the notes and `counts`.

    Raises ExportFailed.
    """
    keys = [column.key for column in extract.columns]
    with beside(path, seal) as file:
        file.write(b"{\n")
        for key, value in extract.head.items():
            file.write(f"{_encode(key)}: {_encode(value)},\n".encode())
        file.write(f"{_encode(extract.kind.value)}: [".encode())
        done = 0
        for page in extract.told():
            lines = [_encode(dict(zip(keys, row, strict=True))) for row in page]
            file.write((",\n" if done else "\n").encode() + ",\n".join(lines).encode())
            done += len(lines)
            progress(done, extract.total)
        file.write(b"\n]")
        for note in extract.notes():
            names = [column.key for column in note.columns]
            rows = [dict(zip(names, row, strict=True)) for row in note.rows]
            file.write(f",\n{_encode(note.key)}: {_encode(rows)}".encode())
        file.write(f',\n"total": {done},\n"counts": {_encode(dict(extract.counts))}\n}}\n'.encode())
