"""Lines with signs before their cells, as CSV: looked over a page at a time.

Most pages have a few cells that need quotes and none that begins like a formula: what a page does
not hold is not looked for in its lines.
"""

import re
from collections.abc import Callable, Sequence

from rollout.adapters.reports.cells import FORMULA, fit
from rollout.application.exports.extract import SAFE, TEXT

_BEGINS = f"{TEXT}[{re.escape(''.join(FORMULA))}]"
_formula, _anything = re.compile(_BEGINS).search, re.compile(f'{_BEGINS}|[",\r\n]').search
_REST = f"[^{TEXT}{SAFE}]*"
_each = re.compile(f'{TEXT}([{re.escape("".join(FORMULA))}]{_REST}|{_REST}[",\r\n]{_REST})').sub
_COMMAS = bytes(ord(",") if chr(byte) in (TEXT, SAFE) else byte for byte in range(256))
_END = "\r\n"


def as_csv(lines: Sequence[str], columns: int, codec: str) -> bytes | None:
    """A page as it stands in the file; None when a text has one of the signs in it, or a character
    that the encoding does not have: then it has to be told cell by cell."""
    page = _END.join(lines)
    if page.count(TEXT) + page.count(SAFE) != columns * len(lines):
        return None
    needs = _needs(page, len(lines))
    if needs is None:
        told = [line[1:] for line in lines]
    else:
        told = [_fitted(line) if needs(line) else line[1:] for line in lines]
    told.append("")
    page = _END.join(told)
    try:
        written = page.encode(codec)
    except UnicodeEncodeError:
        return None
    # Python writes some twins without a word, so what comes back is what counts.
    if not codec.startswith("utf-8") and written.decode(codec) != page:
        return None
    return written.translate(_COMMAS)


def _needs(page: str, lines: int) -> Callable[[str], object] | None:
    """What tells the lines of a page that need quotes or a guard; None when none does."""
    breaks = page.count("\n") != lines - 1 or page.count("\r") != lines - 1
    if breaks or _formula(page):
        return _anything
    commas, quotes = "," in page, '"' in page
    if commas and quotes:
        return lambda line: "," in line or '"' in line
    if commas:
        return lambda line: "," in line
    return (lambda line: '"' in line) if quotes else None


def _fitted(line: str) -> str:
    return _each(_fit, line)[1:]


def _fit(found: re.Match[str]) -> str:
    return TEXT + fit(found[1])
