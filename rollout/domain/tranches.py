"""Which machines of a wave go first: a canary of each kind, then a part, then the rest.

The choice is made of what is known when the wave begins and comes out the same every time: by
day, and within a day by a digest of the asset tag, so that no site or model is at the front.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil


@dataclass(frozen=True)
class Member:
    """A machine of the wave; `begun` when its passage is under way already."""

    id: int
    tag: str
    generation: str
    site: int | None
    day: date | None
    begun: bool = False


def divide(
    members: Sequence[Member], *, canary: Callable[[str], int], share: float, smallest: int
) -> dict[int, int]:
    """The tranche of each machine, from 1 without gaps.

    First `canary(generation)` machines of every generation and site that begins on the wave's
    first day, then `share` of the whole wave, then the rest, both by day: no machine ever waits
    for one whose day is later than its own. A wave of fewer than `smallest` is not divided.
    """
    if len(members) < smallest:
        return dict.fromkeys((member.id for member in members), 1)
    ordered = sorted(members, key=_turn)
    first_day = min(member.day or date.min for member in members)
    first: list[int] = []
    taken: dict[tuple[str, int | None], int] = {}
    for member in ordered:
        kind = (member.generation, member.site)
        early = (member.day or date.min) == first_day
        if member.begun or (early and taken.get(kind, 0) < canary(member.generation)):
            taken[kind] = taken.get(kind, 0) + 1
            first.append(member.id)
    chosen = set(first)
    left = [member.id for member in ordered if member.id not in chosen]
    # As it was typed: in binary 10 % of 30 are a little more than 3.
    size = ceil(Fraction(str(share)) * len(members))
    groups = [group for group in (first, left[:size], left[size:]) if group]
    return {id_: number for number, group in enumerate(groups, start=1) for id_ in group}


def _turn(member: Member) -> tuple[bool, date, bytes]:
    digest = hashlib.sha256(member.tag.encode()).digest()
    return (not member.begun, member.day or date.min, digest)
