"""The queue of accounts: what is due, who has it, and what others read of it."""

from datetime import UTC, datetime, timedelta

import pytest

from rollout.domain.account import CloudService
from rollout.store import account_queue, account_takers
from rollout.store.database import Database
from rollout.store.tables import Account, Person

NOW = datetime(2023, 1, 10, 9, tzinfo=UTC)
IDENTITY = CloudService.IDENTITY.value


@pytest.fixture
def people(migrated: Database) -> Database:
    """Six people; the fifth is looked at later and the sixth is forgotten."""
    with migrated.write() as session:
        session.add_all(
            Person(
                id=n, staff_number=f"{n:06d}", name=f"職員 {n}",
                forgotten_at=NOW if n == 6 else None,
            )
            for n in range(1, 7)
        )  # fmt: skip
        session.flush()
        session.add_all(
            Account(
                id=n, key=f"{n:06d}/identity", person_id=n, service=IDENTITY,
                state="pending" if n % 2 else "requested", state_since=NOW,
                due_at=NOW + timedelta(hours=1) if n == 5 else NOW - timedelta(minutes=n),
            )
            for n in range(1, 7)
        )  # fmt: skip
    return migrated


def test_the_longest_waiting_of_both_open_states_come_first(people: Database) -> None:
    with people.read() as session:
        everybody = account_queue.due_services(session, IDENTITY, NOW, 10)
        first = account_queue.due_services(session, IDENTITY, NOW, 3)

    assert list(everybody) == [(4, 4), (3, 3), (2, 2), (1, 1)]
    assert list(first) == list(everybody)[:3]


def test_what_is_taken_is_nobody_elses_until_its_taker_is_dead(people: Database) -> None:
    until = NOW + timedelta(minutes=15)
    with people.write() as session:
        account_queue.claim(session, Account, [1, 2], until, "dead")
        account_queue.claim(session, Account, [3], until, "alive")
        assert account_takers.takers(session, NOW) == {"dead", "alive"}
        assert [one for one, _ in account_queue.due_services(session, IDENTITY, NOW, 10)] == [4]

        assert account_takers.free(session, "dead", NOW) == 2

        assert account_takers.takers(session, NOW) == {"alive"}
        due = [one for one, _ in account_queue.due_services(session, IDENTITY, NOW, 10)]
        doubts = {row.id for row in account_queue.standings_of(session, due) if row.in_doubt}
    assert due == [4, 1, 2]
    assert doubts == {1, 2}


def test_others_read_where_services_of_their_people_stand(people: Database) -> None:
    with people.read() as session:
        needs = account_queue.needs_of(session, [1, 2])

    assert {place: need.state for place, need in needs.items()} == {
        (1, IDENTITY): "pending",
        (2, IDENTITY): "requested",
    }
