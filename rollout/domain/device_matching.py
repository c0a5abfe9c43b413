"""Which device that the service shows belongs to which application."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rollout.domain.device_sightings import Sighting
from rollout.domain.personal_device import Platform
from rollout.domain.text import match_key


@dataclass(frozen=True, slots=True)
class Expected:
    """An application whose device may be registered.

    `user` is the directory's id of its person; `leaving` says that it is to go. The ids are those
    by which the device was known before.
    """

    number: int
    user: str
    platform: Platform
    model: str
    leaving: bool = False
    tag: str | None = None
    device_id: str | None = None
    managed_id: str | None = None

    @property
    def may_be_another(self) -> bool:
        """Whether a device that shows none of the known ids can be meant."""
        return not (self.leaving and (self.tag or self.device_id or self.managed_id))


@dataclass(slots=True)
class Matched:
    """`bound` by the application's number; `stray` is what belongs to none."""

    bound: dict[int, Sighting] = field(default_factory=dict)
    stray: list[Sighting] = field(default_factory=list)


def match(sightings: Iterable[Sighting], expected: Sequence[Expected]) -> Matched:
    """Known ids decide first, then person and platform: the model that was applied for before
    others, older applications before newer ones, those in use before those that leave.

    What is to go and is known by an id is that device and no other: else the next phone of its
    owner would take its place once it is wiped, and either lose its data or never be gone.
    """
    found = Matched()
    free = _by_ids(sightings, expected, found)
    places: dict[tuple[str, Platform], list[Sighting]] = defaultdict(list)
    for sighting in free:
        if sighting.platform is None:
            found.stray.append(sighting)
        else:
            places[sighting.user, sighting.platform].append(sighting)
    open_ones = sorted(
        (one for one in expected if one.number not in found.bound and one.may_be_another),
        key=lambda one: (one.leaving, one.number),
    )
    for by_model in (True, False):
        for one in open_ones:
            here = places.get((one.user, one.platform), [])
            if one.number in found.bound:
                continue
            fitting = [seen for seen in here if not by_model or _same_model(one, seen)]
            if fitting:
                found.bound[one.number] = fitting[0]
                here.remove(fitting[0])
    found.stray += [sighting for here in places.values() for sighting in here]
    return found


def _by_ids(
    sightings: Iterable[Sighting], expected: Sequence[Expected], found: Matched
) -> list[Sighting]:
    """Bind what is known by an id; what is left."""
    owners: dict[tuple[str, str], int] = {}
    for one in expected:
        for key in _keys(one.user, one.tag, one.device_id, one.managed_id):
            owners.setdefault(key, one.number)
    free = []
    for sighting in sightings:
        keys = _keys(sighting.user, sighting.tag, sighting.device_id, sighting.managed_id)
        number = next((owners[key] for key in keys if key in owners), None)
        if number is None or number in found.bound:
            free.append(sighting)
        else:
            found.bound[number] = sighting
    return free


def _keys(
    user: str, tag: str | None, device_id: str | None, managed_id: str | None
) -> list[tuple[str, str]]:
    """Names under which a device can be found again; a tag is one of its user only."""
    named = (("managed", managed_id), ("device", device_id), (f"app {user}", tag))
    return [(kind, id_) for kind, id_ in named if id_]


def _same_model(one: Expected, seen: Sighting) -> bool:
    wanted, shown = match_key(one.model), (match_key(seen.model), match_key(seen.name))
    return any(text and (text in wanted or wanted in text) for text in shown)
