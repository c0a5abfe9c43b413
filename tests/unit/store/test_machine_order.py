"""A list of machines in any order, read a window at a time, is the whole list once."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from rollout.domain.machine_order import MachineOrder, Sorting
from rollout.store import machines
from rollout.store.database import Database
from rollout.store.tables import Machine, Person, Site

AT = datetime(2022, 11, 1, tzinfo=UTC)
FLEET = st.lists(
    st.tuples(
        st.sampled_from(["本庁", "尾鷲", None]),
        st.sampled_from(["山田", "髙橋", "𠮷田", None]),
        st.integers(0, 3),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("order", MachineOrder)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fleet=FLEET, turned=st.booleans())
def test_windows_put_together_are_the_list(
    migrated: Database, order: MachineOrder, turned: bool, fleet
) -> None:
    sorting = Sorting(order, turned)
    with Session(migrated.engine) as session:  # rolled back at its end
        _fill(session, fleet)
        whole = machines.listing(session, sorting=sorting)
        read: list[machines.Joined] = []
        while found := machines.listing(
            session, after=read[-1].machine.asset_tag if read else "", limit=2, sorting=sorting
        ):
            read += found
            assert len(read) <= len(fleet)
        assert [one.machine.asset_tag for one in read] == [one.machine.asset_tag for one in whole]
        assert len(whole) == len(fleet)
        forwards = machines.listing(session, sorting=Sorting(order))
        tags = [one.machine.asset_tag for one in (reversed(whole) if turned else whole)]
        assert tags == [one.machine.asset_tag for one in forwards]
        since = [one.machine.state_since for one in forwards]
        assert order is not MachineOrder.SINCE or since == sorted(since)
        days = [one.machine.planned_day or date.max for one in forwards]
        assert order is not MachineOrder.DAY or days == sorted(days)


def _fill(session: Session, fleet) -> None:
    sites = {name: Site(key=name) for name in ("本庁", "尾鷲")}
    people = {
        name: Person(staff_number=f"{number:06}", name=name)
        for number, name in enumerate(("山田", "髙橋", "𠮷田"))
    }
    session.add_all([*sites.values(), *people.values()])
    session.flush()
    session.add_all(
        Machine(
            asset_tag=f"DK20-{number:06}",
            generation="DK20",
            site_id=sites[site].id if site else None,
            owner_id=people[owner].id if owner else None,
            state_since=AT + timedelta(hours=hours),
            planned_day=date(2022, 11, 1) + timedelta(days=day) if day is not None else None,
        )
        for number, (site, owner, hours, day) in enumerate(fleet)
    )
    session.flush()
