"""Private devices as a cloud service shows them: up to three registrations make one device.

The directory knows a registration, the device management an enrolment, app protection its apps on
a device. The first two share an id; apps know only their user, a tag and the device's name.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from rollout.domain.personal_device import Platform
from rollout.domain.text import match_key

_PLATFORM_WORDS = (
    (("iphone", "ipad", "ios", "ipod"), Platform.IOS),
    (("android",), Platform.ANDROID),
    (("windows",), Platform.WINDOWS),
    (("mac",), Platform.MACOS),
)
_MOBILE = frozenset({Platform.IOS, Platform.ANDROID})
_KEEPS = frozenset({"compliant"})
# Somebody in a grace period breaks the rule already, and only is not shut out yet.
_BREAKS = frozenset({"noncompliant", "conflict", "error", "ingraceperiod"})
_UNFLAGGED = "none"


class Verdict(Enum):
    """What the service says of the rules."""

    UNTOLD = "nothing"
    KEEPS = "keeps them"
    BREAKS = "breaks one"


@dataclass(frozen=True, slots=True)
class Registration:
    """A device of the directory; `private` says that it was registered and not joined."""

    id: str
    device_id: str
    user: str
    system: str
    private: bool
    company: bool
    model: str = ""
    name: str = ""
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A device of the device management; `compliance` is the service's own word."""

    id: str
    user: str
    device_id: str
    system: str
    company: bool
    compliance: str
    serial: str = ""
    model: str = ""
    name: str = ""
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProtectedApp:
    """An app that holds the organisation's data; `flags` are the service's objections to it."""

    id: str
    user: str
    tag: str
    system: str
    flags: tuple[str, ...] = ()
    name: str = ""
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One private device. `breach` is the service's word for the rule that it breaks.

    `app_seen` is when one of its apps reported last.
    """

    user: str
    system: str
    tag: str | None = None
    device_id: str | None = None
    azure_device_id: str | None = None
    managed_id: str | None = None
    company: bool = False
    owner_told: bool = False
    verdict: Verdict = Verdict.UNTOLD
    breach: str = ""
    model: str = ""
    name: str = ""
    last_seen: datetime | None = None
    app_seen: datetime | None = None

    @property
    def platform(self) -> Platform | None:
        """What it runs, as far as that is one of ours."""
        return platform_of(self.system)

    @property
    def key(self) -> str:
        """The service's kind and id of it, the most telling first."""
        if self.managed_id is not None:
            return f"managed:{self.managed_id}"
        return f"app:{self.user}:{self.tag}" if self.tag else f"device:{self.device_id}"


def platform_of(system: str) -> Platform | None:
    """The platform that the service's word means; None for one that cannot be applied for."""
    folded = match_key(system)
    for words, platform in _PLATFORM_WORDS:
        if any(word in folded for word in words):
            return platform
    return None


def put_together(
    registrations: Iterable[Registration],
    enrolments: Iterable[Enrolment],
    apps: Iterable[ProtectedApp],
    own_serials: Collection[str],
) -> list[Sighting]:
    """Every private device, in an order that does not depend on that of the answers.

    `own_serials` are those of the ledger: such a device is the organisation's and is left out, and
    so is a joined one. What is called the organisation's and is neither is told apart by `company`.
    """
    by_device: dict[str, Sighting] = {}
    joined: set[str] = set()
    for one in sorted(registrations, key=lambda row: row.id):
        if one.private:
            by_device[one.device_id or one.id] = _of_registration(one)
        else:
            joined.add(one.device_id)
    alone: list[Sighting] = []
    for enrolled in sorted(enrolments, key=lambda row: row.id):
        registered = by_device.get(enrolled.device_id)
        if match_key(enrolled.serial) in own_serials and enrolled.serial:
            by_device.pop(enrolled.device_id, None)
            continue
        if not _is_private(enrolled, joined, registered is not None):
            continue
        found = _with_enrolment(registered, enrolled)
        if registered is not None and registered.managed_id is None:
            by_device[enrolled.device_id] = found
        else:
            alone.append(found)
    return _with_apps([*by_device.values(), *alone], apps)


def _is_private(enrolled: Enrolment, joined: Collection[str], registered: bool) -> bool:
    """An organisation PC that the ledger does not have is none, nor one that nobody uses."""
    if not enrolled.user or enrolled.device_id in joined:
        return False
    return not enrolled.company or registered or platform_of(enrolled.system) in _MOBILE


def _of_registration(one: Registration) -> Sighting:
    return Sighting(
        one.user, one.system, device_id=one.id, azure_device_id=one.device_id,
        company=one.company, owner_told=one.company, model=one.model, name=one.name,
        last_seen=one.last_seen,
    )  # fmt: skip


def _with_enrolment(registered: Sighting | None, enrolled: Enrolment) -> Sighting:
    before = registered or Sighting(enrolled.user, enrolled.system)
    word = match_key(enrolled.compliance)
    verdict = (
        Verdict.KEEPS if word in _KEEPS else Verdict.BREAKS if word in _BREAKS else Verdict.UNTOLD
    )
    return replace(
        before,
        user=enrolled.user,
        system=enrolled.system or before.system,
        managed_id=enrolled.id,
        azure_device_id=enrolled.device_id or before.azure_device_id,
        company=enrolled.company,
        owner_told=True,
        verdict=verdict,
        breach=enrolled.compliance if verdict is Verdict.BREAKS else "",
        model=enrolled.model or before.model,
        name=enrolled.name or before.name,
        last_seen=_latest(before.last_seen, enrolled.last_seen),
    )


def _with_apps(devices: list[Sighting], apps: Iterable[ProtectedApp]) -> list[Sighting]:
    by_tag: dict[tuple[str, str], list[ProtectedApp]] = defaultdict(list)
    for app in apps:
        if app.tag and app.user:
            by_tag[app.user, app.tag].append(app)
    places: dict[tuple[str, Platform | None], list[int]] = defaultdict(list)
    for number, device in enumerate(devices):
        places[device.user, device.platform].append(number)
    left: list[Sighting] = []
    for (user, tag), group in sorted(by_tag.items()):
        ready = sorted(group, key=lambda app: app.id)
        place = _place_of(ready, places[user, platform_of(ready[0].system)], devices)
        if place is None:
            left.append(_with_group(Sighting(user, ready[0].system), tag, ready))
        else:
            devices[place] = _with_group(devices[place], tag, ready)
    return [*devices, *left]


def _place_of(
    group: Sequence[ProtectedApp], candidates: Sequence[int], devices: Sequence[Sighting]
) -> int | None:
    """The device on which these apps are: of the same name, else the only one that there is."""
    free = [place for place in candidates if devices[place].tag is None]
    name = match_key(group[0].name)
    same = [place for place in free if name and match_key(devices[place].name) == name]
    chosen = same or (free if len(candidates) == 1 else [])
    return chosen[0] if len(chosen) == 1 else None


def _with_group(device: Sighting, tag: str, group: Sequence[ProtectedApp]) -> Sighting:
    flags = sorted({flag for app in group for flag in app.flags if match_key(flag) != _UNFLAGGED})
    verdict, breach = device.verdict, device.breach
    if flags:
        verdict, breach = Verdict.BREAKS, ", ".join(filter(None, (breach, *flags)))
    elif device.managed_id is None:
        verdict = Verdict.KEEPS
    seen = _latest(*(app.last_seen for app in group))
    return replace(
        device, tag=tag, verdict=verdict, breach=breach, app_seen=seen,
        name=device.name or group[0].name, last_seen=_latest(device.last_seen, seen),
    )  # fmt: skip


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
