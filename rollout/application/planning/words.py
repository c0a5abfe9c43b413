"""Sentences about machines without a place and about broken rules, for commands and screens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollout.domain.words import msgid
from rollout.i18n import _

if TYPE_CHECKING:
    from rollout.planning.problem import Obstacle, Relaxation
    from rollout.planning.rules import Violation

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


def found_words(broken: "Violation") -> str:
    """What the checker found, beside the rule, the machine and the day that it names as well."""
    from rollout.i18n.labels import said

    return said(broken.found.text, dict(broken.found.details))


def broken_words(broken: "Violation") -> str:
    """Rule, machine, day and what was found, in one line."""
    from rollout.i18n.labels import label

    day = broken.day.isoformat() if broken.day else ""
    told = filter(None, (broken.asset_tag, day, found_words(broken)))
    return f"{label(broken.rule)}: {' '.join(told)}"


def checker_lines(broken: Sequence["Violation"], before: int, shown: int) -> list[str]:
    """What the checker says of a move: rules that it breaks, and how many were broken `before`."""
    if broken:
        lines = [
            _("■ The checker: {count} {count:rule|rules} would be broken.").format(
                count=len(broken)
            )
        ]
    elif before:
        lines = [_("✓ The checker: it breaks no rule that was kept.")]
    else:
        lines = [_("✓ The checker: every rule is kept.")]
    lines += [f"  {broken_words(entry)}" for entry in broken[:shown]]
    if len(broken) > shown:
        lines.append(_("  and {count} more").format(count=len(broken) - shown))
    if before:
        lines.append(
            _("{count} {count:rule is|rules are} broken without it already").format(count=before)
        )
    return lines


def unused_rule(table: str, name: str) -> str:
    """A table of the configuration that no machine belongs to."""
    return _(
        'rollout.toml has [{table}."{name}"], but no machine of the ledger has to do with '
        "it: correct the name"
    ).format(table=table, name=name)
