"""Recognising one person in text that people and machines wrote."""

import re
import unicodedata
from collections.abc import Iterable

SHORTEST_NAME = 2
"""Characters; a shorter name would be found in every second word."""
SHORTEST_NUMBER = 4
"""Characters; a shorter staff number is also a number of minutes, rows or files."""


class Traces:
    """What tells that a text is about one person.

    Names are recognised whole, with or without spaces between their characters and in the width
    that NFKC gives; numbers and mail addresses where no letter or digit stands beside them, and a
    number not as a part of an asset tag. A family name alone is not recognised: too many share it.
    Whatever is recognised is replaced by `pseudonym`.
    """

    def __init__(self, pseudonym: str, *, names: Iterable[str], marks: Iterable[str]) -> None:
        self.pseudonym = pseudonym
        self.names = _forms(names)
        self.marks = sorted({mark.strip() for mark in marks} - {""})
        found = [r"\s*".join(map(re.escape, name)) for name in self.names]
        found += [
            # An asset tag such as DK20-000417 ends in what may be somebody's number.
            rf"(?<![0-9A-Za-z])(?<![A-Za-z]{{2}}[0-9]{{2}}-){re.escape(mark)}(?![0-9A-Za-z])"
            for mark in self.marks
            if len(mark) >= SHORTEST_NUMBER
        ]
        self._text = re.compile("|".join(found), re.IGNORECASE) if found else None
        self._whole = {*self.names, *self.marks}

    @property
    def patterns(self) -> list[str]:
        """LIKE patterns (escape: backslash) that no text about the person evades."""
        return [_like(name, between=True) for name in self.names] + [
            _like(mark, between=False) for mark in self.marks
        ]

    def found(self, text: str) -> bool:
        """Whether the text is about the person."""
        return self._text is not None and self._text.search(text) is not None

    def removed(self, text: str | None, *, whole: bool = False) -> str | None:
        """The text without the person; `whole`: also when all of it is a value, however short."""
        if text is None:
            return None
        if whole and plain(text) in self._whole:
            return self.pseudonym
        # A function, since a template would read backslashes in its own way.
        return self._text.sub(lambda _found: self.pseudonym, text) if self._text else text


def plain(text: str) -> str:
    """A name without its spaces: so names are compared."""
    return "".join(text.split())


def _forms(names: Iterable[str]) -> list[str]:
    """Each name as written and in its other width, without spaces; the longest first."""
    forms = {plain(name) for name in names}
    forms |= {unicodedata.normalize("NFKC", name) for name in forms}
    return sorted((name for name in forms if len(name) >= SHORTEST_NAME), key=len, reverse=True)


def _like(value: str, *, between: bool) -> str:
    escaped = [f"\\{sign}" if sign in "%_\\" else sign for sign in value]
    return f"%{('%' if between else '').join(escaped)}%"
