"""What keeps a whole ledger from being read."""

from rollout.domain.errors import RolloutError


class LedgerUnreadable(RolloutError):
    """The file as a whole cannot be read; the message says where and what to do."""
