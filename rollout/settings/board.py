"""What the programme promised besides machines, and the daily report."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from rollout.domain.periods import fiscal_year
from rollout.domain.programme_board import Better
from rollout.i18n import _
from rollout.settings.planning import LastDay, Section, period


def fiscal_year_of(value: Any) -> int:
    """A fiscal year as a person writes it: 2023, FY2023 or 令和5年度. Raises ValueError."""
    text = str(value).strip()
    return int(text) if text.isdecimal() else fiscal_year(period(text).first)


FiscalYear = Annotated[int, BeforeValidator(fiscal_year_of), Field(ge=2000, le=2100)]
"""The western year in which it begins."""
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Milestone(Section):
    """`[milestones."data-platform"]`: something that is to be there by a day; `rollout programme
    set` says how far it is."""

    name: str = ""
    """Shown in place of the key."""
    due: LastDay
    """The last day in time."""
    owner: str = ""
    """Who answers for it."""


class Indicator(Section):
    """`[indicators."trials"]`: a figure that is counted through each fiscal year."""

    name: str = ""
    """Shown in place of the key."""
    unit: str = ""
    """What is counted, such as `people` or `%`."""
    owner: str = ""
    """Who answers for it."""
    better: Better = Better.MORE
    """`more`: the target is to be reached; `less`: it is not to be exceeded."""
    targets: dict[FiscalYear, Figure]
    """By fiscal year: `{ "FY2023" = 3, "令和6年度" = 3 }`."""

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if not self.targets:
            raise ValueError(_('without a target nothing is measured: targets = { "FY2023" = 3 }'))
        return self


class Report(Section):
    """`[report]`: the daily progress report."""

    in_charge: str = ""
    """Who looks after an exception when neither its department nor its site names a contact."""
    answer_days: Annotated[int, Field(ge=0, le=60)] = 1
    """An exception without a date of its own is to be looked at so many working days after it
    arose; 0: on the day itself."""
