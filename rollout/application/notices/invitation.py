"""The mail with which the owner of a personal device is invited."""

from datetime import date, datetime

from sqlmodel import Session

from rollout.domain.notice import NoticeKind
from rollout.store import notices
from rollout.store.notices import Standing


def invite(session: Session, device_id: int, person_id: int, *, day: date, at: datetime) -> None:
    """Put the invitation for a device into the outbox, in the caller's transaction.

    It goes once for each day on which it was ordered, as soon as the daemon or
    `rollout notice send` sends, and tells the steps for the device's platform; not any more when
    the device is neither approved nor invited by then.
    """
    about = str(device_id)
    notices.plan_for_people(
        session, NoticeKind.BYOD_INVITATION, {person_id: day}, at=at, about=about
    )


def invitation(session: Session, device_id: int) -> Standing | None:
    """Where the newest invitation for a device stands: with its cause when it was refused or came
    back; None when there is none."""
    return notices.newest(session, NoticeKind.BYOD_INVITATION, str(device_id))
