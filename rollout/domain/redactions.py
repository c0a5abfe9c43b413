"""Whether every redaction that a walk over the history meets is said by a later fact."""

import json

FORGET = "forget"
"""The verb of the facts that name redacted rows."""


class Redactions:
    """Redacted rows that were met and not yet named by a fact behind them."""

    def __init__(self) -> None:
        self._pending: dict[int, tuple[int, str]] = {}

    def met(self, row: int, fact: int, content: str) -> None:
        """A row whose text was replaced: `fact` is to name it, with the digest of `content`."""
        self._pending[row] = (fact, content)

    def said(self, fact: int, verb: str, detail: str | None) -> None:
        """Any other row: it may be the fact that names earlier ones."""
        if verb != FORGET or not detail:
            return
        for row, content in json.loads(detail).get("rows", {}).items():
            if self._pending.get(int(row)) == (fact, content):
                del self._pending[int(row)]

    @property
    def unsaid(self) -> int | None:
        """The first row whose replacement no fact names."""
        return min(self._pending, default=None)
