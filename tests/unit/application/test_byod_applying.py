"""Applications for personal devices: who may apply, who may decide, and what is refused."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import databases
import pytest

from rollout.application.byod.applying import (
    ApplicationRefused,
    DeviceApplication,
    apply,
    decide,
)
from rollout.application.byod.listing import devices
from rollout.application.operators import Operator
from rollout.domain.errors import NeedsApproval
from rollout.domain.personal_device import ApplicationKind, Platform
from rollout.settings import OperatorRole, Settings
from rollout.settings.byod import Byod
from rollout.settings.tree import Programme
from rollout.store.database import Database
from rollout.store.tables import Person

NOW = datetime(2022, 11, 1, 1, tzinfo=UTC)
CLERK = Operator("hana", OperatorRole.APPROVER)
OTHER = Operator("ken", OperatorRole.APPROVER)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Database]:
    opened = databases.migrated(tmp_path / "rollout.db")
    with opened.write() as session:
        session.add(Person(staff_number="000001", name="小林"))
        session.add(Person(staff_number="000002", name="森", left_on=date(2022, 10, 31)))
    yield opened
    opened.close()


def _settings(**wanted: object) -> Settings:
    # The tree itself reads files and the environment only.
    programme = Programme(start=date(2022, 11, 1), cutover=date(2023, 5, 1))
    return Settings.model_construct(programme=programme, byod=Byod.model_validate(wanted))


def _form(number: str = "000001", kind: ApplicationKind = ApplicationKind.NEW) -> DeviceApplication:
    consented = date(2022, 10, 1)
    return DeviceApplication(number, Platform.IOS, "iPhone 13", "mail", kind, "1.0", consented)


def test_an_approver_who_did_not_apply_approves_with_the_head_of_office(office: Database) -> None:
    settings = _settings(rules_version="1.0", licences=["EMS"])
    received = apply(office, settings, _form(), CLERK, NOW)
    assert len(received.lacks) == 2
    with pytest.raises(ApplicationRefused):
        decide(office, settings, received.number, OTHER, NOW, approve=True, reason=None)
    decide(
        office, settings, received.number, OTHER, NOW,
        approve=True, reason=None, head_of_office="課長",
    )  # fmt: skip
    (row,) = devices(office, settings, NOW)
    assert (row["state"], row["decided_by"], row["consent"]["rules"]) == ("approved", "ken", "1.0")


@pytest.mark.parametrize("name", ["hana", "000001", "000001@pref.example.jp", "小林"])
def test_nobody_decides_on_an_own_application(office: Database, name: str) -> None:
    number = apply(office, _settings(), _form(), CLERK, NOW).number
    own = Operator(name, OperatorRole.APPROVER)
    with pytest.raises(NeedsApproval):
        decide(office, _settings(), number, own, NOW, approve=False, reason="no")
    assert devices(office, _settings(), NOW)[0]["state"] == "applied"


def test_a_rejection_needs_a_reason_and_keeps_it(office: Database) -> None:
    number = apply(office, _settings(), _form(), CLERK, NOW).number
    with pytest.raises(ApplicationRefused):
        decide(office, _settings(), number, OTHER, NOW, approve=False, reason=" ")
    decide(office, _settings(), number, OTHER, NOW, approve=False, reason="too old")
    assert devices(office, _settings(), NOW)[0]["cause"] == "too old"


@pytest.mark.parametrize(
    "wanted", [{"rules_version": "2.0"}, {"platforms": ["android"]}], ids=["rules", "platform"]
)
def test_other_rules_and_other_platforms_are_refused(
    office: Database, wanted: dict[str, object]
) -> None:
    with pytest.raises(ApplicationRefused):
        apply(office, _settings(**wanted), _form(), CLERK, NOW)


def test_the_limit_counts_open_applications_and_not_ended_ones(office: Database) -> None:
    settings = _settings(max_devices=1)
    more = _form(kind=ApplicationKind.ADDITIONAL)
    number = apply(office, settings, _form(), CLERK, NOW).number
    with pytest.raises(ApplicationRefused):
        apply(office, settings, more, CLERK, NOW)
    decide(office, settings, number, OTHER, NOW, approve=False, reason="too old")
    assert apply(office, settings, more, CLERK, NOW).number != number


def test_who_left_cannot_apply(office: Database) -> None:
    with pytest.raises(ApplicationRefused):
        apply(office, _settings(), _form("000002"), CLERK, NOW)
