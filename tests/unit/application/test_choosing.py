"""In which order machines begin, and that a free place is never left free."""

from datetime import date
from typing import Any

from rollout.application import dispatch
from rollout.domain.machine import MachineState, MachineVerb, Step
from rollout.settings.planning import PersonRules
from rollout.store import transitions
from rollout.store.tables import Machine

Office = Any
CAPTURED, CLEARED, REIMAGED = MachineState.CAPTURED, MachineState.CLEARED, MachineState.REIMAGED


def one_place(office: Office) -> None:
    """Room for one machine at every site, so that the first one chosen is the most urgent."""
    site = office.settings.limits.site.model_copy(update={"at_once": 1})
    office.configure("limits", site=site)


def begun(office: Office) -> list[list[int]]:
    """The machines of each run that may begin now."""
    orders = dispatch.claim_ready(
        office.database, office.settings, lease_epoch=office.lease, at=office.clock.now()
    )
    return [[host.machine_id for host in order.hosts] for order in orders]


def retried(office: Office, machine_id: int) -> None:
    """Let a machine's step fail once, and send it back to its start."""
    with office.database.write() as session:
        for verb in (MachineVerb.BEGIN, MachineVerb.FAIL, MachineVerb.RETRY):
            transitions.apply(
                session, Machine, [machine_id], verb, actor="t", at=office.clock.now(), reason="t"
            )


def test_the_earlier_day_goes_first_whatever_the_number_of_its_wave(office: Office) -> None:
    one_place(office)
    office.wave(1)
    office.wave(2)
    office.machines(1, wave=1, planned_day=date(2022, 11, 1))
    (late,) = office.machines(1, wave=2, planned_day=date(2022, 10, 31))
    assert begun(office) == [[late]]


def test_what_is_due_goes_before_what_is_ahead_of_its_day(office: Office) -> None:
    one_place(office)
    ahead = office.settings.windows.model_copy(update={"ahead": (Step.PREFLIGHT,)})
    office.settings = office.settings.model_copy(update={"windows": ahead})
    office.wave()
    (tomorrow,) = office.machines(1, planned_day=date(2022, 11, 2))
    (due,) = office.machines(1, planned_day=date(2022, 11, 1))
    retried(office, due)
    assert begun(office) == [[due]]
    assert tomorrow != due


def test_people_who_go_first_go_before_others_of_their_day(office: Office) -> None:
    one_place(office)
    office.wave()
    _other, first = office.machines(2)
    office.owner(first, "知事", "00001")
    people = {"00001": PersonRules(first=True)}
    office.settings = office.settings.model_copy(update={"people": people})
    assert begun(office) == [[first]]


def test_a_retry_goes_last_of_what_is_due(office: Office) -> None:
    one_place(office)
    office.wave()
    again, fresh = office.machines(2)
    retried(office, again)
    assert begun(office) == [[fresh]]


def test_an_owner_whose_disk_is_rewritten_does_not_wait_for_one_who_still_works(
    office: Office,
) -> None:
    one_place(office)
    office.wave()
    office.machines(1)
    office.clock.forward(minutes=5)
    (waiting,) = office.machines(1, state=REIMAGED)
    assert begun(office) == [[waiting]]


def test_all_together_who_waits_longest_goes_first_even_then(office: Office) -> None:
    one_place(office)
    office.configure("limits", owners_first=False)
    office.wave()
    (older,) = office.machines(1)
    office.clock.forward(minutes=5)
    office.machines(1, state=REIMAGED)
    assert begun(office) == [[older]]


def test_of_equals_the_one_goes_first_that_waits_longest(office: Office) -> None:
    one_place(office)
    office.wave()
    (older,) = office.machines(1, state=CLEARED)
    office.clock.forward(minutes=5)
    office.machines(1, state=CLEARED)
    assert begun(office) == [[older]]


def test_every_free_place_is_taken_in_one_look_over_all_waves_sites_and_steps(
    office: Office,
) -> None:
    here, there = office.site("a"), office.site("b")
    office.wave(1)
    office.wave(2)
    groups = [
        office.machines(2, wave=1, site=here),
        office.machines(2, wave=1, site=here, state=CLEARED),
        office.machines(2, wave=2, site=here),
        office.machines(2, wave=2, site=there),
    ]
    assert sorted(begun(office)) == sorted(groups)
    assert begun(office) == []


def test_a_pc_that_is_being_erased_takes_no_place_of_a_wave(office: Office) -> None:
    one_place(office)
    office.wave()
    (old,) = office.machines(1, generation="DK17")
    with office.database.write() as session:
        for verb in (MachineVerb.SUPERSEDE, MachineVerb.RETAIN, MachineVerb.BEGIN):
            transitions.apply(
                session, Machine, [old], verb, actor="t", at=office.clock.now(), reason="t"
            )
    assert office.states([old]) == ["erasing"]
    ids = office.machines(1)
    assert begun(office) == [ids]


def test_a_line_that_bears_one_reimage_carries_one(office: Office) -> None:
    site = office.site("尾鷲")
    limits = office.settings.limits.site.model_copy(update={"network_at_once": 1})
    office.settings = office.settings.model_copy(update={"sites": {"尾鷲": limits}})
    office.wave()
    first, second = office.machines(2, site=site, state=CAPTURED)
    planned = office.machines(1, site=site)
    assert sorted(begun(office)) == sorted([[first], planned])
    assert office.states([second]) == ["captured"]


def test_a_slow_machine_keeps_its_own_place_and_not_its_runs(office: Office) -> None:
    office.configure("limits", runs_at_once=1, machines_per_run=2)
    office.wave()
    order, (fast, slow) = office.begin(Step.PREFLIGHT, 2)
    office.machines(2)
    assert office.tick().started == 0, "both of the run are at work"
    office.engine.deliver(office.report(order, fast))
    assert office.tick().started == 1
    assert office.states([slow]) == ["checking"]
    assert office.tick().started == 0


def test_slow_runs_are_never_more_than_the_computer_bears(office: Office) -> None:
    office.configure("limits", runs_at_once=1, machines_per_run=4)
    office.wave()
    started = 0
    for _round in range(5):
        office.machines(4)
        if office.tick().started:
            started += 1
            order = office.engine.last
            for host in order.hosts[:-1]:
                office.engine.deliver(office.report(order, host.machine_id))
    assert started == 3


def test_no_machine_waits_inside_a_run_while_its_time_runs_out(office: Office) -> None:
    office.configure("ansible", forks=3)
    office.wave()
    ids = office.machines(5)
    assert begun(office) == [ids[:3], ids[3:]]


def test_who_waits_for_company_keeps_the_place_that_it_will_take(office: Office) -> None:
    site = office.settings.limits.site.model_copy(update={"at_once": 2})
    office.configure("limits", site=site, gather_seconds=30)
    office.wave()
    order, (first, _second) = office.begin(Step.CONNECT, 2)
    (planned,) = office.machines(1)
    office.engine.deliver(office.report(order, first))
    assert office.tick().started == 0, "the free place is the first one's"
    office.clock.forward(seconds=30)
    assert office.tick().started == 1
    assert [host.machine_id for host in office.engine.last.hosts] == [first]
    assert office.states([planned]) == ["planned"]
