"""What the first screen says beside the machines."""

from collections.abc import Mapping
from dataclasses import dataclass

from rollout.domain.account import AccountState
from rollout.domain.notice import NoticeState
from rollout.domain.personal_device import DeviceState
from rollout.domain.takeout import TakeoutState
from rollout.domain.wave import WaveState
from rollout.store import measures, plans
from rollout.store.database import Database
from rollout.store.tables import (
    Account,
    DayForecast,
    Notice,
    PersonalDevice,
    Takeout,
)


@dataclass(frozen=True)
class Glance:
    """The newest forecast that was kept, and by state what is no machine.

    `facts` is the length of the history: while it stays, no state has changed. `plan` is the
    number of the newest plan with its state.
    """

    facts: int
    plan: tuple[int, str] | None
    forecast: DayForecast | None
    waves: Mapping[str, int]
    accounts: Mapping[str, int]
    devices: Mapping[str, int]
    takeouts: Mapping[str, int]
    notices: Mapping[str, int]

    @property
    def blocked(self) -> int:
        """Services that wait for a person."""
        return self.accounts.get(AccountState.BLOCKED, 0)

    @property
    def ready(self) -> int:
        """Services that are there."""
        return self.accounts.get(AccountState.READY, 0)

    @property
    def compliant(self) -> int:
        """Personal devices that may be used."""
        return self.devices.get(DeviceState.COMPLIANT, 0)

    @property
    def devices_to_decide(self) -> int:
        """Applications for personal devices that nobody has decided."""
        return self.devices.get(DeviceState.APPLIED, 0)

    @property
    def takeouts_to_decide(self) -> int:
        """Applications to take a PC out that nobody has decided."""
        return self.takeouts.get(TakeoutState.APPLIED, 0)

    @property
    def notices_failed(self) -> int:
        """Mails to owners that were refused or came back."""
        return self.notices.get(NoticeState.FAILED, 0)

    def waves_in(self, state: WaveState) -> int:
        """Waves in that state."""
        return self.waves.get(state, 0)


def glance(database: Database) -> Glance:
    """One look; nothing is computed anew."""
    with database.read() as session:
        plan = plans.newest(session)
        return Glance(
            facts=measures.facts(session),
            plan=(plan.id or 0, plan.state) if plan is not None else None,
            forecast=measures.last_forecast(session),
            waves=measures.waves(session),
            accounts=measures.by_state(session, Account),
            devices=measures.by_state(session, PersonalDevice),
            takeouts=measures.by_state(session, Takeout),
            notices=measures.by_state(session, Notice),
        )
