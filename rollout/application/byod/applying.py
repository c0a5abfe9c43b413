"""Applying for a personal device, and deciding on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sqlmodel import Session

from rollout.application.operators import Operator
from rollout.domain.account import AccountState, CloudService
from rollout.domain.errors import NeedsApproval, NotFound, RolloutError
from rollout.domain.history import Fact, canonical
from rollout.domain.personal_device import (
    ApplicationKind,
    DeviceState,
    DeviceVerb,
    HeadDecision,
    Platform,
)
from rollout.domain.text import tidy
from rollout.i18n import _
from rollout.i18n.labels import label
from rollout.settings import OperatorRole, Settings
from rollout.store import history, transitions
from rollout.store import personal_devices as store
from rollout.store.columns import instant_text
from rollout.store.database import Database
from rollout.store.tables import Person, PersonalDevice


class ApplicationRefused(RolloutError):
    """An application cannot be taken in or decided so; the message says why."""


@dataclass(frozen=True)
class DeviceApplication:
    """What the form says; `consented_on` is the day of the consent to `rules`."""

    staff_number: str
    platform: Platform
    model: str
    purpose: str
    kind: ApplicationKind
    rules: str
    consented_on: date
    head_of_office: str | None = None


@dataclass(frozen=True)
class Received:
    """The number of an application, and what its person still lacks."""

    number: int
    lacks: tuple[str, ...]


def apply(
    database: Database,
    settings: Settings,
    form: DeviceApplication,
    operator: Operator,
    at: datetime,
) -> Received:
    """Take in one application. Raises ApplicationRefused, NotFound, NotPermitted."""
    operator.must_be(OperatorRole.OPERATOR)
    today = at.astimezone(settings.programme.zone).date()
    must_be_complete(form, settings, today)
    with database.write() as session:
        person = store.person(session, form.staff_number)
        if person is None:
            raise NotFound("person", form.staff_number)
        known = store.counted(session, person.id or 0)
        must_be_free(person, form, known, settings, today)
        row = row_of(form, person, operator, at, today)
        session.add(row)
        session.flush()
        number = row.id or 0
        history.append(session, [_received(row, operator, at)])
        return Received(number, lacks(session, person, settings))


def row_of(
    form: DeviceApplication, person: Person, operator: Operator, at: datetime, applied_on: date
) -> PersonalDevice:
    """A new application as it is kept."""
    return PersonalDevice(
        person_id=person.id or 0,
        platform=form.platform.value,
        model=tidy(form.model),
        purpose=tidy(form.purpose),
        kind=form.kind.value,
        applied_on=applied_on,
        applied_by=operator.name,
        applied_at=at,
        consent_version=form.rules,
        consented_on=form.consented_on,
        head_of_office=tidy(form.head_of_office or "") or None,
        state_since=at,
    )


def _received(row: PersonalDevice, operator: Operator, at: datetime) -> Fact:
    consent = {"rules": row.consent_version, "day": row.consented_on.isoformat()}
    return Fact(
        instant_text(at), operator.name, "personal_device", row.id or 0, str(row.id), "apply",
        None, DeviceState.APPLIED.value, version=1, detail=canonical({"consent": consent}),
    )  # fmt: skip


def must_be_complete(form: DeviceApplication, settings: Settings, today: date) -> None:
    """Whether the form is one that can be taken in. Raises ApplicationRefused."""
    wanted = settings.byod
    if form.platform not in wanted.platforms:
        raise ApplicationRefused(
            _("{platform} is not among [byod] platforms: choose another device").format(
                platform=label(form.platform)
            )
        )
    if not tidy(form.model) or not tidy(form.purpose):
        raise ApplicationRefused(_("model and purpose may not be empty: fill them in"))
    if not form.rules:
        raise ApplicationRefused(_("the consent names no version of the rules: give --rules"))
    if wanted.rules_version and form.rules != wanted.rules_version:
        raise ApplicationRefused(
            _(
                "the rules in force are {wanted}, the consent is to {given}: ask for a new one"
            ).format(wanted=wanted.rules_version, given=form.rules)
        )
    if form.consented_on > today:
        raise ApplicationRefused(
            _("the day of consent {day} has not come yet: correct it").format(
                day=form.consented_on.isoformat()
            )
        )


def must_be_free(
    person: Person, form: DeviceApplication, known: int, settings: Settings, today: date
) -> None:
    """Whether somebody with `known` devices and open applications may apply for this one.

    Raises ApplicationRefused.
    """
    if person.left_on is not None and person.left_on <= today:
        raise ApplicationRefused(
            _("{number} left on {day}: no device can be applied for").format(
                number=person.staff_number, day=person.left_on.isoformat()
            )
        )
    most = settings.byod.max_devices
    if form.kind is not ApplicationKind.REPLACEMENT and known >= most:
        raise ApplicationRefused(
            _(
                "{number} has {known} devices or open applications, the limit is {most} "
                "([byod] max_devices): one has to end first"
            ).format(number=person.staff_number, known=known, most=most)
        )
    if form.kind is ApplicationKind.REPLACEMENT:
        raise ApplicationRefused(
            _("a replacement is applied for as new, after the old device has ended")
        )
    if form.kind is ApplicationKind.NEW and known:
        raise ApplicationRefused(
            _("{number} has a device or an open application: apply for an additional one").format(
                number=person.staff_number
            )
        )


def lacks(session: Session, person: Person, settings: Settings) -> tuple[str, ...]:
    return lacks_by(store.service_states(session, person.id or 0), settings)


def lacks_by(states: Mapping[str, str], settings: Settings) -> tuple[str, ...]:
    """The same by the states of somebody's services."""
    found = []
    if states.get(CloudService.IDENTITY) != AccountState.READY:
        found.append(_("no account that is ready: see `rollout accounts plan`"))
    wanted = settings.byod.licences
    bought = set(wanted) <= set(settings.accounts.licences)
    if wanted and (not bought or states.get(CloudService.LICENCE) != AccountState.READY):
        found.append(_("no licence for app protection: {parts}").format(parts=", ".join(wanted)))
    return tuple(found)


