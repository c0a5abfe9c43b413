"""Reading asset ledgers: CSV in the encodings that Japan uses, and XLSX."""

from rollout.adapters.ledger.errors import LedgerUnreadable
from rollout.adapters.ledger.reader import LedgerFile, open_ledger

__all__ = ["LedgerFile", "LedgerUnreadable", "open_ledger"]
