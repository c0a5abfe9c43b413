"""Text as a ledger holds it: widths, kana, dashes and spaces of every kind.

Two strengths. `tidy` is for what people read (names, departments, models): it mends widths and
spaces and nothing else, so 髙 﨑 濵 𠮷 ㈱ ① stay as they were written. `match_key` is for finding
the same department or column again and never leaves the program. Identifiers have rules of their
own in `identifiers`. Unicode's NFKC as a whole would be wrong for all of them: it makes 2 out of ²
and replaces the compatibility ideographs that some family names are written with.
"""

import re
import unicodedata
from functools import lru_cache

from rollout.domain.errors import RolloutError


class ValueRefused(RolloutError):
    """A cell that cannot be taken: `reason` and `remedy` are msgids, `details` fill them in."""

    def __init__(self, value: str, reason: str, remedy: str, **details: object) -> None:
        self.value, self.reason, self.remedy = value, reason, remedy
        self.details: dict[str, object] = {"value": value, **details}
        super().__init__(f"{reason.format(**self.details)}: {remedy.format(**self.details)}")


_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001\U000e0020-\U000e007f"
)
_SPACE = (
    " \t\u00a0\u115f\u1160\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0"  # fillers too
)
_drop_invisible = re.compile(f"[{_INVISIBLE}]").sub
_any_space = re.compile(f"[{_SPACE}]+").sub
_any_break = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]").sub
_space_at_break = re.compile(" ?\n ?").sub
_half_kana = re.compile("[\uff61-\uff9f]+").sub
# NFC replaces these by the ordinary ideograph: 神 is not 神 on a birth certificate.
_unsettled = re.compile("[^\uf900-\ufaff\U0002f800-\U0002fa1f]+").sub
# Text of nothing but these, with single spaces inside, is tidy already: most of a ledger is.
_SETTLED = "!-~\u3005\u3007\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff"
_is_settled = re.compile(f"(?:[{_SETTLED}]+(?: [{_SETTLED}]+)*)?").fullmatch
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0xFFE0: "¢", 0xFFE1: "£", 0xFFE2: "¬", 0xFFE5: "¥",
}  # fmt: skip


def tidy(text: str) -> str:
    """`text` with ASCII in half width, kana in full width, single spaces and "\\n" breaks.

    Invisible characters go; leading and trailing space goes. Doing it twice changes nothing.
    """
    if _is_settled(text):
        return text
    if not text.isprintable():
        text = _drop_invisible("", _any_break("\n", text))
    text = _half_kana(
        lambda run: unicodedata.normalize("NFKC", run[0]), text.translate(_FULL_WIDTH)
    )
    if not unicodedata.is_normalized("NFC", text):
        text = _unsettled(lambda run: unicodedata.normalize("NFC", run[0]), text)
    text = _any_space(" ", text)
    return (_space_at_break("\n", text) if "\n" in text else text).strip(" \n")


@lru_cache(maxsize=1 << 14)
def match_key(text: str) -> str:
    """A key under which the same name, however typed, is found again: no spaces, no case."""
    folded = unicodedata.normalize("NFKC", tidy(text)).casefold()
    return "".join(unicodedata.normalize("NFKC", folded).split())


_DITTO = frozenset({"同上", "〃", "″", "仝", "々", '"', "''", "”", "“", "〃〃", "同"})


_DITTO_BEGINS = frozenset(mark[0] for mark in _DITTO)


def is_ditto(text: str) -> bool:
    """Whether the cell says 'as above'."""
    core = text.strip()
    return core[:1] in _DITTO_BEGINS and "".join(tidy(core).split()) in _DITTO


# Hyphens U+2010-2015, minus, small and box-drawing dashes, and the hyphen bullet.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u2500\u2501\ufe58\ufe63\u02d7\u2796"
_dash = re.compile(f"[{DASHES}]").sub
_long_sound = re.compile("(?<=[0-9A-Za-z])( ?)ー( ?)(?=[0-9A-Za-z])").sub


def fold_identifier(text: str) -> str:
    """`text` as identifiers are compared: tidy, ASCII dashes, ASCII letters in upper case.

    A long-sound mark is a dash only between letters or digits. Letters outside ASCII keep their
    case, because upper-casing them can make ASCII out of them and join two identifiers.
    """
    if text.isascii() and text.isprintable():
        return tidy(text).upper()
    text = _dash("-", tidy(text))
    if "ー" in text:
        text = _long_sound(r"\1-\2", text)
    return text.translate(_UPPER)


_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}


def printable(value: object) -> str:
    """`value` on one line, without characters that a terminal would obey.

    The ideographic space between Japanese names stays, which `str.isprintable` would refuse. A
    joined emoji is shown as those that it joins: how many cells it takes differs by terminal.
    """
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in _JOINED.sub("", text))


_JOINED = re.compile("(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d")
"""The joiner behind an emoji; elsewhere it is shown as what nobody can see otherwise."""


def _shown(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return "␤" if character == "\n" else "�"
