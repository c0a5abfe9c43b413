"""What is to be planned, and what a plan is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from rollout.domain.lifecycle import Described
from rollout.planning.calendar import Span, WorkCalendar


class Obstacle(Described):
    """Why a machine has no place in the plan."""

    REFRESH = "refresh", "Its generation is replaced by new machines, and none is announced yet."
    GONE = "gone_from_ledger", "The newest ledger does not have it any more."
    NO_SITE = "no_site", "The ledger does not say where it stands."
    NO_SERIAL = "no_serial", "Without a serial number nobody can tell it from another machine."
    NO_NAME = "no_computer_name", "Without a computer name it cannot be reached."
    SITE_WITHOUT_CAPACITY = "site_without_capacity", "Its site moves no machine on any day."
    SITE_NOT_VISITED = "site_not_visited", "Nobody is at its site on any day that suits it."
    PINNED_DAY = "pinned_day", "The one day that it is pinned to is no day on which it can move."
    OWN_DATES = "own_dates", "Absences, training, lease or window leave no working day."
    DEPARTMENT_DATES = "department_dates", "The dates of its department leave no day that suits."
    DEPARTMENT_FULL = "department_full", "Its department gives no more machines a day."
    NO_SUCCESSOR = "no_successor", "Too few successor machines are delivered in time."
    EVERYWHERE_FULL = "everywhere_full", "The blast radius allows no more reimages a day."
    NO_DAY_LEFT = "no_day_left", "Its site has no free working day before the cutover."


class Why(Described):
    """Why a date that was in force is another one now, or none."""

    OWN_DATES = "own_dates", "Its day does not suit its own dates any more."
    DEPARTMENT_DATES = "department_dates", "Its day does not suit its department any more."
    DAY_CLOSED = "day_closed", "Nothing is moved at its site on that day any more."
    NO_ROOM = "no_room", "The day does not hold as many machines any more."
    MISSED = "missed", "The day passed and its wave had not started."
    OBSTACLE = "obstacle", "It cannot be moved any more."
    MAKES_ROOM = "makes_room", "Moved so that another machine has a day at all."
    BY_HAND = "by_hand", "An operator has moved it."


class OwnDates(NamedTuple):
    """What limits the days of one machine: those of its own, its owner and its lease."""

    pinned: date | None = None
    windows: tuple[Span, ...] = ()
    absences: tuple[Span, ...] = ()
    not_before: date | None = None
    not_after: date | None = None


class Current(NamedTuple):
    """The date in force of a machine that has one; `announced` is kept if it can be."""

    day: date
    wave: int
    announced: bool = False
    missed: bool = False


@dataclass(frozen=True, slots=True)
class MachineToPlace:
    """A machine that waits for a date, or whose date may have to change.

    `order` is that of its generation (lower goes first). `obstacle` is set when no calendar
    could help it. `refresh`: a successor replaces it.
    """

    id: int
    asset_tag: str
    site: str
    department: str
    generation: str
    order: int
    obstacle: Obstacle | None = None
    refresh: bool = False
    own: OwnDates | None = None
    current: Current | None = None


@dataclass(frozen=True, slots=True)
class SiteRule:
    """What one site bears; None is no limit. `weekdays` are numbers of `date.weekday()`."""

    machines_per_day: int
    at_once: int | None = None
    network_at_once: int | None = None
    spares: int | None = None
    weekdays: frozenset[int] | None = None
    few_visits: bool = False


@dataclass(frozen=True, slots=True)
class DepartmentRule:
    """The dates of one department."""

    blackouts: tuple[Span, ...] = ()
    not_before: date | None = None
    not_after: date | None = None


class Taken(NamedTuple):
    """Machines that have a day for good: under way, done, or not to be asked."""

    site: str
    department: str
    generation: str
    refresh: bool
    day: date
    machines: int


@dataclass(frozen=True, slots=True)
class OpenWave:
    """A wave in force that can take further machines within its days."""

    number: int
    first_day: date
    last_day: date
    size: int
    refresh: bool = False


@dataclass(frozen=True)
class Problem:
    """Machines, working days and limits.

    Machines may be moved from `first` to `last`, both included; others than the pilot not
    before `others_from`. `department_sizes` counts all machines of a department, also those
    that are no part of the problem. `deliveries`: successors of a generation by day. Waves are
    numbered from `first_wave` on.
    """

    machines: Sequence[MachineToPlace]
    calendar: WorkCalendar
    first: date
    last: date
    sites: Mapping[str, SiteRule]
    departments: Mapping[str, DepartmentRule] = field(default_factory=dict)
    department_sizes: Mapping[str, int] = field(default_factory=dict)
    department_share: float = 1.0
    turns_per_day: int = 2
    reimages_per_day: int = 6
    blast_radius: int | None = None
    taken: Sequence[Taken] = ()
    deliveries: Mapping[str, Mapping[date, int]] = field(default_factory=dict)
    canary: Mapping[str, int] = field(default_factory=dict)
    pilot_size: int = 0
    pilot_departments: frozenset[str] = frozenset()
    pilot_machines: frozenset[str] = frozenset()
    soak_working_days: int = 0
    reserve_working_days: int = 0
    machines_per_wave: int = 200
    first_wave: int = 1
    open_waves: Sequence[OpenWave] = ()
    others_from: date | None = None


class Placement(NamedTuple):
    """The day and wave of a machine."""

    machine_id: int
    asset_tag: str
    site: str
    day: date
    wave: int


class Move(NamedTuple):
    """A date that was in force and is not any more; `to_day` None: there is no other."""

    machine_id: int
    asset_tag: str
    from_day: date
    from_wave: int
    to_day: date | None
    why: Why
    announced: bool


class Asked(NamedTuple):
    """Who asked by hand for the place of a machine, and the reason."""

    machine_id: int
    by: str
    reason: str


class Unplaced(NamedTuple):
    """A machine without a place, and why."""

    machine_id: int
    asset_tag: str
    site: str
    obstacle: Obstacle


class Relaxation(NamedTuple):
    """What would give every machine of a site and obstacle a day; None: that does not help."""

    site: str
    obstacle: Obstacle
    machines: int
    more_per_day: int | None
    later_days: int | None


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """A wave of the plan; `joined` ones were in force before."""

    number: int
    pilot: bool
    first_day: date
    last_day: date
    size: int
    refresh: bool = False
    joined: bool = False


@dataclass(frozen=True)
class Solution:
    """Every machine of the problem is either placed, kept or unplaced.

    `placements` are new dates, `kept` those in force that stay.
    """

    placements: Sequence[Placement]
    unplaced: Sequence[Unplaced]
    waves: Sequence[PlannedWave]
    kept: Sequence[Placement] = ()
    moves: Sequence[Move] = ()
    relaxations: Sequence[Relaxation] = ()
    asked: Sequence[Asked] = ()
