"""Whatever moment the daemon is killed in: each authorised attempt wipes a PC at most once."""

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rollout.application import machines
from rollout.domain.errors import NotAllowed
from rollout.domain.machine import MachineVerb
from rollout.service.daemon import Daemon
from rollout.store import transitions
from rollout.store.tables import Machine

Rollout = Any
HARNESS = Path(__file__).with_name("crashing_daemon.py")
LANES = 5
"""Programmes at the same time: most of a case is waiting for a PC or a deadline."""
POINTS = 6
"""Commits of the reimage step: claim, start, arm, boot, end of the run, check-in."""
DEADLINE_MINUTES = 0.3
PATIENCE = 600.0
"""Far beyond what a daemon needs on a computer that is busy with other things."""


def _harness() -> Any:
    spec = importlib.util.spec_from_file_location("crashing_daemon", HARNESS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


harness = _harness()


@dataclass(frozen=True)
class Case:
    """Die in this step of a machine, before or after the AT-th commit."""

    step: str
    start: str
    goal: str
    at: int
    mode: str
    orphans: bool = False
    """Whether the processes of the run survive the daemon."""

    def __str__(self) -> str:
        return f"{self.step}-{self.mode}-{self.at}{'-orphans' if self.orphans else ''}"


@dataclass
class Outcome:
    """What was left after a case."""

    killed: bool
    points: list[str]
    state: str
    claims: list[tuple[int, str | None]]
    wipes: list[int]
    orphans: int
    stragglers: list[int]
    retries: int = 0
    history: list[str] = field(default_factory=list)


CASES = [
    *(
        Case("reimage", "captured", "reimaged", at, mode, orphans=(at + (mode == "after")) % 2 == 0)
        for at in range(1, POINTS + 1)
        for mode in ("before", "after")
    ),
    Case("capture", "cleared", "captured", 1, "after"),
    Case("capture", "cleared", "captured", 3, "before", orphans=True),
]


class Lane:
    """One programme in which cases follow each other, each on a machine of its own."""

    def __init__(self, rollout: Rollout, cases: list[Case], count_all: bool) -> None:
        self.rollout = rollout
        self.cases = cases
        self.count_all = count_all
        self.outcomes: dict[Case, Outcome] = {}
        self.all_points: list[str] = []

    def work(self) -> None:
        tags = self.rollout.populate(len(self.cases) + self.count_all)
        pairs = list(zip(self.cases, tags, strict=False))
        capturing = [tag for case, tag in pairs if case.step == "capture"]
        reimaging = [tag for tag in tags if tag not in capturing]
        self._clear(tags)
        self.rollout.hold(capturing)
        self._drive(reimaging, "cleared", "captured")
        self.rollout.hold(reimaging)
        for case, tag in pairs:
            self.outcomes[case] = self._one(case, tag)
        if self.count_all:
            self.rollout.release(tags[-1])
            case = Case("reimage", "captured", "reimaged", 0, "before")
            patient = self.rollout.configure("patient.toml", 10)
            code, self.all_points = self._crash(case, tags[-1], patient)
            assert code == 0, f"the daemon that nobody killed ended with {code}"
            self.rollout.hold([tags[-1]])

    def _clear(self, tags: list[str]) -> None:
        """No daemon is killed in a preflight: what it finds is taken for granted."""
        ids, now = [self.rollout.machine(tag).id for tag in tags], self.rollout.app.clock.now()
        with self.rollout.database.write() as session:
            for verb in (MachineVerb.BEGIN, MachineVerb.FINISH):
                transitions.apply(session, Machine, ids, verb, actor="test", at=now)

    def _one(self, case: Case, tag: str) -> Outcome:
        self.rollout.release(tag)
        code, points = self._crash(case, tag, self.rollout.configuration)
        orphans = len(self.rollout.processes()) if case.orphans else 0
        retries = self._drive([tag], case.start, case.goal)
        self._bury_keeper(tag)
        outcome = Outcome(
            killed=code == -9,
            points=points,
            state=self.rollout.machine(tag).state,
            claims=[(claim.id, claim.outcome) for claim in self.rollout.claims(tag, case.step)],
            wipes=[wipe.epoch for wipe in self.rollout.wipes(tag)],
            orphans=orphans,
            stragglers=self.rollout.processes(),
            retries=retries,
            history=[
                f"{row.verb}: {row.reason}"
                for row in machines.show(self.rollout.database, tag).history
            ],
        )
        self.rollout.hold([tag])
        return outcome

    def _crash(self, case: Case, tag: str, configuration: Path) -> tuple[int, list[str]]:
        """Run the daemon that kills itself; its exit code and the points that it came to."""
        # Whatever was paused by the case before may begin now.
        harness.pause_behind(self.rollout.app, [tag], case.start)
        keeper = [str(self._keeper(tag))] if case.orphans else []
        log: Path = self.rollout.root / f"{tag}.log"
        with log.open("w") as output:
            run = subprocess.run(
                [
                    sys.executable,
                    HARNESS,
                    tag,
                    case.start,
                    case.goal,
                    str(case.at),
                    case.mode,
                    *keeper,
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": os.environ.get("HOME", "/"),
                    "PYTHONPATH": str(HARNESS.parents[2]),
                    "ROLLOUT_CONFIG": str(configuration),
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE,
                check=False,
            )
        lines = log.read_text(encoding="utf-8").splitlines()
        assert run.returncode in (0, -9), "\n".join(lines)
        return run.returncode, [line.partition(" ")[2] for line in lines if line[:1].isdigit()]

    def _drive(self, tags: list[str], start: str, goal: str) -> int:
        """A daemon that nobody kills takes the machines through one step; how many retries."""
        retried = 0

        def look(daemon: Daemon) -> None:
            nonlocal retried
            harness.pause_behind(self.rollout.app, tags, start)
            for tag in tags:
                if self._waits_for_a_person(tag):
                    # It may have checked in since: then nobody has to do anything.
                    with contextlib.suppress(NotAllowed):
                        self.rollout.retry(tag)
                        retried += 1
            if harness.arrived(self.rollout.app, tags, goal):
                daemon.stop()

        self.rollout.daemon(look, until_idle=False)
        return retried

    def _waits_for_a_person(self, tag: str) -> bool:
        """Silent, failed or in doubt, and nobody is asking the machine at the moment."""
        # In this order: an answer that comes between the two looks has settled the machine.
        if self.rollout.questions():
            return False
        return self.rollout.machine(tag).state in ("silent", "failed", "unknown")

    def _keeper(self, tag: str) -> Path:
        path: Path = self.rollout.root / f"{tag}.keeper"
        return path

    def _bury_keeper(self, tag: str) -> None:
        if self._keeper(tag).exists():
            with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
                os.kill(int(self._keeper(tag).read_text()), 9)


REIMAGES = [case for case in CASES if case.step == "reimage"]
CAPTURES = [case for case in CASES if case.step == "capture"]


@pytest.fixture(scope="module")
def lanes(rollouts: Callable[..., Rollout]) -> list[Lane]:
    """Every case, done; lanes work side by side."""
    made = [
        Lane(rollouts(DEADLINE_MINUTES), CASES[number::LANES], count_all=number == LANES - 1)
        for number in range(LANES)
    ]
    with ThreadPoolExecutor(LANES) as pool:
        for work in [pool.submit(lane.work) for lane in made]:
            work.result()
    return made


@pytest.fixture
def outcome(lanes: list[Lane], request: pytest.FixtureRequest) -> Outcome:
    """How the case of this test ended."""
    for lane in lanes:
        if request.param in lane.outcomes:
            return lane.outcomes[request.param]
    raise AssertionError(f"{request.param} was not done")


@pytest.mark.parametrize("outcome", REIMAGES, indirect=True, ids=str)
def test_a_killed_daemon_lets_no_pc_be_wiped_twice_and_loses_none(outcome: Outcome) -> None:
    assert outcome.killed, outcome.points
    assert outcome.state == "reimaged", outcome
    assert len(set(outcome.wipes)) == len(outcome.wipes), outcome
    done = [epoch for epoch, how in outcome.claims if how == "done"]
    assert outcome.wipes == done, outcome
    assert len(done) == 1, outcome
    assert all(how is not None for _epoch, how in outcome.claims), outcome
    assert outcome.stragglers == []


@pytest.mark.parametrize("outcome", CAPTURES, indirect=True, ids=str)
def test_a_step_that_may_be_repeated_is_done_after_the_daemon_was_killed(
    outcome: Outcome,
) -> None:
    assert outcome.killed, outcome.points
    assert outcome.state == "captured"
    assert [how for _epoch, how in outcome.claims] == ["not_started", "done"]
    assert outcome.wipes == []
    assert outcome.stragglers == []


def test_the_cases_are_all_commits_of_the_step(lanes: list[Lane]) -> None:
    points = lanes[-1].all_points
    assert len(points) == POINTS, points
    assert points[0] == "claims machines runs"


def test_some_runs_went_on_as_orphans_of_their_daemon(lanes: list[Lane]) -> None:
    assert any(
        outcome.orphans for lane in lanes for case, outcome in lane.outcomes.items() if case.orphans
    )


def test_nothing_is_left_open_and_the_history_holds(lanes: list[Lane]) -> None:
    for lane in lanes:
        assert lane.rollout.open_claims() == 0
        assert lane.rollout.chain_holds()
        assert lane.rollout.processes() == []
