"""The stamp that a file carries in itself, where its form has a place that readers pass over.

A workbook has it as the comment at the end of its archive, a PDF as a comment line before a second
mention of its table of contents, a JSON document as its last key. The digest in it covers every
byte before that place, so that the file can be checked when the stamp beside it is lost. CSV and
JSON lines have no such place: every line is a row to whoever reads them.
"""

import hashlib
import io
import json
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from rollout.application.exports.stamp import Stamp, parsed

_END_OF_ARCHIVE = b"PK\x05\x06"
_END_LENGTH = 22
_LENGTH = struct.Struct("<H")
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
        size = file.seek(0, io.SEEK_END)
        begin = max(0, size - _REACH)
        file.seek(begin)
        tail = file.read()
        for find in (_in_archive, _in_paper, _in_document):
            found = find(tail)
            if found is not None:
                place, text = found
                made = parsed(text.decode("ascii", "replace"), path)
                # Whoever put it there may lie about where it begins.
                return replace(made, size=begin + place)
    return None


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
    end = file.seek(0, io.SEEK_END)
    file.seek(end - _END_LENGTH)
    if file.read(4) != _END_OF_ARCHIVE:
        raise ValueError("an archive that ends with a comment already")
    text = _told(file, made, end - _LENGTH.size)
    file.seek(end - _LENGTH.size)
    file.write(_LENGTH.pack(len(text)) + text)


def _in_archive(tail: bytes) -> tuple[int, bytes] | None:
    at = tail.rfind(_END_OF_ARCHIVE)
    if at < 0 or len(tail) < at + _END_LENGTH:
        return None
    place = at + _END_LENGTH - _LENGTH.size
    (length,) = _LENGTH.unpack_from(tail, place)
    text = tail[at + _END_LENGTH :]
    return (place, text) if length and length == len(text) else None


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


def _in_paper(tail: bytes) -> tuple[int, bytes] | None:
    at = tail.rfind(_PDF)
    if at < 0:
        return None
    text, _line, _rest = tail[at + len(_PDF) :].partition(b"\n")
    return at, text


def _to_document(file: BinaryIO, made: Stamp) -> None:
    end = file.seek(0, io.SEEK_END)
    place = end - len(_JSON_END)
    file.seek(place)
    if file.read() != _JSON_END:
        raise ValueError("a JSON document without its end")
    text = _told(file, made, place)
    file.seek(place)
    file.write(_JSON + text + _JSON_END)


def _in_document(tail: bytes) -> tuple[int, bytes] | None:
    at = tail.rfind(_JSON)
    if at < 0 or not tail.endswith(_JSON_END):
        return None
    return at, tail[at + len(_JSON) : -len(_JSON_END)]


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
