"""What a mail tells beside machine, person and day, read when it is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from rollout.application.training.promoters import office_of, promoters_with_gaps
from rollout.domain.notice import NoticeKind
from rollout.domain.personal_device import DeviceState, Platform
from rollout.settings import Settings
from rollout.store import personal_devices
from rollout.store.notices import Letter

_WANTED = frozenset({DeviceState.APPROVED, DeviceState.INVITED})


@dataclass(frozen=True)
class Untrained:
    """Somebody of a promoter's offices, and the courses that are missing."""

    office: str
    staff_number: str
    name: str
    courses: Sequence[str]


@dataclass(frozen=True)
class Particulars:
    """`untrained` for a promoter; `platform` and `model` for the owner of a personal device."""

    untrained: Sequence[Untrained] = ()
    platform: Platform | None = None
    model: str = ""


NOTHING = Particulars()


def particulars(session: Session, settings: Settings, letter: Letter) -> Particulars | None:
    """What the mail of a notice tells as well; None when there is nothing left to tell."""
    if letter.kind == NoticeKind.MISSING_TRAINING:
        gaps = promoters_with_gaps(session, settings, letter.day).get(letter.person_id, [])
        missing = [
            Untrained(office_of(one), one.person.staff_number, one.person.name, tuple(one.courses))
            for one in gaps
        ]
        return Particulars(untrained=missing) if missing else None
    if letter.kind == NoticeKind.BYOD_INVITATION:
        found = personal_devices.one(session, int(letter.about))
        if found is None or found[0].state not in _WANTED:
            return None
        return Particulars(platform=Platform(found[0].platform), model=found[0].model)
    return NOTHING
