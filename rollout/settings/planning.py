"""The part of the configuration that the planner obeys, and days as a person types them.

A day may be written 2022-11-01, 2022/11/1, R4.11.1 or 令和4年11月1日; a range as two of them with
`/` or `～` between, or as a month, a year or a fiscal year (令和4年度, FY2022).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rollout.domain.periods import Period, parse_days
from rollout.domain.text import ValueRefused
from rollout.i18n import _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
"""In the order of `date.weekday()`."""


class Section(BaseModel):
    """A table of the configuration file; unknown keys are refused."""

    # Built as a part of the whole tree, not each for itself as well: every command waits for it.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def period(text: str) -> Period:
    """The days that a person wrote, see `parse_days`.

    Raises ValueError with the reason and the remedy in the language in force.
    """
    try:
        return parse_days(text)
    except ValueRefused as refused:
        why, remedy = _(refused.reason), _(refused.remedy)
        raise ValueError(f"{why}: {remedy}".format(**refused.details)) from None


def _first_of(value: Any) -> Any:
    return period(value).first if isinstance(value, str) else _whole_day(value)


def _last_of(value: Any) -> Any:
    return period(value).last if isinstance(value, str) else _whole_day(value)


def _whole_day(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


FirstDay = Annotated[date, BeforeValidator(_first_of)]
"""A day; of a longer span its first one."""
LastDay = Annotated[date, BeforeValidator(_last_of)]
"""A day; of a longer span its last one."""


class DateRange(Section):
    """First and last day, both included; written `2022-12-29/2023-01-03` or one day alone."""

    first: date
    last: date

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, date):
            return {"first": value, "last": value}
        if isinstance(value, str):
            found = period(value)
            return {"first": found.first, "last": found.last}
        return value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(
                _("the range {first}/{last} is reversed: swap the two days").format(
                    first=self.first, last=self.last
                )
            )
        return self

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def _apart(ranges: Sequence[DateRange]) -> Sequence[DateRange]:
    """Two ranges with a day in common are a slip of the pen: one of them means another month."""
    for before, after in pairwise(sorted(ranges, key=lambda found: found.first)):
        if after.first <= before.last:
            raise ValueError(
                _(
                    "the ranges {one} and {other} overlap: correct one of them, "
                    "or write them as one"
                ).format(one=f"{before.first}/{before.last}", other=f"{after.first}/{after.last}")
            )
    return ranges


Ranges = Annotated[tuple[DateRange, ...], AfterValidator(_apart)]


class Calendar(Section):
    """`[calendar]`: weekends and Japanese holidays are known and need not be listed."""

    closed: Ranges = ()
    """Days on which nobody works, such as 29 December to 3 January."""
    freeze: Ranges = ()
    """Days on which no machine is moved, such as 20 March to 14 April."""


def _moves_somebody(machines_per_day: int) -> int:
    if machines_per_day < 1:
        raise ValueError(
            _(
                "with {number} machines a day nobody there would ever be moved: give at least 1; "
                "to leave the site out, exclude its machines (`rollout machine exclude`), to stop "
                "it for now, use `rollout halt --site`"
            ).format(number=machines_per_day)
        )
    return machines_per_day


class SiteLimits(Section):
    """`[sites."NAME"]`; the name is that of the ledger."""

    name: str | None = None
    """Shown in place of the ledger's name."""
    contact: str = ""
    """Whom to ask; in charge of its exceptions unless their department names somebody."""
    machines_per_day: Annotated[int, AfterValidator(_moves_somebody)] = 20
    """How many machines the staff there can move on one day, at least 1."""
    at_once: Annotated[int, Field(ge=1)] = 20
    """How many machines may be at work at the same time."""
    network_at_once: Annotated[int, Field(ge=1)] | None = None
    """How many machines the line bears being reimaged at the same time."""
    weekdays: tuple[Weekday, ...] = ()
    """Days of the week on which the site is visited; none named: every working day."""
    few_visits: bool = False
    """Each day there is a journey: few full days instead of an even load."""
    spares: Annotated[int, Field(ge=0)] | None = None
    """Spare PCs: so many people may be without their PC on one day."""


