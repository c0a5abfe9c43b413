"""Runs in the hands of workers: taken once, made from the tables, settled when a worker is lost."""

from dataclasses import replace

import pytest

from rollout import __version__
from rollout.application.arrival_words import ArrivalRefused
from rollout.application.cluster import working
from rollout.application.cluster.standing import standing
from rollout.application.cluster.taking import TakenForLost
from rollout.application.doctor.finding import Level
from rollout.application.doctor.workers import examine
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import RunState
from rollout.store import failures, workers
from rollout.store.tables import Claim, Run

from .crews import Broom, Team


def test_an_order_made_from_the_tables_is_the_order_but_for_its_tokens(team: Team) -> None:
    worker = team.worker()
    for step in (Step.CAPTURE, Step.REIMAGE):
        run_id, _ids = team.run(step, 2)
        first, second = team.queue.order, team.take(run_id, worker)
        assert first is not None
        assert second is not None
        assert replace(second, hosts=()) == replace(first, hosts=())
        assert [replace(host, secrets={}) for host in second.hosts] == [
            replace(host, secrets={}) for host in first.hosts
        ]
        assert all(bool(host.secrets) is step.destructive for host in second.hosts)


def test_only_the_token_of_whoever_took_the_run_arms(team: Team) -> None:
    office, worker = team.office, team.worker()
    run_id, (machine,) = team.run(Step.REIMAGE)
    overtaken = team.queue.order
    taken = team.take(run_id, worker)
    with pytest.raises(ArrivalRefused):
        office.arm(overtaken, machine)
    office.arm(taken, machine)


def test_a_run_is_taken_once(team: Team) -> None:
    one, other = team.worker(), team.worker(name="host:2:2")
    run_id, _ids = team.run()
    assert team.take(run_id, one) is not None
    assert team.take(run_id, other) is None
    assert team.take(run_id, one) is None, "a job that comes twice starts nothing"


def test_a_job_of_an_ended_run_starts_nothing(team: Team) -> None:
    worker = team.worker()
    run_id, _ids = team.run()
    team.pass_by(70, beating=(worker,))
    assert team.office.run(run_id).state == RunState.CRASHED, "nobody took it for a minute"
    assert team.take(run_id, worker) is None


def test_a_lost_job_is_put_in_again_until_somebody_takes_the_run(team: Team) -> None:
    worker = team.worker()
    run_id, _ids = team.run()
    team.pass_by(25, beating=(worker,))
    epoch = team.office.lease
    assert team.queue.jobs == [(run_id, epoch, None)] * 2
    team.take(run_id, worker)
    team.pass_by(25, beating=(worker,))
    assert len(team.queue.jobs) == 2


def test_a_run_that_nobody_took_is_no_loss_of_its_machines(team: Team) -> None:
    worker = team.worker()
    _run, (machine,) = team.run()
    team.pass_by(61, beating=(worker,))
    with team.office.database.read() as session:
        assert failures.losses(session, machine) == 0
    outcomes = [claim.outcome for claim in team.office.claims(machine)]
    assert outcomes[0] == "not_started"


def test_a_silent_worker_is_lost_and_its_run_begins_anew_elsewhere(team: Team) -> None:
    lost, other = team.worker(concurrency=1), team.worker(name="host:2:2")
    run_id, (machine,) = team.run()
    team.take(run_id, lost)
    team.pass_by(59, beating=(other,))
    assert team.office.run(run_id).state == RunState.RUNNING
    team.pass_by(2, beating=(other,))
    assert team.office.run(run_id).state == RunState.LOST
    assert team.office.machine(machine).state == MachineState.CAPTURING, "a new attempt runs"
    assert team.queue.order is not None
    assert team.queue.order.run_id != run_id
    with pytest.raises(TakenForLost):
        working.beat(team.office.database, lost)
    with pytest.raises(TakenForLost):
        team.take(team.queue.order.run_id, lost)
    assert [view.id for view in standing(team.office.database)] == [other]


def test_a_worker_of_sites_that_the_ledger_has_not_is_shown_with_near_names_and_gets_them_later(
    team: Team,
) -> None:
    database, settings = team.office.database, team.office.settings
    known = team.office.site("尾鷲庁舎")
    named = ("尾鷲庁舍", "尾鷲庁舎", "東京")
    begun = working.sign_on(
        database, name="host:1:1", host="host", sites=named, concurrency=1, version=__version__
    )
    assert begun.served == working.Served([known], ["尾鷲庁舍", "東京"])
    found = next(finding for finding in examine(database, settings) if finding.key == "worker")
    assert found.level is Level.WARNING
    assert "尾鷲庁舍 (尾鷲庁舎?), 東京:" in found.remedy

    tokyo = team.office.site("東京")
    served = working.look_again(database, begun.worker_id, named, begun.served)
    assert served == working.Served([known, tokyo], ["尾鷲庁舍"])
    (view,) = standing(database)
    assert (view.sites, view.awaited, view.everywhere) == (
        ["尾鷲庁舎", "東京"], ["尾鷲庁舍"], False
    )  # fmt: skip


