"""Readiness adds up: departments to the programme, ready and not ready to everybody."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.application.readiness.query import (
    PersonReadiness,
    Wanted,
    readiness,
    summed,
)
from rollout.domain.machine import MachineState
from rollout.domain.readiness import Part
from rollout.store.tables import Account, Department, Person

from .conftest import DAY, Office

people = st.lists(
    st.builds(
        PersonReadiness,
        staff_number=st.text("0123456789", min_size=6, max_size=6),
        name=st.just("山田"),
        bureau=st.sampled_from(["", "総務部", "農林水産部"]),
        division=st.sampled_from(["", "人事課", "財政課"]),
        wave=st.none(),
        missing=st.lists(st.sampled_from(list(Part)), unique=True).map(tuple),
    )
)


@given(people)
@settings(max_examples=60, deadline=None)
def test_totals_reconcile(everybody: list[PersonReadiness]) -> None:
    found = summed(everybody, tuple(Part))
    assert sum(entry.people for entry in found.departments) == len(everybody)
    assert sum(entry.ready for entry in found.departments) == found.ready
    assert found.ready + sum(not person.ready for person in everybody) == len(everybody)
    assert sum(entry.people for entry in found.offices) == len(everybody)
    for part in Part:
        lacking = sum(part in person.missing for person in everybody)
        assert found.missing[part] == lacking
        assert sum(entry.missing[part] for entry in found.departments) == lacking
        assert sum(entry.missing[part] for entry in found.offices) == lacking
    effects = [entry.people for entry in found.obstacles]
    assert effects == sorted(effects, reverse=True)
    for entry in found.obstacles:
        assert entry.alone == sum(p.missing == (entry.part,) for p in everybody)
        assert entry.people == sum(entry.part in p.missing for p in everybody)


def test_what_the_tables_say_of_each_person(office: Office) -> None:
    now = office.clock.now()
    with office.database.write() as session:
        department = Department(bureau="総務部", division="人事課", valid_from=DAY)
        session.add(department)
        session.flush()
        ready = Person(staff_number="000001", name="山田", department_id=department.id)
        waits = Person(staff_number="000002", name="佐藤")
        gone = Person(staff_number="000003", name="鈴木", left_on=DAY.replace(year=2020))
        session.add_all([ready, waits, gone])
        session.flush()
        owner = waits.id
        for service in ("identity", "licence", "mailbox", "chat"):
            session.add(
                Account(
                    key=f"000001 {service}",
                    person_id=ready.id or 0,
                    service=service,
                    state="ready",
                    state_since=now,
                )
            )
    office.wave()
    office.machines(1, state=MachineState.VERIFIED, owner_id=owner)
    found = readiness(office.database, office.settings, now)
    missing = {person.staff_number: person.missing for person in found.people}
    assert missing == {
        "000001": (),
        "000002": (Part.PC, Part.ACCOUNT, Part.CHAT, Part.NOTICE),
    }
    only = readiness(office.database, office.settings, now, Wanted(departments=("総務部 人事課",)))
    assert [person.staff_number for person in only.people] == ["000001"]