class Limits(Section):
    """`[limits]`"""

    machines_per_wave: Annotated[int, Field(ge=1)] = 200
    """A wave is closed before it grows beyond this."""
    blast_radius: Annotated[int, Field(ge=1)] = 20
    """How many machines may be in a destructive step at the same time, everywhere."""
    department_share_per_day: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of a department's machines that one day may take, at least one machine."""
    turns_per_day: Annotated[int, Field(ge=1)] = 2
    """How often a place of `at_once` is used in one day: a passage takes hours."""
    reimages_per_day: Annotated[int, Field(ge=1)] = 6
    """How often a place of `blast_radius` and `network_at_once` is used in one day."""
    reserve_working_days: Annotated[int, Field(ge=0)] = 5
    """Working days before the cutover that the plan leaves free when it can: retries need them."""
    machines_per_run: Annotated[int, Field(ge=1)] = 50
    """Largest batch of one Ansible run."""
    runs_at_once: Annotated[int, Field(ge=1)] = 8
    """How many Ansible runs one daemon has at the same time. A run counts by the part of its
    machines that is still at work, so that one slow machine holds nobody up; there are never more
    than three times as many."""
    owners_first: bool = True
    """Finish PCs that were rewritten before others begin, so that their owners wait least. Without
    it all go forward together, and where places are short the last one is through a little earlier.
    """
    gather_seconds: Annotated[float, Field(ge=0)] = 3
    """How long a machine that is ready waits for others of its site to share a run."""
    site: SiteLimits = SiteLimits()
    """For sites without a table of their own."""


class Pilot(Section):
    """`[pilot]`"""

    size: Annotated[int, Field(ge=0)] = 10
    """How many machines go first, before every other wave."""
    soak_working_days: Annotated[int, Field(ge=0)] = 3
    """Working days between the pilot and the next wave."""
    departments: tuple[str, ...] = ()
    """Only from these; none named: from every department in turn."""
    machines: tuple[str, ...] = ()
    """Asset tags that are taken before others."""


class Generation(Section):
    """`[generations.DK20]`"""

    path: Literal["reimage", "refresh"] = "reimage"
    """`reimage` keeps the PC; `refresh` replaces it by a successor."""
    take_home: bool | Literal["after-refresh"] = False
    """Whether the PC may be taken home."""
    order: Annotated[int, Field(ge=0)] = 1
    """Lower goes first."""
    image: str = "win11-23h2-r1"
    """Id of the image that the PC must report after reimage."""
    canary: Annotated[int, Field(ge=0)] = 0
    """At most so many on the generation's first day at a site; 0: no such limit."""
    successors: dict[FirstDay, Annotated[int, Field(ge=1)]] = {}
    """Successor machines by day of delivery; a refresh is planned from its delivery on."""

    @model_validator(mode="after")
    def _stock_has_a_use(self) -> Self:
        if self.successors and self.path != "refresh":
            raise ValueError(_('successors are for path = "refresh": set it, or remove them'))
        return self


class Notice(Section):
    """`[notice]`"""

    days_before: Annotated[int, Field(ge=0)] = 14
    """Owners are told so many days ahead; a date nearer than that is announced and kept."""


class DepartmentRules(Section):
    """`[departments."NAME"]`: 部局, or 部局 and 所属 with a space between, as in the ledger."""

    site: str | None = None
    """Where its machines stand when the ledger does not say; required."""
    blackouts: Ranges = ()
    """Days on which none of its machines is moved, such as an assembly session."""
    not_before: FirstDay | None = None
    """First day for its machines."""
    not_after: LastDay | None = None
    """Last day for its machines."""
    contact: str = ""
    """Whom to ask."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.site:
            raise ValueError(_('a department needs its site: add site = "本庁"'))
        if self.not_before and self.not_after and self.not_after < self.not_before:
            raise ValueError(
                _("not_after {last} is before not_before {first}: swap them").format(
                    last=self.not_after, first=self.not_before
                )
            )
        return self


class MachineRules(Section):
    """`[machines."DK20-000417"]`"""

    pinned: FirstDay | None = None
    """The only day for it."""
    window: DateRange | None = None
    """Only within these days."""


class PersonRules(Section):
    """`[people."012345"]`: by staff number"""

    absences: Ranges = ()
    """Days on which the owner is away."""
    window: DateRange | None = None
    """Only within these days, such as those agreed with a governor's office."""
    first: bool = False
    """Before others whose day is the same."""
    trained_on: LastDay | None = None
    """When the training was or is due; the machine is moved after that day."""


def unknown_sites(
    departments: dict[str, DepartmentRules],
    sites: dict[str, SiteLimits],
    complain: Callable[[str], None],
) -> None:
    """Tell of every department at a site that no table describes."""
    for name, rules in departments.items():
        if rules.site and rules.site not in sites:
            complain(
                _(
                    'departments.{name}.site: there is no site "{site}": '
                    'add [sites."{site}"] or correct the name'
                ).format(name=name, site=rules.site)
            )
