"""What the first screen says beside the machines."""

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.domain.account import AccountState
from rollout.store import account_rows, forecasts
from rollout.store.database import Database
from rollout.store.tables import DayForecast


@dataclass(frozen=True)
class Glance:
    """The newest forecast that was kept, and services of people by state."""

    forecast: DayForecast | None
    accounts: Mapping[str, int]

    @property
    def blocked(self) -> int:
        """Services that wait for a person."""
        return self.accounts.get(AccountState.BLOCKED, 0)

    @property
    def ready(self) -> int:
        """Services that are there."""
        return self.accounts.get(AccountState.READY, 0)


def glance(database: Database) -> Glance:
    """One look; nothing is computed anew."""
    with database.read() as session:
        kept = forecasts.kept(session)
        return Glance(kept[-1] if kept else None, account_rows.by_state(session))
