"""Which encoding a CSV file has."""

import codecs
import io
import re
from pathlib import Path

from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.i18n import _

_BLOCK = 1 << 20
# Python maps single bytes that stand for nothing in CP932 to these instead of refusing them.
_no_character = re.compile("[\x80\uf8f0-\uf8f3]").search
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def detect_encoding(path: Path) -> str:
    """The encoding of `path`: by its mark, by the zeros of UTF-16, else UTF-8, else CP932.

    The whole file is decoded: one CP932 name in the last row is enough to rule UTF-8 out.
    Raises LedgerUnreadable when none fits.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if promised := _promised(head):
        place = _undecodable(path, promised)
        if place is None:
            return promised
        raise LedgerUnreadable(
            _(
                "{path} line {line} is not {encoding}, as the file begins: it is damaged or "
                "no text; save it anew as 'CSV UTF-8'"
            ).format(path=path.name, line=place, encoding=promised)
        )
    if _undecodable(path, "utf-8") is None:
        return "utf-8"
    place = _undecodable(path, "cp932")
    if place is None:
        return "cp932"
    raise LedgerUnreadable(
        _(
            "{path} line {line} is neither UTF-8 nor CP932 (Shift_JIS): "
            "name the encoding with --encoding, or save the file as 'CSV UTF-8'"
        ).format(path=path.name, line=place)
    )


def _promised(head: bytes) -> str | None:
    """What a file must be that begins with `head`: of UTF-8 without its mark nothing is said."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if b"\0" in head:
        even, odd = head[::2].count(0), head[1::2].count(0)
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def check_encoding(path: Path, encoding: str) -> None:
    """Raises LedgerUnreadable when `path` is not text in `encoding`, or nobody knows it."""
    try:
        # Refuses what is no encoding of text as well: hex, rot13, zlib.
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    except LookupError:
        raise LedgerUnreadable(
            _("unknown encoding {encoding}: use cp932, utf-8 or utf-16").format(encoding=encoding)
        ) from None
    line = _undecodable(path, encoding)
    if line is not None:
        raise LedgerUnreadable(
            _("{path} line {line} is not {encoding}: leave --encoding out to detect it").format(
                path=path.name, line=line, encoding=encoding
            )
        )


def _undecodable(path: Path, encoding: str) -> int | None:
    """The line (from 1) of the first bytes that are not `encoding`, None when all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                return line + error.object[: error.start].count(b"\n")
            except UnicodeError:  # of the few that name no place: idna, punycode, undefined
                return line
            if encoding == "cp932" and (stray := _no_character(text)):
                return line + text.count("\n", 0, stray.start())
            line += text.count("\n")
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            return line
    return None