def test_a_worker_that_waits_for_its_only_site_does_not_stand_for_all_of_them(team: Team) -> None:
    elsewhere = team.office.site("津")
    team.worker("東京")
    with team.office.database.read() as session:
        places = workers.Places(session)
    assert not places.serves(elsewhere)
    assert [view.everywhere for view in standing(team.office.database)] == [False]


def test_time_in_which_nobody_could_look_is_not_held_against_a_worker(team: Team) -> None:
    worker = team.worker()
    run_id, _ids = team.run()
    team.take(run_id, worker)
    team.pass_by(30)
    team.now += 300  # the database was away
    team.pass_by(59)
    assert team.office.run(run_id).state == RunState.RUNNING
    team.pass_by(2)
    assert team.office.run(run_id).state == RunState.LOST


@pytest.mark.parametrize(("pause", "takes"), [(20.0, 0.0), (60.0, 0.0), (0.5, 12.0)])
def test_a_worker_is_lost_however_seldom_the_daemon_looks(
    team: Team, pause: float, takes: float
) -> None:
    team.looks_every(pause)
    worker = team.worker()
    run_id, _ids = team.run()
    team.take(run_id, worker)
    for _look in range(20):
        team.now += pause + takes
        team.programme.tick()
    assert team.office.run(run_id).state == RunState.LOST


def test_what_workers_have_in_hand_outlives_the_daemon(team: Team) -> None:
    worker = team.worker()
    taken, _ids = team.run()
    team.take(taken, worker)
    waiting, _ids = team.run(Step.CONNECT)
    office = team.office
    office.lease = office.take_lease("daemon two", gone=True)
    team.programme = team.new_programme(office.lease)
    assert team.programme.recover() == 0
    team.programme.tick()
    assert [office.run(run).state for run in (taken, waiting)] == [RunState.RUNNING] * 2


def test_machines_wait_where_they_are_while_no_worker_has_a_place_for_their_site(
    team: Team,
) -> None:
    office = team.office
    here, there = office.site("本庁"), office.site("桑名")
    worker = team.worker("本庁", concurrency=1)
    (far,) = office.machines(1, state=MachineState.CLEARED, site=there)
    (near,) = office.machines(1, state=MachineState.CLEARED, site=here)
    (later,) = office.machines(1, state=MachineState.REIMAGED, site=here)
    team.programme.tick()
    assert office.states([far]) == [MachineState.CLEARED]
    assert sorted(office.states([near, later])) == [MachineState.CLEARED, MachineState.CONNECTING]
    assert team.queue.order is not None
    team.take(team.queue.order.run_id, worker)
    team.programme.tick()
    assert len(office.rows(Run)) == 1
    team.worker("桑名", name="host:2:2")
    team.programme.tick()
    assert office.states([far]) == [MachineState.CAPTURING]


def test_a_worker_that_stops_gets_no_further_machines(team: Team) -> None:
    worker = team.worker()
    working.take_no_more(team.office.database, worker)
    team.office.machines(1, state=MachineState.CLEARED)
    team.programme.tick()
    assert team.office.rows(Run) == []


def test_an_operator_stops_a_run_that_waits_at_once_and_one_at_work_through_its_worker(
    team: Team,
) -> None:
    from rollout.application import runs

    office, worker = team.office, team.worker()
    waiting, _ids = team.run()
    taken, _ids = team.run(Step.CONNECT)
    team.take(taken, worker)
    for run_id in (waiting, taken):
        runs.cancel(office.database, run_id, office.planner, office.clock.now(), "enough")
    team.programme.tick()
    assert office.run(waiting).state == RunState.CANCELLED
    assert office.run(taken).state == RunState.RUNNING
    assert working.beat(office.database, worker) == {taken: True}


def test_the_dead_of_this_computer_are_buried_at_once(team: Team) -> None:
    office, dead = team.office, team.worker(name="host:1:1")
    run_id, (machine,) = team.run()
    team.take(run_id, dead)
    engine = Broom(lambda: office.run(run_id).state)

    def bury(host: str, gone: bool) -> int:
        now = office.clock.now()
        return working.bury(office.database, host, lambda _name: gone, engine, at=now)

    assert bury("another host", True) == 0
    assert bury("host", False) == 0
    engine.found.clear()
    assert bury("host", True) == 1
    assert engine.swept == [office.run(run_id).ident]
    assert engine.found == [RunState.RUNNING], "killed before anything is settled"
    assert office.run(run_id).state == RunState.LOST
    assert office.rows(Claim)[-1].outcome == "not_started"
    assert office.machine(machine).state == MachineState.CLEARED


def test_what_a_run_left_here_is_cleared_up_though_it_was_settled_meanwhile(team: Team) -> None:
    office, dead = team.office, team.worker(name="host:1:1")
    (settled, _), (going_on, _) = team.run(), team.run()
    team.take(settled, dead)
    team.pass_by(60)
    assert office.run(settled).state == RunState.LOST
    team.take(going_on, team.worker(name="host:2:2"))
    engine = Broom(lambda: None)
    engine.left = [office.run(settled).ident, office.run(going_on).ident, "of-another-programme"]
    working.bury(office.database, "host", lambda _name: False, engine, at=office.clock.now())
    assert engine.swept == [office.run(settled).ident]
