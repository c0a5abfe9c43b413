"""The part of the configuration that the daemon obeys while waves run."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from rollout.domain.account import CloudService
from rollout.domain.controls import MODEL
from rollout.domain.gates import Limits as GateLimits
from rollout.domain.machine import Step
from rollout.domain.windows import Hours, Window
from rollout.i18n import _
from rollout.settings.planning import WEEKDAYS, Section, Weekday

Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Minutes = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Gates(Section):
    """`[gates]`: what lets a wave go on to its next tranche, and what halts it. Exactly at a
    limit is always on the good side; what cannot be measured is closed."""

    succeeded_share: Share = 0.8
    """The next tranche begins when so large a part of the machines let begin is through."""
    failed: Annotated[int, Field(ge=0)] = 5
    """More failed machines than this halt the wave."""
    failed_share: Share = 0.25
    """A larger part of failed machines than this halts the wave."""
    silent: Annotated[int, Field(ge=0)] = 5
    """More silent machines than this halt the wave."""
    silent_share: Share = 0.25
    """A larger part of silent machines than this halts the wave."""
    silent_minutes: Minutes = 30
    """A machine counts as silent when it has been so for longer than this."""
    share_needs: Annotated[int, Field(ge=1)] = 10
    """With fewer machines let begin than this, no share halts: the counts decide."""
    soak_minutes: Minutes = 60
    """The next tranche begins so long after the last machine came through."""
    training_share: Share | None = None
    """A tranche, the first too, begins when so large a part of its owners has had every course of
    `[training]`."""
    licences_free: Annotated[int, Field(ge=0)] | None = None
    """A tranche begins when so many seats of every licence of `licences` are free."""
    licences: tuple[str, ...] = ()
    """SKUs whose seats `licences_free` counts, as the directory names them."""
    licences_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 24
    """A stock that was read longer ago than this counts as not known."""
    notices_share: Share | None = None
    """A tranche begins when the owners of so large a part of its machines were sent the notice of
    their day in time."""
    notices_days: Annotated[int, Field(ge=0)] = 7
    """In time is so many calendar days before the machine's day, or earlier."""
    accounts_share: Share | None = None
    """A tranche begins when so large a part of its owners has every service of `accounts_services`
    ready."""
    accounts_services: tuple[CloudService, ...] = ()
    """Which services `accounts_share` demands; none named: all of `[accounts] services`."""

    @model_validator(mode="after")
    def _licences_are_named(self) -> Self:
        if self.licences_free is not None and not self.licences:
            raise ValueError(_("licences_free counts nothing: name the SKUs in licences"))
        return self

    @property
    def limits(self) -> GateLimits:
        """What the gates themselves need."""
        own = {"silent_minutes", "licences", "licences_hours", "notices_days", "accounts_services"}
        return GateLimits(**self.model_dump(exclude=own))


class Waves(Section):
    """`[waves]`"""

    start: Literal["due", "by hand"] = "due"
    """`due`: an approved wave starts by itself on its first day, when the pilot is done; `by hand`:
    an operator starts it."""


class Tranches(Section):
    """`[tranches]`: the parts in which a wave begins: canaries, a share, the rest."""

    smallest_wave: Annotated[int, Field(ge=1)] = 30
    """A wave of fewer machines begins as a whole."""
    canary: Annotated[int, Field(ge=0)] = 1
    """So many machines of every generation and site go first; `canary` of a generation's own
    table, where it is not 0, goes before this."""
    share: Share = 0.1
    """The part of the wave that follows them, before the rest."""


def _hours(value: Any) -> Any:
    """Refuse what is no span of hours; kept as it was written."""
    if isinstance(value, str):
        Hours.parse(value)
    return value


HoursOfDay = Annotated[str, BeforeValidator(_hours)]


class SiteWindow(Section):
    """Hours and days of one site."""

    hours: tuple[HoursOfDay, ...] = ()
    """Spans such as `18:00-22:00`, or `22:00-05:00` over midnight; none named: at any hour."""
    weekdays: tuple[Weekday, ...] = ()
    """Days of the week; a span over midnight belongs to the day on which it begins. None named:
    every day."""

    @property
    def window(self) -> Window:
        """What the dispatch asks."""
        return Window(
            tuple(Hours.parse(text) for text in self.hours),
            tuple(WEEKDAYS.index(day) for day in self.weekdays),
        )


class Windows(SiteWindow):
    """`[windows]`: when steps may begin, in the programme's time zone."""

    exempt: tuple[Step, ...] = (Step.CONNECT, Step.RESTORE, Step.VERIFY, Step.ENABLE)
    """Steps that may begin at any time: a PC that was rewritten is made ready for its owner.
    Reimage cannot be exempt."""
    ahead: tuple[Step, ...] = ()
    """Steps that may begin before the machine's own day, such as preflight and capture."""
    ahead_days: Annotated[int, Field(ge=0)] = 1
    """How many calendar days before: 3 reach from Monday to Friday."""
    sites: dict[str, SiteWindow] = Field(default={})
    """Other hours and days at a site, by its name in the ledger."""

    @model_validator(mode="after")
    def _destructive_steps_obey(self) -> Self:
        for name, steps in (("exempt", self.exempt), ("ahead", self.ahead)):
            for step in steps:
                if step.destructive:
                    raise ValueError(
                        f"{name}: {step} rewrites disks and begins only in its window, on its "
                        "day: take it out"
                    )
        unordered = [
            step.value for step in self.ahead if step not in (Step.PREFLIGHT, Step.CAPTURE)
        ]
        if unordered:
            raise ValueError(
                f"ahead: {', '.join(unordered)} comes after the reimage: only preflight and "
                "capture can go ahead"
            )
        return self

    def at(self, site: str | None) -> Window:
        """The window of a site."""
        return self.sites.get(site or "", self).window


