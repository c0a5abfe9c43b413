"""Who goes from where to where, and which department's group he or she leaves and joins."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlmodel import Session

from rollout.application.accounts import following
from rollout.domain.account import CloudService
from rollout.domain.postings import DAY, Place, Timeline, in_force
from rollout.settings import Settings
from rollout.store import departments
from rollout.store import ledger as store


@dataclass(frozen=True, slots=True)
class Relocation:
    """One person on one day; without `to_department` he or she leaves, without `from_` begins.

    Groups are addresses before the @, and empty while the old and the new department have the same
    or groups are not kept from here. Who stays in service leaves after `leaves_after`; who goes
    leaves when access is revoked.
    """

    staff_number: str
    day: date
    from_department: str | None
    to_department: str | None
    from_site: str | None
    to_site: str | None
    leaves_group: str | None = None
    leaves_after: date | None = None
    joins_group: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data with stable keys."""
        after = self.leaves_after.isoformat() if self.leaves_after else None
        return asdict(self) | {"day": self.day.isoformat(), "leaves_after": after}


def relocations(
    session: Session,
    settings: Settings,
    lines: Mapping[str, tuple[Timeline, Timeline]],
    leaving: Mapping[str, date],
    day: date,
) -> list[Relocation]:
    """By staff number, from the timelines before and after a list; groups as they are on `day`."""
    names = {row.id: row.name for row in departments.every(session)}
    sites = {id_: name for name, id_ in store.sites(session).items()}
    group = _groups(session, settings, day)
    stays_for = timedelta(days=settings.accounts.old_group_days)
    found = []
    for number, (before, after) in sorted(lines.items()):
        for since, old, new in _steps(before, after, leaving.get(number)):
            left, joined = group(old), group(new)
            same = left == joined
            found.append(
                Relocation(
                    number,
                    since,
                    names.get(old.department_id or 0) if old else None,
                    names.get(new.department_id or 0) if new else None,
                    sites.get(old.site_id or 0) if old else None,
                    sites.get(new.site_id or 0) if new else None,
                    None if same else left,
                    since - DAY + stays_for if left and joined and not same else None,
                    None if same else joined,
                )
            )
    return found


def _steps(
    before: Timeline, after: Timeline, last: date | None
) -> Iterator[tuple[date, Place | None, Place | None]]:
    """The days on which `after` brings somebody elsewhere, and `before` did not."""
    for posted in after:
        known = in_force(before, posted.first)
        if known is not None and _where(known.place) == _where(posted.place):
            continue
        left = in_force(after, posted.first - DAY)
        if left is None or _where(left.place) != _where(posted.place):
            yield posted.first, left.place if left else None, posted.place
    if last is not None and (left := in_force(after, last)) is not None:
        yield last + DAY, left.place, None


def _where(place: Place) -> tuple[int | None, int | None]:
    return place.department_id, place.site_id


def _groups(
    session: Session, settings: Settings, day: date
) -> Callable[[Place | None], str | None]:
    wanted = settings.accounts
    if not wanted.in_use or CloudService.GROUPWARE not in wanted.services:
        return lambda place: None
    address = cache(following.read(session, wanted, day).address)
    return lambda place: address(place.department_id) if place and place.department_id else None