def decide(
    database: Database,
    settings: Settings,
    number: int,
    operator: Operator,
    at: datetime,
    *,
    approve: bool,
    reason: str | None,
    head_of_office: str | None = None,
) -> tuple[str, ...]:
    """Approve or reject; what the person still lacks.

    The approver is neither who entered the application nor its person.
    Raises ApplicationRefused, NotFound, NotAllowed, NotPermitted, NeedsApproval.
    """
    operator.must_be(OperatorRole.APPROVER)
    said = (reason or "").strip()
    if not approve and not said:
        raise ApplicationRefused(_("a rejection needs a reason: give --reason"))
    with database.write() as session:
        found = store.one(session, number)
        if found is None:
            raise ApplicationRefused(
                _("there is no application {number}: see `rollout byod list`").format(number=number)
            )
        row, person = found
        if operator.name.casefold() in _names(row, person, settings):
            raise NeedsApproval(
                _("{name} applied: another approver has to decide").format(name=operator.name)
            )
        if approve and row.head_decision == HeadDecision.REFUSED and not head_of_office:
            raise ApplicationRefused(
                _(
                    "the head of office refused {number}: reject it, or name with "
                    "--head-of-office who agrees now"
                ).format(number=number)
            )
        head = tidy(head_of_office or "") or row.head_of_office
        if approve and not head:
            raise ApplicationRefused(
                _("no head of office is named who agreed: give --head-of-office")
            )
        missing = lacks(session, person, settings)
        row.head_of_office, row.decided_by, row.decided_at = head, operator.name, at
        row.decision_reason = said or None
        if approve and row.head_decision != HeadDecision.AGREED:
            row.head_decision = HeadDecision.AGREED.value
            row.head_decided_on = at.astimezone(settings.programme.zone).date()
        session.add(row)
        verb = DeviceVerb.APPROVE if approve else DeviceVerb.REJECT
        transitions.apply(
            session, PersonalDevice, [number], verb, actor=operator.name, at=at, reason=said or None
        )
        return missing


def _names(row: PersonalDevice, person: Person, settings: Settings) -> set[str]:
    """Names under which the applicant could act."""
    upn = upn_of(person, settings)
    own = {row.applied_by, person.staff_number, person.name, upn, upn.partition("@")[0]}
    return {name.casefold() for name in own}


class Named(Protocol):
    """Somebody with a number, and perhaps a name to sign in with."""

    @property
    def staff_number(self) -> str: ...

    @property
    def upn(self) -> str | None: ...


def upn_of(person: Named, settings: Settings) -> str:
    """The name that somebody signs in with, which is the mail address too."""
    return person.upn or settings.accounts.upn_by_number(person.staff_number)
