"""Lines with signs before their cells, as CSV: looked over a page at a time.

Most pages have a few cells that need quotes and none that begins like a formula: what a page does
not hold is not looked for in its lines.
"""

import re
from collections.abc import Callable

from rollout.adapters.reports.cells import FORMULA, GUARD, fit
from rollout.application.exports.extract import END, FIRST, SAFE, TEXT

_FORMULA = "|".join(map(re.escape, FORMULA)).encode()
_ANY_TEXT = f"[{TEXT}{FIRST}]".encode()
_BEGINS = b"%b%b*(?:%b)" % (_ANY_TEXT, GUARD.encode(), _FORMULA)
_formula, _anything = re.compile(_BEGINS).search, re.compile(_BEGINS + b'|[",\r\n]').search
_REST = f"[^{TEXT}{SAFE}]*".encode()
_each = re.compile(
    b'(%b)(%b*(?:%b)%b|%b[",\r\n]%b)' % (_ANY_TEXT, GUARD.encode(), _FORMULA, _REST, _REST, _REST)
).sub
_COMMAS = bytes.maketrans(f"{TEXT}{SAFE}".encode(), b",,")
_FIRST, _END = FIRST.encode(), END.encode()


def as_csv(text: bytes, rows: int, columns: int, codec: str) -> bytes | None:
    """A page as it stands in the file; None when a text has one of the signs in it, or a character
    that the encoding does not have: then it has to be told cell by cell."""
    if sum(text.count(sign.encode()) for sign in (FIRST, TEXT, SAFE)) != columns * rows:
        return None
    needs = _needs(text, rows)
    if needs is not None:
        lines = (_FIRST + line for line in text[1:].split(_END + _FIRST))
        text = _END.join([_each(_fitted, line) if needs(line) else line for line in lines])
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


def _needs(text: bytes, rows: int) -> Callable[[bytes], object] | None:
    """What tells the lines of a page that need quotes or a guard; None when none does."""
    breaks = text.count(b"\n") != rows - 1 or text.count(b"\r") != rows - 1
    if breaks or _formula(text):
        return _anything
    commas, quotes = b"," in text, b'"' in text
    if commas and quotes:
        return lambda line: b"," in line or b'"' in line
    if commas:
        return lambda line: b"," in line
    return (lambda line: b'"' in line) if quotes else None


def _fitted(found: re.Match[bytes]) -> bytes:
    return found[1] + fit(found[2].decode()).encode()
