"""Accounts for whoever looks at them."""

from rollout.store import account_rows
from rollout.store.account_rows import AccountRow as AccountRow  # front ends show the one
from rollout.store.account_rows import Wanted as Wanted  # and ask with the other
from rollout.store.database import Database


def page(database: Database, wanted: Wanted, *, after: str, limit: int) -> list[AccountRow]:
    """Services of people in the order of staff numbers, the first behind the key `after`."""
    with database.read() as session:
        return account_rows.page(session, wanted, after=after, limit=limit)
