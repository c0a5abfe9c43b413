"""Forgetting people who are gone, while the history goes on holding.

What tells who somebody was is taken out of every table and out of the texts of the history; a
pseudonym stays, so that it can still be seen that the same person was meant. Who acted as an
operator stays on record: that is what the history is for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from rollout.application.alone import alone
from rollout.application.operators import Operator
from rollout.application.ports import Archive
from rollout.domain.errors import RolloutError
from rollout.domain.history import Fact
from rollout.domain.personal import Traces
from rollout.i18n import _
from rollout.settings import OperatorRole, Settings
from rollout.store import backup as copies
from rollout.store import personal, redaction
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Person


class ForgetRefused(RolloutError):
    """Somebody cannot be forgotten yet; the message says why."""


class StillOpen(RolloutError):
    """The tables are as they should be, but somebody keeps their old state."""


@dataclass(frozen=True)
class Due:
    """Somebody who may be forgotten, since when he or she is gone, and what is known."""

    person_id: int
    staff_number: str
    name: str
    gone_since: date
    machines: int


@dataclass(frozen=True)
class Forgotten:
    """What was taken out for one person."""

    person_id: int
    facts: int
    texts: int
    runs: int


def due(database: Database, settings: Settings, now: datetime) -> list[Due]:
    """Everybody who has been gone for longer than `[personal_data] keep_days`."""
    zone = settings.programme.zone
    last = now.astimezone(zone).date() - timedelta(days=settings.personal_data.keep_days)
    with database.read() as session:
        found = [
            Due(row.person_id, row.staff_number, row.name, _day(row.since, settings), row.machines)
            for row in personal.gone(session)
        ]
    return [person for person in found if person.gone_since <= last]


def _day(since: datetime | date, settings: Settings) -> date:
    if isinstance(since, datetime):
        return since.astimezone(settings.programme.zone).date()
    return since


def chosen(
    database: Database, settings: Settings, staff_numbers: Sequence[str], now: datetime
) -> list[Due]:
    """Those of these staff numbers, or everybody who is due when none is given.

    Raises ForgetRefused with everyone who may not be forgotten yet, and why.
    """
    known = {person.staff_number: person for person in due(database, settings, now)}
    if not staff_numbers:
        return list(known.values())
    with database.read() as session:
        faults = [
            _why_not(session, number, settings) for number in staff_numbers if number not in known
        ]
    if faults:
        raise ForgetRefused("; ".join(faults))
    return [known[number] for number in dict.fromkeys(staff_numbers)]


def _why_not(session: Session, number: str, settings: Settings) -> str:
    person = personal.by_number(session, number)
    if person is None:
        return _("{number}: nobody has this staff number").format(number=number)
    gone = {row.person_id: row for row in personal.gone(session)}.get(person.id or 0)
    if gone is None:
        return _(
            "{number} is in service or has a machine in use: when the ledger says otherwise, "
            "import it first"
        ).format(number=number)
    first = _day(gone.since, settings) + timedelta(days=settings.personal_data.keep_days)
    return _("{number} may be forgotten from {day} on ([personal_data] keep_days)").format(
        number=number, day=first.isoformat()
    )


def preview(database: Database, person_id: int) -> Forgotten:
    """How much there is to take out; nothing is changed."""
    with database.read() as session:
        person = personal.by_id(session, person_id)
        known = personal.traces(session, person)
        facts = sum(1 for _row in redaction.about(session, person_id, known))
        texts = sum(1 for _mention in personal.mentions(session, known))
        return Forgotten(person_id, facts, texts, len(personal.runs_of(session, person_id)))


def forget(
    database: Database,
    archive: Archive,
    people: Sequence[Due],
    operator: Operator,
    reason: str,
    now: datetime,
    *,
    holder: str,
    gone: Callable[[str], bool],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Forgotten]:
    """Forget these people, one transaction each, then write the file anew.

    No daemon may act meanwhile: the last part locks the whole database. Interrupted, it can be
    begun again. Raises NotPermitted, LeaseHeld, ForgetRefused; StillOpen when it is done but the
    database's log could not be emptied.
    """
    operator.must_be(OperatorRole.APPROVER)
    done = []
    with alone(database, holder, gone):
        for person in people:
            done.append(_forget(database, archive, person, operator, reason, now))
            progress(len(done), len(people))
        if not copies.compact(database):
            raise StillOpen(
                _(
                    "they are forgotten, but another program reads the database, and its log still "
                    "holds them: end every program that has it open"
                )
            )
    return done


def _forget(
    database: Database,
    archive: Archive,
    due_person: Due,
    operator: Operator,
    reason: str,
    now: datetime,
) -> Forgotten:
    person_id = due_person.person_id
    with database.write() as session:
        person = personal.by_id(session, person_id)
        known = personal.traces(session, person)
        _must_not_tell(known, reason)
        runs = personal.runs_of(session, person_id)
        facts = [after for _before, after in redaction.about(session, person_id, known)]
        redaction.redact(session, facts, _fact(person, operator, reason, now))
        texts = list(personal.mentions(session, known))
        personal.remove(session, texts)
        personal.forget(session, person, now)
        _must_be_gone(session, person_id, known)
    removed = sum(archive.remove(ident) for ident in runs)
    return Forgotten(person_id, len(facts), len(texts), removed)


def _fact(person: Person, operator: Operator, reason: str, now: datetime) -> Fact:
    person_id = person.id or 0
    key = redaction.pseudonym(person_id)
    return Fact(
        instant_text(now), operator.name, "person", person_id, key, "forget", None, None, reason
    )


def _must_not_tell(known: Traces, reason: str) -> None:
    if known.found(reason):
        raise ForgetRefused(
            _("the reason names the person: write it without name and staff number")
        )


def _must_be_gone(session: Session, person_id: int, known: Traces) -> None:
    """Look again before it counts as done."""
    left = [text.id for text, _after in redaction.about(session, person_id, known)]
    texts = [mention.table.name for mention in personal.mentions(session, known)]
    if left or texts:
        raise ForgetRefused(
            _("something is left in {places}: nothing was changed; please report this").format(
                places=", ".join([*(f"audit {row}" for row in left), *texts])
            )
        )
