"""Lines with signs before their cells, as CSV: looked over a page at a time.

Most pages have a few cells that need quotes and none that begins like a formula. So a page is
searched as a whole, and a cell is told by itself only where something was found in it.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial

from rollout.adapters.reports.cells import FORMULA, GUARD, fit
from rollout.application.exports.extract import END, FIRST, SAFE, TEXT

_ANY_TEXT = TEXT + FIRST
_formula = re.compile(
    f"[{_ANY_TEXT}]{GUARD}*(?:{'|'.join(map(re.escape, FORMULA))})".encode()
).match
_CELL, _SIGN = b"c", b"s"
_LEADING = {sign.encode()[0] for sign in (*FORMULA, GUARD)}
# A search for every sign of a formula behind every sign of a cell costs half of the whole page;
# in this picture of it, one search finds the few places that have to be looked at.
_PICTURE = bytes(
    _CELL[0] if chr(byte) in _ANY_TEXT else _SIGN[0] if byte in _LEADING else ord(".")
    for byte in range(256)
)
_break_in_a_text = re.compile(f"\r(?!\n{FIRST})|\n(?!{FIRST})".encode()).search
_behind_a_cell = re.compile(f"[{TEXT}{SAFE}]|{END}{FIRST}".encode()).search
_COMMAS = bytes.maketrans(f"{TEXT}{SAFE}".encode(), b",,")
_FIRST, _END = FIRST.encode(), END.encode()


def as_csv(text: bytes, rows: int, columns: int, codec: str) -> bytes | None:
    """A page as it stands in the file; None when a text has one of the signs in it, or a character
    that the encoding does not have: then it has to be told cell by cell."""
    if sum(text.count(sign.encode()) for sign in (FIRST, TEXT, SAFE)) != columns * rows:
        return None
    text = _fitted(text, sorted({*_suspects(text, rows)}))
    if not codec.startswith("utf-8"):
        whole = text.decode()
        try:
            text = whole.encode(codec)
        except UnicodeEncodeError:
            return None
        # Python writes some twins without a word, so what comes back is what counts.
        if text.decode(codec) != whole:
            return None
    return text.translate(_COMMAS, _FIRST) + _END


def _suspects(text: bytes, rows: int) -> Iterator[int]:
    """Where the cells begin that need quotes or a guard; some more than once."""
    picture = text.translate(_PICTURE)
    at = picture.find(_CELL + _SIGN)
    while at >= 0:
        if _formula(text, at):
            yield at
        at = picture.find(_CELL + _SIGN, at + 1)
    finds: list[Callable[[int], int]] = [partial(text.find, b","), partial(text.find, b'"')]
    if text.count(b"\n") != rows - 1 or text.count(b"\r") != rows - 1:
        finds.append(partial(_loose_break, text))
    for find in finds:
        at = find(0)
        while at >= 0:
            yield picture.rfind(_CELL, 0, at)
            at = find(_end_of_cell(text, at))


def _loose_break(text: bytes, begin: int) -> int:
    """A line break that is none between lines."""
    found = _break_in_a_text(text, begin)
    return -1 if found is None else found.start()


def _end_of_cell(text: bytes, begin: int) -> int:
    found = _behind_a_cell(text, begin)
    return len(text) if found is None else found.start()


def _fitted(text: bytes, begins: list[int]) -> bytes:
    """The page with the cells that begin there as they have to be."""
    pieces: list[bytes] = []
    done = 0
    for begin in begins:
        end = _end_of_cell(text, begin + 1)
        pieces += text[done : begin + 1], fit(text[begin + 1 : end].decode()).encode()
        done = end
    return b"".join([*pieces, text[done:]]) if pieces else text
