"""Where people are posted, from when until when, and how a new posting changes that.

A timeline is the postings of one person in the order of days; no two of them share a day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from rollout.domain.lifecycle import Described

DAY = timedelta(days=1)


class PcFollows(Described):
    """What becomes of somebody's PC when he or she is transferred."""

    STAYS = "stays", "The PC stays with the department, for whoever comes next."
    GOES = "goes", "The PC goes with its user."


@dataclass(frozen=True, slots=True)
class Place:
    """What a posting says: department and site by their ids, and the post (職)."""

    department_id: int | None
    site_id: int | None = None
    post: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """One posting; both days are included, and without a last day it goes on."""

    place: Place
    first: date
    last: date | None = None
    pc: PcFollows | None = None
    """What the list said of the PC when this posting begins; None: the configuration decides."""

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return self.first <= day and (self.last is None or self.last >= day)


Timeline = tuple[Posted, ...]


def in_force(timeline: Sequence[Posted], day: date) -> Posted | None:
    """The posting of `day`; None between two, before the first and after the last."""
    return next((posted for posted in timeline if posted.holds_on(day)), None)


def post_from(timeline: Timeline, new: Posted) -> Timeline:
    """`timeline` with `new` from its first day on, until its last or the next posting begins.

    What was there before that day stays as it was, what begins later too; the same place goes on
    as one posting. Doing it twice changes nothing.
    """
    current = in_force(timeline, new.first)
    if current is not None and current.place == new.place and new.last is None:
        return timeline
    before = [_until(posted, new.first - DAY) for posted in timeline if posted.first < new.first]
    later = [posted for posted in timeline if posted.first > new.first]
    if later:
        ends = later[0].first - DAY
        new = replace(new, last=ends if new.last is None else min(new.last, ends))
    return _joined([*before, new, *later])


def end_after(timeline: Timeline, last: date) -> Timeline:
    """`timeline` of somebody whose last day is `last`: nothing goes on or begins after it."""
    return tuple(_until(posted, last) for posted in timeline if posted.first <= last)


def _until(posted: Posted, last: date) -> Posted:
    if posted.last is not None and posted.last <= last:
        return posted
    return replace(posted, last=last)


def _joined(postings: Sequence[Posted]) -> Timeline:
    """Neighbours that say the same are one."""
    found: list[Posted] = []
    for posted in postings:
        before = found[-1] if found else None
        if (
            before is not None
            and before.place == posted.place
            and before.last is not None
            and before.last + DAY == posted.first
        ):
            found[-1] = replace(before, last=posted.last)
        else:
            found.append(posted)
    return tuple(found)


def contradictions(timeline: Sequence[Posted]) -> list[tuple[Posted, Posted]]:
    """Neighbours that share a day; none in a timeline that was made here."""
    ordered = sorted(timeline, key=lambda posted: posted.first)
    return [
        (one, other)
        for one, other in pairwise(ordered)
        if one.last is None or one.last >= other.first
    ]
