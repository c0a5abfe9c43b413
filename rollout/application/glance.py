"""What the first screen says beside the machines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from rollout.domain.account import ACCOUNT, AccountState
from rollout.domain.notice import NOTICE, NoticeState
from rollout.domain.personal_device import PERSONAL_DEVICE, DeviceState
from rollout.domain.takeout import TAKEOUT, TakeoutState
from rollout.domain.wave import WAVE, WaveState
from rollout.store import measures, plans
from rollout.store.database import Database
from rollout.store.tables import (
    Account,
    DayForecast,
    Notice,
    PersonalDevice,
    Takeout,
    Wave,
)

_NOUNS: Mapping[str, measures.Table] = {
    WAVE.noun: Wave,
    ACCOUNT.noun: Account,
    PERSONAL_DEVICE.noun: PersonalDevice,
    TAKEOUT.noun: Takeout,
    NOTICE.noun: Notice,
}


@dataclass(frozen=True)
class Counted:
    """Rows of a noun by their state; `newest` is the row that was made last."""

    newest: int
    by_state: Mapping[str, int]


@dataclass(frozen=True)
class Glance:
    """The newest forecast that was kept, and by state what is no machine.

    `facts` is the length of the history: while it stays, no state has changed; `fact` is the newest
    of them. `plan` is the number of the newest plan with its state.
    """

    facts: int
    fact: int
    plan: tuple[int, str] | None
    forecast: DayForecast | None
    counted: Mapping[str, Counted]

    @property
    def accounts(self) -> Mapping[str, int]:
        """Services by state."""
        return self.counted[ACCOUNT.noun].by_state

    @property
    def devices(self) -> Mapping[str, int]:
        """Personal devices by state."""
        return self.counted[PERSONAL_DEVICE.noun].by_state

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
        return self.counted[TAKEOUT.noun].by_state.get(TakeoutState.APPLIED, 0)

    @property
    def notices_failed(self) -> int:
        """Mails to owners that were refused or came back."""
        return self.counted[NOTICE.noun].by_state.get(NoticeState.FAILED, 0)

    def waves_in(self, state: WaveState) -> int:
        """Waves in that state."""
        return self.counted[WAVE.noun].by_state.get(state, 0)


def glance(database: Database, before: Glance | None = None) -> Glance:
    """One look; nothing is computed anew.

    With an earlier one the history says what has changed since: only a noun that has new rows is
    counted again, for there may be millions of a kind.
    """
    with database.read() as session:
        plan = plans.newest(session)
        fact = measures.newest_fact(session)
        if before is not None and before.fact > fact:
            before = None  # an older copy of the database stands in its place
        return Glance(
            facts=measures.facts(session),
            fact=fact,
            plan=(plan.id or 0, plan.state) if plan is not None else None,
            forecast=measures.last_forecast(session),
            counted=_counted(session) if before is None else _followed(session, before, fact),
        )


def _counted(session: Session) -> dict[str, Counted]:
    return {
        noun: Counted(measures.newest_row(session, table), measures.by_state(session, table))
        for noun, table in _NOUNS.items()
    }


def _followed(session: Session, before: Glance, fact: int) -> dict[str, Counted]:
    steps = measures.stepped(session, before.fact, fact) if fact > before.fact else []
    found: dict[str, Counted] = {}
    for noun, known in before.counted.items():
        own = [step for step in steps if step.noun == noun]
        newest = measures.newest_row(session, _NOUNS[noun])
        if newest != known.newest:
            found[noun] = Counted(newest, measures.by_state(session, _NOUNS[noun]))
        else:
            found[noun] = Counted(newest, _stepped(known.by_state, own)) if own else known
    return found


def _stepped(by_state: Mapping[str, int], steps: Sequence[measures.Stepped]) -> dict[str, int]:
    numbers = Counter(by_state)
    for step in steps:
        if step.before is not None:
            numbers[step.before] -= step.number
            numbers[step.after] += step.number
    return {state: number for state, number in numbers.items() if number > 0}
