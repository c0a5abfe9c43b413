"""What a plan can break, and how it is told."""

from datetime import date
from typing import NamedTuple

from rollout.domain.lifecycle import Described


class Rule(Described):
    """What a plan can break."""

    COUNTED = "counted", "Every machine is placed or listed, once."
    IMPOSSIBLE = "impossible", "A machine that cannot be moved has no day."
    PERIOD = "period", "From the first day to the day before the cutover."
    WEEKEND = "weekend", "Nobody works at weekends."
    HOLIDAY = "holiday", "Nobody works on national holidays."
    CLOSED = "closed", "Nobody works on closed days."
    FROZEN = "frozen", "No machine is moved in a freeze."
    SITE = "site", "A machine is moved where it stands."
    SITE_WEEKDAY = "site_weekday", "The site is visited on other days of the week."
    SITE_PER_DAY = "site_per_day", "Machines a day at the site."
    SITE_AT_ONCE = "site_at_once", "Places at once, as often as they can be used in a day."
    SITE_NETWORK = "site_network", "Reimages at once that the site's line bears."
    SITE_SPARES = "site_spares", "Spare PCs of the site."
    BLAST_RADIUS = "blast_radius", "Reimages at once everywhere."
    DEPARTMENT_DATES = "department_dates", "Blackouts and first and last day of the department."
    DEPARTMENT_SHARE = "department_share", "Share of the department on one day."
    PINNED = "pinned", "The day that the machine is pinned to."
    WINDOW = "window", "The window of the machine or its owner."
    ABSENCE = "absence", "The owner is away."
    TOO_EARLY = "too_early", "The owner is not trained yet."
    LEASE = "lease", "The lease has ended."
    SUCCESSORS = "successors", "Successor machines are there before they are needed."
    CANARY = "canary", "Few of a generation on its first day at a site."
    GENERATION_ORDER = "generation_order", "Two machines of a site could just change places."
    PILOT = "pilot", "The pilot is the first wave, soaks, and is as large as configured."
    WAVE_SIZE = "wave_size", "Machines of a wave."
    WAVE_DAYS = "wave_days", "A wave's days are those of its machines."
    ANNOUNCED = "announced", "An announced date is moved only when it cannot be kept."


class Found(NamedTuple):
    """What was found, in no language: a msgid and what fills it in.

    `rollout.i18n.labels.said` says it in the language in force; as a text it is English.
    """

    text: str = ""
    details: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return self.text.format(**dict(self.details))


def found(text: str, **details: object) -> Found:
    """`text` is a msgid; it needs no details that the rule and its day say already."""
    return Found(text, tuple(details.items()))


class Violation(NamedTuple):
    """One broken rule: who, when, and what was found."""

    rule: Rule
    asset_tag: str
    day: date | None
    found: Found
