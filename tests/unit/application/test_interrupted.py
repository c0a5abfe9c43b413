"""Whoever had a run in hand dies, or the server goes away, between two commits: who settles it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from rollout.adapters.ansible.folder import CannotStart
from rollout.application import arrival, settle
from rollout.application import runs as operators
from rollout.application.dispatch import claim_ready
from rollout.application.machines import retry
from rollout.application.ports import RunEnd, RunOrder
from rollout.application.results import Results
from rollout.domain.machine import MachineState, Step
from rollout.domain.run import RunState
from rollout.service.worker import Worker
from rollout.store import runs, workers
from rollout.store.database import Database
from rollout.store.tables import Run

from .crews import FakeQueue, Office, Team


@contextmanager
def unheard(database: Database) -> Iterator[None]:
    """The server commits, and goes away before it could say so."""
    dialect = database.engine.dialect
    commit = dialect.do_commit

    def commit_and_go(connection: Any) -> None:
        commit(connection)
        raise OperationalError("COMMIT", None, OSError("server closed the connection"))

    dialect.do_commit = commit_and_go  # type: ignore[method-assign]
    try:
        yield
    finally:
        dialect.do_commit = commit  # type: ignore[method-assign]


def until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, "it did not come to that"
        time.sleep(0.02)


class Hands(FakeQueue):
    """What a worker uses of its engine; `refusal` keeps every run from starting."""

    def __init__(self, refusal: Exception | None = None) -> None:
        super().__init__()
        self.refusal = refusal
        self.at_work: set[int] = set()

    def start(self, order: RunOrder, _sink: object) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.at_work.add(order.run_id)

    def alive(self) -> frozenset[int]:
        return frozenset(self.at_work)

    def close(self) -> None:
        self.at_work.clear()

    def untidy(self) -> list[str]:
        return []

    def reassure(self, until: float) -> None:
        pass


class Sitting:
    """A worker of an office at work in a thread, offered runs by the test."""

    def __init__(self, office: Office, engine: Hands) -> None:
        seconds = office.settings.cluster.model_copy(update={"worker_seconds": 2})
        settings = office.settings.model_copy(update={"cluster": seconds})
        self._office, self._there = office, threading.Event()
        self.worker = Worker(
            office.database, settings, office.clock, engine, self._source, self,
            sites=(), concurrency=2,
        )  # fmt: skip

    def _source(
        self,
        _sites: Sequence[int] | None,
        offer: Callable[[int, int], None],
        has_room: Callable[[], bool],
        _failed: Callable[[Exception], None],
    ) -> "Sitting":
        self._offer, self.has_room = offer, has_room
        return self

    def offer(self, run_id: int) -> None:
        self._offer(run_id, self._office.lease)

    def start(self) -> None:
        self._there.set()

    def stop(self) -> None:
        """The port `Source`."""

    def prune(self, **_: object) -> tuple[int, int]:
        """The port `Archive`."""
        return 0, 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as pool:
            end = pool.submit(self.worker.run)
            try:
                assert self._there.wait(60)
                yield
            finally:
                self.worker.stop()
                self.worker.stop()
                end.result(60)


@pytest.fixture
def half_installed(team: Team) -> int:
    """A machine whose next order needs no playbook: its installer waits for it in the network."""
    office, worker = team.office, team.worker()
    run_id, (machine,) = team.run(Step.REIMAGE)
    office.arm(team.take(run_id, worker), machine)
    token = office.boot(machine).check_in_token
    Results(office.database, office.clock).run_ended(RunEnd(run_id, "successful"))
    serial, now = office.machine(machine).serial, office.clock.now()
    arrival.give_up(
        office.database, at=now, token=token, serial=serial, disk_touched=True, reason="power"
    )
    tag = office.machine(machine).asset_tag
    retry(office.database, tag, office.planner, now, reason="power is back")
    return machine


def test_what_is_being_rewritten_is_not_stood_down_with_a_run_that_nobody_took(
    team: Team, half_installed: int
) -> None:
    office = team.office
    run_id, (asked,) = team.run(Step.REIMAGE)
    order = office.boot(half_installed)
    assert order.image_id is not None, "it was claimed, and asked before any worker did"
    assert office.claims(half_installed)[-1].run_id == run_id
    team.pass_by(61, beating=(1,))
    assert office.run(run_id).state == RunState.CRASHED
    assert office.claims(asked)[0].outcome == "not_started"
    assert office.claims(half_installed)[-1].outcome is None
    office.check_in(half_installed, order.check_in_token)
    assert office.states([half_installed]) == [MachineState.REIMAGED]


def test_a_run_without_anybody_to_ask_ends_in_the_hands_of_the_worker_that_got_it(
    team: Team, half_installed: int
) -> None:
    office = team.office
    (order,) = claim_ready(
        office.database, office.settings, lease_epoch=office.lease, at=office.clock.now()
    )
    assert not order.hosts
    team.programme._starter._hand_over([order])  # and the daemon dies
    sitting = Sitting(office, Hands(CannotStart("a run needs machines")))
    with sitting.at_work():
        sitting.offer(order.run_id)
        assert office.run(order.run_id).state == RunState.FINISHED
    assert office.boot(half_installed).image_id is not None


def test_what_a_dead_daemon_claimed_and_put_in_no_queue_begins_anew(team: Team) -> None:
    office = team.office
    team.worker()
    (machine,) = office.machines(1, state=MachineState.REIMAGED)
    (claimed,) = claim_ready(
        office.database, office.settings, lease_epoch=office.lease, at=office.clock.now()
    )
    office.lease = office.take_lease("daemon two", gone=True)
    team.programme = team.new_programme(office.lease)
    assert team.programme.recover() == 1
    assert office.run(claimed.run_id).state == RunState.LOST
    team.programme.tick()
    assert team.queue.order is not None
    assert [host.machine_id for host in team.queue.order.hosts] == [machine]


def test_what_could_not_be_handed_over_begins_anew(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = team.office
    team.worker()
    (machine,) = office.machines(1, state=MachineState.REIMAGED)

    def away(*_: object) -> None:
        raise OperationalError("UPDATE run", None, OSError("the server went away"))

    with monkeypatch.context() as patch:
        patch.setattr(runs, "started", away)
        with pytest.raises(OperationalError):
            team.programme.tick()
    assert [run.state for run in office.rows(Run)] == [RunState.CREATED]
    team.programme.tick()
    assert [run.state for run in office.rows(Run)] == [RunState.CRASHED, RunState.RUNNING]
    assert office.states([machine]) == [MachineState.CONNECTING]


def test_what_was_taken_while_the_server_went_away_is_let_go_by_its_worker(team: Team) -> None:
    office = team.office
    sitting = Sitting(office, Hands())
    with sitting.at_work():
        run_id, (machine,) = team.run()
        with unheard(office.database):
            sitting.offer(run_id)
        until(lambda: office.run(run_id).state == RunState.LOST)
        team.programme.tick()
        assert team.queue.order is not None
        assert team.queue.order.run_id != run_id
        sitting.offer(team.queue.order.run_id)
        assert office.states([machine]) == [MachineState.CAPTURING]


def test_a_worker_that_cannot_start_what_it_took_takes_nothing_for_a_while(team: Team) -> None:
    office = team.office
    sitting = Sitting(office, Hands(CannotStart("no space left on device")))
    with sitting.at_work():
        run_id, (machine,) = team.run()
        assert sitting.has_room()
        sitting.offer(run_id)
        assert not sitting.has_room()
    assert office.run(run_id).cause == "cannot start: no space left on device"
    assert office.states([machine]) == [MachineState.CLEARED]


def test_results_that_are_delivered_twice_are_kept_once(office: Office) -> None:
    office.wave()
    order, (machine,) = office.begin(Step.CAPTURE)
    results = Results(office.database, office.clock)
    said = [office.engine.event(order.run_id, machine), office.report(order, machine)]
    for deliver in (
        lambda: results.host_events(said),
        lambda: results.run_ended(RunEnd(order.run_id, "successful")),
    ):
        with unheard(office.database), pytest.raises(OperationalError):
            deliver()
        deliver()
    assert [row.counter for row in office.results()] == [event.counter for event in said]
    assert office.states([machine]) == [MachineState.CAPTURED]
    assert office.run(order.run_id).state == RunState.FINISHED


def test_what_was_to_be_stopped_does_not_begin_anew_when_its_worker_dies(team: Team) -> None:
    office, worker = team.office, team.worker()
    run_id, (machine,) = team.run()
    team.take(run_id, worker)
    operators.cancel(office.database, run_id, office.planner, office.clock.now(), "wrong wave")
    team.pass_by(61)
    assert office.run(run_id).state == RunState.CANCELLED
    assert office.states([machine]) == [MachineState.FAILED]
    assert "wrong wave" in (office.machine(machine).cause or "")


@pytest.mark.parametrize("told", [False, True], ids=["before it was told", "after it was told"])
def test_what_was_to_be_stopped_does_not_begin_anew_when_its_daemon_dies(
    office: Office, told: bool
) -> None:
    office.wave()
    order, (machine,) = office.begin(Step.CAPTURE)
    now = office.clock.now()
    operators.cancel(office.database, order.run_id, office.planner, now, "wrong wave")
    if told:
        office.tick()
    office.engine.running.clear()
    office.lease = office.take_lease("daemon two", gone=True)
    office.programme = office.new_programme(office.lease)
    assert office.programme.recover() == 1
    office.tick()
    assert office.run(order.run_id).state == RunState.CANCELLED
    assert office.states([machine]) == [MachineState.FAILED]
    (command,) = office.commands()
    assert (command.answer, command.refused) == ("stopping", False)


def test_a_daemon_and_a_worker_that_start_together_settle_what_died_here_once(team: Team) -> None:
    office, dead = team.office, team.worker()
    run_id, _ids = team.run()
    team.take(run_id, dead)
    with office.database.write() as session:
        workers.end(session, [dead], "gave no sign", at=office.clock.now())
    office.lease = office.take_lease("daemon two", gone=True)
    team.programme = team.new_programme(office.lease)

    class Beside(FakeQueue):
        def sweep(self, _idents: object) -> int:
            with office.database.write() as session:
                settle.abandoned(
                    session, runs.by_id(session, run_id), at=office.clock.now(), reason="died"
                )
            return 0

    team.programme.engine = Beside()
    assert team.programme.recover() == 0
    assert office.run(run_id).state == RunState.LOST
