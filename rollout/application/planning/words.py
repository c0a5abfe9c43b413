"""Sentences about machines without a place, said by commands and screens."""

from typing import TYPE_CHECKING

from rollout.domain.words import msgid
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.planning.problem import Obstacle, Relaxation

_REMEDIES = {
    "pinned_day": msgid("pin it to another day"),
    "own_dates": msgid("change its absences, training, lease or window"),
    "department_dates": msgid("change the dates of its department"),
    "department_full": msgid("raise [limits] department_share_per_day"),
    "everywhere_full": msgid("raise [limits] blast_radius"),
    "no_successor": msgid("order more successors, or have them delivered earlier"),
    "site_not_visited": msgid("visit the site on another day of the week"),
    "site_without_capacity": msgid("give the site machines_per_day"),
    "no_day_left": msgid("begin earlier, or move the cutover"),
}


def without_a_place(obstacle: "Obstacle", number: int) -> str:
    """How many machines have no place for this reason."""
    from rollout.i18n.labels import label

    return _("{number} without a place: {why}").format(
        number=number, why=f"{label(obstacle)} – {_(obstacle.meaning)}"
    )


def relaxation(entry: "Relaxation") -> str:
    """What would give the machines of one site a place."""
    from rollout.i18n.labels import label

    where = _("{site}: {number} without a place ({why})").format(
        site=entry.site, number=entry.machines, why=label(entry.obstacle)
    )
    return f"{where}: {remedy(entry)}"


def remedy(entry: "Relaxation") -> str:
    """What would do, without saying for whom."""
    more, later = entry.more_per_day, entry.later_days
    if more is not None and later is not None:
        return _(
            "{more} more {more:machine|machines} a day there, or {days} working "
            "{days:day|days} later, would do"
        ).format(more=more, days=later)
    if more is not None:
        return _("{more} more {more:machine|machines} a day there would do").format(more=more)
    if later is not None:
        return _("{days} working {days:day|days} later would do").format(days=later)
    return _(_REMEDIES[entry.obstacle.value])


def unused_rule(table: str, name: str) -> str:
    """A table of the configuration that no machine belongs to."""
    return _(
        'rollout.toml has [{table}."{name}"], but no machine of the ledger has to do with '
        "it: correct the name"
    ).format(table=table, name=name)
