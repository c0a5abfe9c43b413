"""Texts as cells: never a formula, and only characters that the encoding has.

A CSV has no types, so a spreadsheet takes what begins with = + - @, a tab or a line break for a
formula, whatever quotes are around it. Such a text gets an apostrophe before it: a spreadsheet
shows the apostrophe or hides it, and calculates nothing. (A space or a tab would change a key
without being seen; refusing the row would lose it.) Numbers are written as numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rollout.application.exports.forms import Cell

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
"""What a spreadsheet would take for the beginning of a formula, half and full width, or passes
over before one."""
GUARD = "'"
# Unicode has two code points for these and CP932 only the other one.
TWINS = {"〜": "～", "−": "－", "—": "―", "‖": "∥", "¢": "￠", "£": "￡", "¬": "￢"}
QUOTED = ('"', ",", "\r", "\n")
GETA = "〓"
ENCODINGS = {"utf-8-bom": "utf-8-sig", "utf-8-sig": "utf-8-sig", "utf-8": "utf-8", "cp932": "cp932"}


@dataclass(frozen=True, slots=True)
class Replaced:
    """A character that the encoding does not have. `row` counts from 1, the headings being 1."""

    row: int
    column: str
    character: str
    put: str


def harmless(text: str) -> str:
    """`text` so that a spreadsheet calculates nothing."""
    if text.startswith(FORMULA):
        return GUARD + text
    # Else nobody could tell a guard from an apostrophe that was there.
    if text.startswith(GUARD) and text.lstrip(GUARD).startswith(FORMULA):
        return GUARD + text
    return text


def fit(cell: Cell) -> str:
    """A cell as it stands in the file; the encoding is looked after elsewhere."""
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return str(cell)
    text = harmless(cell)
    if '"' in text or "," in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def survivor(text: str, codec: str) -> str | None:
    """What a reader of the file gets; None when it cannot be written."""
    try:
        # Python writes some twins without a word, so what comes back is what counts.
        return text.encode(codec).decode(codec)
    except UnicodeEncodeError:
        return None


def fitting(text: str, codec: str) -> Iterator[tuple[str, str]]:
    """Each character of `text` with what has to be put in its place; mostly the same."""
    unknown = GETA if codec == "cp932" else "\ufffd"
    for character in text:
        left = survivor(character, codec)
        yield character, left or TWINS.get(character, unknown)
