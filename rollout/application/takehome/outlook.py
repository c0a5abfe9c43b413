"""From which day on PCs may leave the office, with or without an application."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rollout.application.choosing import today
from rollout.domain.lifecycle import Described
from rollout.domain.machine import IN_USE, MachineState
from rollout.settings import Settings
from rollout.store import owned_pcs
from rollout.store.database import Database
from rollout.store.owned_pcs import Pc
from rollout.store.takeouts import Filter

EVERYTHING = Filter()


class Leave(Described):
    """What the day depends on from which a PC may leave."""

    NOW = "now", "Its generation may leave, and it is at its owner's."
    AFTER_MOVE = "after_move", "When it has been moved; the day is its planned one."
    AFTER_REPLACEMENT = "after_replacement", "When its successor has replaced it."
    WITH_SUCCESSOR = "with_successor", "It is replaced: its successor may leave instead of it."
    UNDATED = "undated", "It may leave later, but no day is planned yet."
    NEVER = "never", "Its generation or the ledger keeps it in the office."


@dataclass(frozen=True)
class PcPolicy:
    """What the day depends on."""

    generation: str
    may_leave: bool | None
    planned_day: date | None
    in_use: bool = False


@dataclass(frozen=True)
class MayGo:
    """`day` is None where none is known."""

    when: Leave
    day: date | None = None


@dataclass(frozen=True)
class Outlook:
    """One PC."""

    pc: Pc
    may_go: MayGo

    @property
    def department(self) -> str:
        """部局 and 所属 of its owner."""
        return " ".join(part for part in (self.pc.bureau, self.pc.division) if part)


@dataclass(frozen=True)
class GenerationOutlook:
    """The PCs of a generation: how many may go now, by when the last one may, and how many have no
    day, or never will."""

    generation: str
    pcs: int
    now: int
    last_day: date | None
    undated: int
    never: int


def may_go(settings: Settings, pc: PcPolicy, day: date) -> MayGo:
    """From when the policy lets this PC, or the one that replaces it, leave.

    After a refresh that is the day planned for its replacement, else the first delivery of
    successors: what the ledger says of the old PC does not bind the new one.
    """
    policy = settings.generation(pc.generation)
    if policy.take_home is False:
        return MayGo(Leave.NEVER)
    if policy.take_home is True:
        if pc.may_leave is False:
            return MayGo(Leave.NEVER)
        if pc.in_use:
            return MayGo(Leave.NOW, day)
        if pc.planned_day is None:
            return MayGo(Leave.UNDATED)
        return MayGo(Leave.AFTER_MOVE, max(day, pc.planned_day))
    if policy.path != "refresh":
        # Its own day moves it as it is; that of its replacement is not planned yet.
        return MayGo(Leave.UNDATED)
    first = pc.planned_day or min(policy.successors, default=None)
    return MayGo(Leave.AFTER_REPLACEMENT, first) if first else MayGo(Leave.UNDATED)


def outlook(
    database: Database,
    settings: Settings,
    at: datetime,
    wanted: Filter = EVERYTHING,
    generations: Sequence[str] = (),
    *,
    in_use: bool = False,
) -> list[Outlook]:
    """Every PC that somebody has, by tag; with `in_use` those that were handed over."""
    day = today(settings, at)
    with database.read() as session:
        found = owned_pcs.pcs(session, wanted, generations, in_use=in_use)
    return [Outlook(pc, _of(settings, pc, day)) for pc in found]


def _of(settings: Settings, pc: Pc, day: date) -> MayGo:
    if pc.successor is None:
        own = PcPolicy(pc.generation, pc.may_leave, pc.planned_day, _is_in_use(pc.state))
        return may_go(settings, own, day)
    heir = PcPolicy(
        pc.successor_generation or "", None, pc.successor_day, _is_in_use(pc.successor_state)
    )
    found = may_go(settings, heir, day)
    return found if found.when is Leave.NEVER else MayGo(Leave.WITH_SUCCESSOR, found.day)


def _is_in_use(state: str | None) -> bool:
    return state is not None and MachineState(state) in IN_USE


def by_generation(found: Sequence[Outlook]) -> list[GenerationOutlook]:
    """The PCs of each generation together."""
    counted: dict[str, Counter[Leave]] = {}
    last: dict[str, date] = {}
    for one in found:
        name = one.pc.generation
        counted.setdefault(name, Counter())[one.may_go.when] += 1
        if one.may_go.day is not None:
            last[name] = max(one.may_go.day, last.get(name, one.may_go.day))
    return [
        GenerationOutlook(
            name,
            counts.total(),
            counts[Leave.NOW],
            last.get(name),
            counts[Leave.UNDATED],
            counts[Leave.NEVER],
        )
        for name, counts in sorted(counted.items())
    ]
