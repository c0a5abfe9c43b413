"""Take-outs of people who leave or are transferred."""

from datetime import date

from rollout.store import postings
from rollout.store.tables import Machine, Takeout
from tests.integration.test_people.conftest import APRIL, BEFORE, NOW, PEOPLE, Office


def test_the_take_out_of_somebody_who_leaves_is_withdrawn(office: Office) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    with office.database.write() as session:
        session.add(
            Takeout(machine_id=1, person_id=3, period_from=APRIL, period_to=date(2023, 4, 30),
                    place="自宅", purpose="在宅勤務", applied_by="a", applied_at=NOW,
                    state_since=NOW)
        )  # fmt: skip
    report = office.take("1003,佐藤 次郎,,,,,,R5.3.27,退職,\n")
    assert [one.key for one in report.effects.takeouts] == ["DK20-000003"]
    with office.database.read() as session:
        assert session.exec(postings.select(Takeout.state)).all() == ["withdrawn"]


def test_who_is_transferred_and_leaves_the_pc_that_is_outside_is_to_bring_it_back(
    office: Office,
) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    with office.database.write() as session:
        pc = session.get_one(Machine, 1)
        pc.state, pc.wave_id, pc.planned_day = "portable", None, None
        session.add(pc)
        session.add(
            Takeout(machine_id=1, person_id=3, period_from=BEFORE, period_to=date(2023, 6, 30),
                    place="自宅", purpose="在宅勤務", applied_by="a", applied_at=NOW,
                    state="out", decided_by="b", decided_at=NOW, allowed_at=NOW, out_on=BEFORE,
                    state_since=NOW)
        )  # fmt: skip
    office.take("1003,佐藤 次郎,,総務部,人事課,本庁,主任,R5.4.1,異動,\n")
    office.day_comes(APRIL)
    with office.database.read() as session:
        assert session.exec(postings.select(Takeout.state)).all() == ["recalled"]
    assert office.machine("DK20-000003").owner_id is None


def test_a_pc_in_its_passage_loses_its_users_take_out_with_its_user(office: Office) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    with office.database.write() as session:
        session.add(Machine(asset_tag="DK20-000004", generation="DK20", owner_id=1, site_id=99,
                            state_since=NOW))  # fmt: skip
        session.flush()
        session.add_all(
            Takeout(machine_id=machine, person_id=3, period_from=BEFORE, place="自宅",
                    period_to=date(2023, 6, 30), purpose="在宅勤務", applied_by="a",
                    applied_at=NOW, state_since=NOW)
            for machine in (1, 2)
        )  # fmt: skip

    def becomes(state: str) -> None:
        with office.database.write() as session:
            pc = session.get_one(Machine, 1)
            pc.state = state
            session.add(pc)

    becomes("restored")
    office.take("1003,佐藤 次郎,,総務部,人事課,本庁,主任,R5.4.1,異動,\n")
    office.day_comes(APRIL)
    assert office.machine("DK20-000003").owner_id == 3
    becomes("migrated")
    office.day_comes(APRIL)
    with office.database.read() as session:
        states = dict(session.exec(postings.select(Takeout.machine_id, Takeout.state)).all())
    assert office.machine("DK20-000003").owner_id is None
    assert states == {1: "withdrawn", 2: "applied"}


def test_a_take_out_stays_valid_until_the_last_day_that_is_still_to_come(office: Office) -> None:
    office.take(PEOPLE)
    office.equip("001003", "DK20-000003", date(2023, 4, 20))
    with office.database.write() as session:
        session.add(
            Takeout(machine_id=1, person_id=3, period_from=NOW.date(), period_to=APRIL,
                    place="自宅", purpose="在宅勤務", applied_by="a", applied_at=NOW,
                    state_since=NOW)
        )  # fmt: skip
    report = office.take("1003,佐藤 次郎,,,,,,R5.3.31,退職,\n", as_of=APRIL)
    assert [one.key for one in report.effects.takeouts] == ["DK20-000003"]
    with office.database.read() as session:
        assert session.exec(postings.select(Takeout.state)).all() == ["applied"]
