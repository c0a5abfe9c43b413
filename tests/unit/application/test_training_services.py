"""Courses that a service demands: nothing is begun for who lacks one, and what is there stays."""

from dataclasses import dataclass
from datetime import date

import pytest

from rollout.application.accounts.deciding import Decider, Decision
from rollout.application.training.promoters import promoters_with_gaps, without_promoter
from rollout.application.training.services import ServiceTraining
from rollout.domain.account import CloudService, PlannedAction
from rollout.store import training
from rollout.store.tables import Department, Person

from .conftest import DAY, Office


@pytest.fixture
def people(office: Office) -> Office:
    """Two offices: 1 and 2 in the one, 3 in the other; only 2 has had the course."""
    office.configure(
        "training",
        courses=("情報セキュリティ",),
        services={CloudService.CHAT: ("チャットの作法",)},
        promoters={"総務部": ("000002",), "総務部 人事課": ("000001",), "農林部": ("999999",)},
    )
    with office.database.write() as session:
        names = [("総務部", "財政課"), ("総務部", "人事課"), ("農林部", "林業課")]
        for bureau, division in names:
            session.add(Department(bureau=bureau, division=division, valid_from=DAY))
            session.flush()
        for number, department in ((1, 1), (2, 2), (3, 3)):
            session.add(
                Person(staff_number=f"{number:06d}", name=f"人{number}", department_id=department)
            )
            session.flush()
        training.add(
            session,
            [
                {"person_id": 2, "course": name, "course_key": name, "taken_on": date(2022, 10, 1),
                 "score": None, "passed": None}
                for name in ("情報セキュリティ", "チャットの作法")
            ],
        )  # fmt: skip
    return office


def test_a_service_waits_for_its_course_and_no_other_service_does(people: Office) -> None:
    with people.database.read() as session:
        known = ServiceTraining.read(session, people.settings)
    assert known.lacking(1, CloudService.CHAT) == "チャットの作法"
    assert known.lacking(1, CloudService.MAILBOX) is None
    assert known.lacking(2, CloudService.CHAT) is None


@dataclass
class _Whole:
    """A tenant in which nothing is decided by the directory."""

    products: dict[str, object]


@pytest.mark.parametrize(
    ("action", "becomes"),
    [
        (PlannedAction.CREATE, PlannedAction.BLOCKED),
        (PlannedAction.KEEP, PlannedAction.KEEP),
        (PlannedAction.REVOKE, PlannedAction.REVOKE),
    ],
)
def test_only_what_would_begin_is_kept_back_with_the_course(
    people: Office, action: PlannedAction, becomes: PlannedAction
) -> None:
    from rollout.store.accounts import people as account_people

    with people.database.read() as session:
        known = ServiceTraining.read(session, people.settings)
        person = next(one for one in account_people(session) if one.id == 1)
    decider = Decider(_Whole({}), people.settings.accounts, {}, DAY, training=known)  # type: ignore[arg-type]
    made = decider._trained(Decision(person, CloudService.CHAT, action))
    assert made.action is becomes
    assert ("チャットの作法" in (made.cause or "")) == (becomes is PlannedAction.BLOCKED)


def test_the_promoter_of_the_office_is_told_else_that_of_the_bureau(people: Office) -> None:
    with people.database.read() as session:
        found = promoters_with_gaps(session, people.settings, DAY)
        unknown, offices = without_promoter(session, people.settings, DAY)
    assert {
        id_: [one.person.staff_number for one in missing] for id_, missing in found.items()
    } == {2: ["000001"]}
    assert (unknown, offices) == (["999999"], {"農林部 林業課": 1})


def test_whom_the_list_marks_is_told_of_the_office_and_of_a_bureau_that_names_nobody(
    people: Office,
) -> None:
    people.configure("training", courses=("情報セキュリティ",), promoters={"総務部": ("000002",)})
    with people.database.write() as session:
        session.add(Department(bureau="農林部", division="畜産課", valid_from=DAY))
        session.flush()
        session.add(Person(staff_number="000004", name="人4", department_id=4, promoter=True))
        for id_ in (1, 3):
            person = session.get(Person, id_)
            assert person is not None
            person.promoter = id_ == 1
            session.add(person)
    with people.database.read() as session:
        found = promoters_with_gaps(session, people.settings, DAY)
        gone = without_promoter(session, people.settings, DAY)
    told = {id_: sorted(one.person.id for one in missing) for id_, missing in found.items()}
    assert told == {1: [1], 4: [3, 4]}
    assert gone == ([], {})
