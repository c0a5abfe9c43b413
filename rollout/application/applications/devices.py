"""Applications for private devices out of a list: what is there already, and what is new."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from rollout.application.applications.reading import ByodEntry
from rollout.application.byod.applying import (
    DeviceApplication,
    lacks_by,
    must_be_complete,
    must_be_free,
    row_of,
)
from rollout.application.operators import Operator
from rollout.domain.history import Fact, canonical
from rollout.domain.personal_device import ENDED, ApplicationKind, DeviceState
from rollout.domain.text import match_key
from rollout.settings import Settings
from rollout.store import applications as store
from rollout.store import history
from rollout.store.columns import instant_text
from rollout.store.tables import PersonalDevice

Key = tuple[int, str, str, date]
"""Person, platform, model and day of consent: the same of all four is the same application."""


@dataclass(frozen=True)
class Taken:
    """What became of an entry: `changed` is None for a new application, with what it `lacks`.

    `ignored` are the columns in which it says otherwise than the application `number`, which a list
    does not change.
    """

    changed: bool | None
    lacks: tuple[str, ...] = ()
    number: int = 0
    ignored: tuple[str, ...] = ()


class DeviceRows:
    """Reads once what is known, so that 10,000 rows take no more questions than one."""

    def __init__(
        self, session: Session, settings: Settings, source: str, operator: Operator, now: datetime
    ) -> None:
        self._session, self._settings, self._source = session, settings, source
        self._operator, self._now = operator, now
        self._today = now.astimezone(settings.programme.zone).date()
        self._people = store.whole_people(session)
        self._services = store.services(session)
        self._known: dict[Key, PersonalDevice] = {}
        self._counted: dict[int, int] = {}
        for row in store.devices(session):
            self._known[_key(row.person_id, row.platform, row.model, row.consented_on)] = row
            if row.state not in ENDED:
                self._counted[row.person_id] = self._counted.get(row.person_id, 0) + 1
        self._new: list[PersonalDevice] = []

    def take(self, entry: ByodEntry) -> Taken:
        """One entry. Raises ApplicationRefused."""
        person = self._people[entry.staff_number]
        id_ = person.id or 0
        key = _key(id_, entry.platform.value, entry.model, entry.consented_on)
        known = self._known.get(key)
        if known is not None:
            changed = self._amended(known, entry)
            return Taken(changed, (), known.id or 0, _otherwise(known, entry))
        count = self._counted.get(id_, 0)
        kind = entry.kind or (ApplicationKind.ADDITIONAL if count else ApplicationKind.NEW)
        form = DeviceApplication(
            entry.staff_number, entry.platform, entry.model, entry.purpose, kind, entry.rules,
            entry.consented_on, entry.head,
        )  # fmt: skip
        must_be_complete(form, self._settings, self._today)
        must_be_free(person, form, count, self._settings, self._today)
        row = row_of(form, person, self._operator, self._now, entry.applied_on)
        row.head_decision = entry.head_decision.value if entry.head_decision else None
        row.head_decided_on = entry.head_decided_on
        self._known[key] = row
        self._counted[id_] = count + 1
        self._new.append(row)
        return Taken(None, lacks_by(self._services.get(id_, {}), self._settings))

    def write(self) -> list[int]:
        """Keep the new ones; their numbers."""
        self._session.add_all(self._new)
        self._session.flush()
        history.append(self._session, [self._fact(row, "apply") for row in self._new])
        return [row.id or 0 for row in self._new]

    def _amended(self, known: PersonalDevice, entry: ByodEntry) -> bool:
        """What the head of office has said since is taken in until somebody decides."""
        if known.id is None or known.state != DeviceState.APPLIED:
            return False
        said = (
            entry.head or known.head_of_office,
            entry.head_decision.value if entry.head_decision else known.head_decision,
            entry.head_decided_on or known.head_decided_on,
        )
        if said == (known.head_of_office, known.head_decision, known.head_decided_on):
            return False
        known.head_of_office, known.head_decision, known.head_decided_on = said
        self._session.add(known)
        history.append(self._session, [self._fact(known, "amend")])
        return True

    def _fact(self, row: PersonalDevice, verb: str) -> Fact:
        detail = {
            "source": self._source,
            "consent": {"rules": row.consent_version, "day": row.consented_on.isoformat()},
            "head": row.head_decision,
        }
        state = DeviceState.APPLIED.value
        return Fact(
            instant_text(self._now), self._operator.name, "personal_device", row.id or 0,
            str(row.id), verb, None if verb == "apply" else state, state, version=row.version,
            detail=canonical(detail),
        )  # fmt: skip


def _otherwise(known: PersonalDevice, entry: ByodEntry) -> tuple[str, ...]:
    """Columns of the list that say something else than the application that there is."""
    said: dict[str, tuple[object, object]] = {
        "purpose": (match_key(entry.purpose), match_key(known.purpose)),
        "rules": (match_key(entry.rules), match_key(known.consent_version)),
        "kind": (entry.kind, known.kind),
        "head": (entry.head, known.head_of_office),
        "head_decision": (entry.head_decision, known.head_decision),
        "head_decided_on": (entry.head_decided_on, known.head_decided_on),
    }
    return tuple(name for name, (now, before) in said.items() if now and now != before)


def _key(person: int, platform: str, model: str, consented: date) -> Key:
    return person, platform, match_key(model), consented