def _pattern(value: Any) -> Any:
    """Refuse what is no regular expression; kept as it was written."""
    if isinstance(value, str):
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is no regular expression: {error}") from None
    return value


def _batches(value: Any) -> Any:
    """One size stands for a list of it; refuse what is neither a number nor a share."""
    sizes = value if isinstance(value, list | tuple) else (value,)
    for size in sizes:
        share = re.fullmatch(r"(\d{1,3})%", size) if isinstance(size, str) else None
        whole = isinstance(size, int) and not isinstance(size, bool) and size > 0
        if not whole and not (share and 0 < int(share[1]) <= 100):
            raise ValueError(
                _(
                    "{size} is no size of a batch: write a whole number such as 5, or a share such"
                    " as '10%'"
                ).format(size=repr(size))
            )
    return tuple(sizes)


class StepTimes(Section):
    """`[steps.reimage]`"""

    minutes: Annotated[float, Field(gt=0)] = 60
    """Deadline from claim to proof; after it the machine counts as silent or unknown."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 1
    """How often the step is begun before an operator is needed; a reimage that may have happened
    is never begun again by itself."""
    pause_minutes: Minutes = 10
    """How long the next attempt waits."""
    retry_on: tuple[Literal["failed", "silent"], ...] = ("failed",)
    """After what it is begun again."""
    retry_matching: tuple[Annotated[str, BeforeValidator(_pattern)], ...] = ()
    """Only after causes in which one of these regular expressions is found; none named: any."""
    serial: Annotated[tuple[int | str, ...], BeforeValidator(_batches)] = ()
    """Sizes of the batches in which a run goes through its machines, such as `5`, `"10%"` or
    `[1, 5, "50%"]` where the last one goes on; none: all at once. A batch that fails whole ends the
    run, and machines that had not begun wait for the next one."""
    max_fail_percentage: Annotated[float, Field(ge=0, lt=100, allow_inf_nan=False)] | None = None
    """When a larger part of a batch has failed, the run ends and the wave halts; machines in the
    middle of the step wait too. A machine that does not answer does not count as failed."""
    throttle: Annotated[int, Field(ge=0)] = 0
    """At most so many machines of a run are in the same task at once; 0: as many as `forks`."""


class Verification(Section):
    """`[verify]`: controls that could not be judged when they were measured, such as an EDR that
    shows up in its portal minutes later."""

    recheck_minutes: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    """They are measured again after so long, and again, while the machine is at its owner's."""
    recheck_hours: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 48
    """What is still pending when this is over needs a person."""
    controls: tuple[str, ...] = MODEL
    """What the security model asks of every PC on the new platform: one without a measurement that
    passed is a gap in `rollout export evidence`. `mfa` is the sign-in of the PC's owner."""
    only_take_home: tuple[str, ...] = ("disk_encryption",)
    """Controls that are awaited only of machines that may be taken home."""


class Retirement(Section):
    """`[retirement]`: PCs that were replaced by a successor."""

    retention_days: Annotated[int, Field(ge=0)] = 30
    """So long a PC stays as it is after its successor was handed over; then it may be erased."""


class Failures(Section):
    """`[failures]`"""

    hold_repeated: bool = True
    """Hold a machine whose step fails twice in the same way: a third attempt would as well."""


class Training(Section):
    """`[training]`"""

    courses: tuple[str, ...] = ()
    """Every owner needs these, by the names that the training files have; the gate
    `training_share` and `rollout training status` ask for all of them."""
    services: dict[CloudService, tuple[str, ...]] = Field(default={})
    """Courses that somebody needs before a service is asked for: `chat = ["情報セキュリティ"]`."""
    take_home: tuple[str, ...] = ()
    """Courses that the owner of a PC needs before it may leave the office."""
    promoters: dict[str, tuple[str, ...]] = Field(default={})
    """Staff numbers of the promoters (デジタル活用推進員) of each department, which is 部局, or
    部局 and 所属 with a space between, beside those whom the people's list marks; a division that
    has none has its bureau's."""
    remind_days: Annotated[int, Field(ge=1, le=365)] = 14
    """So often promoters are told by themselves who is missing; `rollout training remind` tells
    them at once."""
    pass_score: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """A score below this counts as not passed, and a record that has neither a score nor a word
    on passing does not count; none given: whoever attended and did not fail has had the course."""
    columns: dict[str, tuple[str, ...]] = Field(default={})
    """Further column names of training files: canonical name -> synonyms."""
