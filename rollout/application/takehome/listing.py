"""Applications as they are listed, with what each PC lacks today and when it may go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rollout.application.choosing import today
from rollout.application.takehome.fitness import lacks
from rollout.application.takehome.outlook import PcPolicy, may_go
from rollout.domain.machine import IN_USE, MachineState
from rollout.domain.takeout import UNDER_WAY, TakeoutState
from rollout.settings import Settings
from rollout.store import portability, takeouts
from rollout.store.database import Database
from rollout.store.takeouts import Filter as Filter  # front ends ask with the one
from rollout.store.takeouts import Place as Place  # and go on behind the other

EVERYTHING = Filter()


@dataclass(frozen=True)
class Listed:
    """One application. `lacks` is empty for a PC that may leave; `may_go_from` is None where no
    day is planned."""

    number: int
    tag: str
    generation: str
    machine_state: MachineState
    staff_number: str
    name: str
    department: str
    state: TakeoutState
    first: date
    last: date
    place: str
    purpose: str
    applied_by: str
    decided_by: str | None
    emergency: int | None
    out_on: date | None
    returned_on: date | None
    cause: str | None
    days_overdue: int
    pin: str | None
    lacks: Sequence[str]
    may_go_from: date | None

    @property
    def place_in_order(self) -> Place:
        """What comes behind it is asked for with this."""
        return self.last, self.number


def listing(
    database: Database,
    settings: Settings,
    at: datetime,
    wanted: Filter = EVERYTHING,
    *,
    after: Place | None = None,
    limit: int | None = None,
) -> list[Listed]:
    """Applications in the order of their last day, the first `limit` behind `after`."""
    day = today(settings, at)
    with database.read() as session:
        found = takeouts.listing(session, wanted, after=after, limit=limit)
        open_ones = [row.machine for row in found if row.takeout.state in UNDER_WAY]
        missing = lacks(session, settings, open_ones, day)
        pins = portability.pins(session, list(missing))
        return [
            Listed(
                number=row.takeout.id,
                tag=row.machine.asset_tag,
                generation=row.machine.generation,
                machine_state=MachineState(row.machine.state),
                staff_number=row.person.staff_number,
                name=row.person.name,
                department=" ".join(part for part in (row.bureau, row.division) if part),
                state=TakeoutState(row.takeout.state),
                first=row.takeout.period_from,
                last=row.takeout.period_to,
                place=row.takeout.place,
                purpose=row.takeout.purpose,
                applied_by=row.takeout.applied_by,
                decided_by=row.takeout.decided_by,
                emergency=row.takeout.emergency_id,
                out_on=row.takeout.out_on,
                returned_on=row.takeout.returned_on,
                cause=row.takeout.cause,
                days_overdue=_late(row, day, settings),
                pin=pins[row.machine.id].state if row.machine.id in pins else None,
                lacks=missing.get(row.machine.id, []) if row.takeout.state in UNDER_WAY else [],
                may_go_from=may_go(settings, _pc(row.machine), day).day,
            )
            for row in found
        ]


def how_many(database: Database, wanted: Filter = EVERYTHING) -> int:
    """How many applications are asked for."""
    with database.read() as session:
        return takeouts.how_many(session, wanted)


def _late(row: takeouts.Row, day: date, settings: Settings) -> int:
    """Days since the PC should have been back; 0 when it cannot be outside. As `overdue` asks."""
    recalled = row.takeout.state == TakeoutState.RECALLED
    may_be_out = (recalled or row.takeout.state == TakeoutState.OUT) or (
        row.takeout.state == TakeoutState.APPROVED and row.takeout.allowed_at is not None
    )
    ended = row.takeout.period_to
    if row.person.left_on is not None:
        ended = min(ended, row.person.left_on)
    if recalled:
        ended = min(ended, today(settings, row.takeout.state_since))
    return max(0, (day - ended).days) if may_be_out else 0


def _pc(machine: takeouts.AppliedPc) -> PcPolicy:
    in_use = MachineState(machine.state) in IN_USE
    return PcPolicy(machine.generation, machine.may_leave, machine.planned_day, in_use)
