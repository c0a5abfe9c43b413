"""The stamp that a file carries in itself, where its form has a place that readers pass over.

A workbook has it as a part of its archive to which nothing refers, a PDF as a comment line before
a second mention of its table of contents, a JSON document as its last key. The digest in it covers
every byte before that place, so that the file can be checked when the stamp beside it is lost. CSV
and JSON lines have no such place: every line is a row to whoever reads them.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import escape, unescape

from rollout.application.exports.stamp import Stamp, parsed

_PART = "docProps/rollout.xml"
_PDF = b"%rollout "
_PDF_END = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_JSON = b',\n"stamp": '
_JSON_END = b"\n}\n"
_REACH = 64 * 1024
"""The stamp begins within so many bytes of the end."""
_CHUNK = 1 << 20


def sealed(file: BinaryIO, made: Stamp) -> Stamp:
    """Put the stamp into the finished file where its form can carry one; the stamp to lie beside,
    which covers all of it."""
    carry = _CARRIERS.get(made.form)
    if carry is not None:
        carry(file, made)
    file.seek(0)
    sha256, size = _digest(file, None)
    return replace(made, sha256=sha256, size=size)


def carried(path: Path) -> Stamp | None:
    """The stamp in a file; None when it has none. Raises OSError and NoStamp."""
    with path.open("rb") as file:
        found = _in_archive(file)
        if found is None:
            begin = max(0, file.seek(0, io.SEEK_END) - _REACH)
            file.seek(begin)
            tail = file.read()
            found = _in_paper(tail, begin) or _in_document(tail, begin)
    if found is None:
        return None
    place, text = found
    # Whoever put it there may lie about where it begins.
    return replace(parsed(text.decode("ascii", "replace"), path), size=place)


def holds(path: Path, made: Stamp) -> bool:
    """Whether the bytes before the stamp are those of which it was made."""
    with path.open("rb") as file:
        return _digest(file, made.size) == (made.sha256, made.size)


def _digest(file: BinaryIO, size: int | None) -> tuple[str, int]:
    found, done = hashlib.sha256(), 0
    while size is None or done < size:
        chunk = file.read(_CHUNK if size is None else min(_CHUNK, size - done))
        if not chunk:
            break
        found.update(chunk)
        done += len(chunk)
    return found.hexdigest(), done


def _told(file: BinaryIO, made: Stamp, size: int) -> bytes:
    file.seek(0)
    sha256, _size = _digest(file, size)
    return replace(made, sha256=sha256, size=size).line().encode("ascii")


def _to_archive(file: BinaryIO, made: Stamp) -> None:
    with zipfile.ZipFile(file, "a") as archive:
        # A comment would be the place for it, and LibreOffice opens no book that has one.
        text = _told(file, made, archive.start_dir).decode("ascii")
        part = zipfile.ZipInfo(_PART, date_time=(1980, 1, 1, 0, 0, 0))
        archive.writestr(part, f"<rollout>{escape(text)}</rollout>")


def _in_archive(file: BinaryIO) -> tuple[int, bytes] | None:
    try:
        with zipfile.ZipFile(file) as archive:
            place = archive.getinfo(_PART).header_offset
    except (zipfile.BadZipFile, KeyError):
        return None
    file.seek(place)
    found = re.search(rb"<rollout>(.*?)</rollout>", file.read(_REACH), re.DOTALL)
    return None if found is None else (place, unescape(found[1].decode("latin-1")).encode())


def _to_paper(file: BinaryIO, made: Stamp) -> None:
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - 1024))
    contents = _PDF_END.search(file.read())
    if contents is None:
        raise ValueError("a PDF without its end")
    text = _told(file, made, end)
    file.seek(end)
    # Readers begin at the end and look for these lines there; what is before is a comment to them.
    file.write(_PDF + text + b"\nstartxref\n" + contents[1] + b"\n%%EOF\n")


def _in_paper(tail: bytes, begin: int) -> tuple[int, bytes] | None:
    at = tail.rfind(_PDF)
    if at < 0:
        return None
    text, _line, _rest = tail[at + len(_PDF) :].partition(b"\n")
    return begin + at, text


def _to_document(file: BinaryIO, made: Stamp) -> None:
    end = file.seek(0, io.SEEK_END)
    place = end - len(_JSON_END)
    file.seek(place)
    if file.read() != _JSON_END:
        raise ValueError("a JSON document without its end")
    text = _told(file, made, place)
    file.seek(place)
    file.write(_JSON + text + _JSON_END)


def _in_document(tail: bytes, begin: int) -> tuple[int, bytes] | None:
    at = tail.rfind(_JSON)
    if at < 0 or not tail.endswith(_JSON_END):
        return None
    return begin + at, tail[at + len(_JSON) : -len(_JSON_END)]


_CARRIERS: dict[str, Callable[[BinaryIO, Stamp], None]] = {
    "xlsx": _to_archive,
    "pdf": _to_paper,
    "json": _to_document,
}


def says_the_same(inside: Stamp, outside: Stamp) -> bool:
    """Whether both stamps of a file tell the same but for the bytes that they cover."""
    return _plain(inside) == _plain(outside)


def _plain(made: Stamp) -> object:
    return json.loads(replace(made, sha256="", size=0).line())
