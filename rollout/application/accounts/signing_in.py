"""Who has signed in to the new account: read from the directory, and asked before a PC begins."""

from datetime import datetime, timedelta

from sqlmodel import Session

from rollout.application.accounts.directory import Directory
from rollout.application.choosing import KEEPS_THE_PC, next_step
from rollout.domain.words import msgid
from rollout.i18n.told import Told, told
from rollout.settings import Settings
from rollout.store import machines, sign_ins
from rollout.store.database import Database


def refresh(database: Database, settings: Settings, directory: Directory, at: datetime) -> bool:
    """Read who signed in when that is demanded and the last reading is old; whether it was read.

    Raises DirectoryAway.
    """
    asked = settings.accounts
    if asked.reimage_needs == "nothing":
        return False
    with database.read() as session:
        last = sign_ins.last_read(session)
        people = sign_ins.people_of_users(session)
    if not people or (last is not None and at - last < timedelta(hours=asked.sign_in_hours)):
        return False
    by_sign_in = asked.reimage_needs == "sign-in"
    moments = directory.signed_in() if by_sign_in else {}
    registered = frozenset() if by_sign_in else directory.registered()
    with database.write() as session:
        sign_ins.replace(
            session,
            [
                {
                    "person_id": person,
                    "signed_in_at": moments.get(user),
                    "registered": user in registered,
                    "read_at": at,
                }
                for user, person in people.items()
            ],
        )
    return True


def why_not_begun(database: Database, settings: Settings, tag: str) -> Told | None:
    """Why nothing begins with a machine because of its owner's account. Raises NotFound."""
    demand = settings.accounts.reimage_needs
    if demand == "nothing":
        return None
    with database.read() as session:
        machine = machines.by_tag(session, tag)
        if next_step(settings, machine) not in KEEPS_THE_PC:
            return None
        if not sign_ins.kept_back(session, [machine.id or 0], demand):
            return None
        return _why(session, settings, machine.owner_id or 0)


def _why(session: Session, settings: Settings, person_id: int) -> Told:
    known = sign_ins.of_person(session, person_id)
    if known is None:
        return told(
            msgid("nothing begins: the directory has not said yet whether the owner signed in")
        )
    moment = f"{known.read_at.astimezone(settings.programme.zone):%Y-%m-%d %H:%M}"
    if settings.accounts.reimage_needs == "registration":
        return told(
            msgid(
                "nothing begins: the owner has not registered for multi-factor sign-in "
                "(as of {moment})"
            ),
            moment=moment,
        )
    return told(
        msgid("nothing begins: the owner has not signed in to the new account (as of {moment})"),
        moment=moment,
    )
