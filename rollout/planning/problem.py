"""What is to be planned, and what a plan is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rollout.domain.lifecycle import Described
from rollout.planning.calendar import WorkCalendar


class Obstacle(Described):
    """Why a machine has no place in the plan."""

    REFRESH = "refresh", "Its generation is replaced by new machines, which are not planned yet."
    GONE = "gone_from_ledger", "The newest ledger does not have it any more."
    NO_SITE = "no_site", "The ledger does not say where it stands."
    NO_SERIAL = "no_serial", "Without a serial number nobody can tell it from another machine."
    NO_NAME = "no_computer_name", "Without a computer name it cannot be reached."
    SITE_WITHOUT_CAPACITY = "site_without_capacity", "Its site moves no machine on any day."
    NO_DAY_LEFT = "no_day_left", "Its site has no free working day before the cutover."


@dataclass(frozen=True, slots=True)
class MachineToPlace:
    """A machine that waits for a date.

    `order` is that of its generation (lower goes first). `obstacle` is set when no calendar
    could help it.
    """

    id: int
    asset_tag: str
    site: str
    department: str
    generation: str
    order: int
    obstacle: Obstacle | None = None


@dataclass(frozen=True)
class Problem:
    """Machines, working days and limits.

    `capacity` is machines per working day of each site; `taken` what earlier plans use of it.
    Machines may be moved from `first` to `last`, both included; others than the pilot not
    before `others_from`. Waves are numbered from `first_wave` on.
    """

    machines: Sequence[MachineToPlace]
    calendar: WorkCalendar
    first: date
    last: date
    capacity: Mapping[str, int]
    taken: Mapping[tuple[str, date], int] = field(default_factory=dict)
    pilot_size: int = 0
    soak_working_days: int = 0
    machines_per_wave: int = 200
    first_wave: int = 1
    others_from: date | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """The day and wave of a machine."""

    machine_id: int
    asset_tag: str
    site: str
    day: date
    wave: int


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A machine without a place, and why."""

    machine_id: int
    asset_tag: str
    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """A wave of the plan."""

    number: int
    pilot: bool
    first_day: date
    last_day: date
    size: int


@dataclass(frozen=True)
class Solution:
    """Every machine of the problem is either placed or unplaced."""

    placements: Sequence[Placement]
    unplaced: Sequence[Unplaced]
    waves: Sequence[PlannedWave]
