"""Telling whether two machines, or two attempts of one, failed in the same way."""

import re
from collections.abc import Iterable

_VARIES = re.compile(r"\b(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b|\d+")
"""Digests, ids, addresses, ports, times and amounts."""


def signature(cause: str, names: Iterable[str | None] = ()) -> str:
    """The cause without what differs between machines and attempts.

    `names` are those of the machine itself: its tag, serial and computer name.
    """
    text = cause
    for name in sorted({name for name in names if name}, key=len, reverse=True):
        text = text.replace(name, "…")
    return " ".join(_VARIES.sub("#", text).split())
