"""A connection that breaks in the middle of long work neither repeats the work nor loses it."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from rollout.lab.faults import set_fault
from rollout.lab.windows.state import PcFolder

#: Step, and the long work in it whose session is cut.
CUT = {"capture": "user-state", "reimage": "stage-media", "restore": "user-state"}
#: The first is reached again within the same run, the second only by the order's next run.
SAME_RUN, NEXT_RUN = 201, 202


@pytest.fixture(scope="module")
def passage(bench: Any, until: Callable[[Callable[[], bool]], None]) -> dict[str, Any]:
    """Both PCs through the three steps; what each step's runs told, and how often work began."""
    media = bench.work / "cut-media"
    (media / "sources").mkdir(parents=True)
    (media / "sources" / "install.wim").write_bytes(b"image")
    (media / "setup.exe").write_bytes(b"MZ")
    setup = {
        "reimage_method": "setup",
        "reimage_media_source": str(media),
        "reimage_media_sha256": hashlib.sha256(b"image").hexdigest(),
    }
    told: dict[str, Any] = {}
    for epoch, (step, work) in enumerate(CUT.items(), start=30):
        bench.daemon.epoch = epoch
        order = {"rollout_epoch": epoch, **setup}
        hosts = bench.hosts(SAME_RUN, **order)
        hosts |= bench.hosts(NEXT_RUN, **order, ansible_ssh_retries=0)
        begun = {number: len(_events(bench, number, "work-begun", work)) for number in (201, 202)}
        for number in (SAME_RUN, NEXT_RUN):
            set_fault(bench.folder, f"TSU-PC{number}", drops_session=work)
        first = bench.play(step, hosts)
        until(lambda w=work: _at_rest(bench, NEXT_RUN, w))
        again = bench.play(step, hosts, "--limit", f"m{NEXT_RUN}")
        times = {n: len(_events(bench, n, "work-begun", work)) - begun[n] for n in (201, 202)}
        told[step] = (first, again, times)
        if step == "reimage":
            for number in (SAME_RUN, NEXT_RUN):
                serial = f"5CD00{number}"
                until(lambda s=serial: bool(bench.daemon.heard("/v1/check-in", s)))
                until(lambda n=number: bench.pc(f"TSU-PC{n}").powered)
    return told


def _events(bench: Any, number: int, event: str, work: str) -> list[dict[str, Any]]:
    events = PcFolder(bench.folder / "pcs" / f"TSU-PC{number}").events()
    return [e for e in events if e["event"] == event and work in (e.get("name"), e.get("work"))]


def _at_rest(bench: Any, number: int, work: str) -> bool:
    begun, ended = (_events(bench, number, f"work-{word}", work) for word in ("begun", "ended"))
    return len(begun) == len(ended)


@pytest.mark.parametrize("step", CUT)
def test_the_session_is_cut_and_the_work_goes_on_and_runs_once(
    bench: Any, passage: dict[str, Any], step: str
) -> None:
    assert passage[step][2] == {SAME_RUN: 1, NEXT_RUN: 1}
    for number in (SAME_RUN, NEXT_RUN):
        assert _events(bench, number, "connections-cut", CUT[step])


@pytest.mark.parametrize("step", CUT)
def test_a_run_that_reaches_the_machine_again_follows_the_work_to_its_end(
    passage: dict[str, Any], step: str
) -> None:
    first = passage[step][0]
    assert first.report(f"m{SAME_RUN}")["step"] == step, first.text
    assert first.stats[f"m{SAME_RUN}"]["unreachable"] == 0


@pytest.mark.parametrize("step", CUT)
def test_a_run_that_does_not_says_unreachable_and_the_next_one_is_told_the_end(
    passage: dict[str, Any], step: str
) -> None:
    first, again, _ = passage[step]
    assert first.report(f"m{NEXT_RUN}") is None
    assert first.stats[f"m{NEXT_RUN}"]["unreachable"] == 1
    assert again.report(f"m{NEXT_RUN}")["step"] == step, again.text


def test_nothing_of_the_users_is_lost(passage: dict[str, Any]) -> None:
    for number, captured in ((SAME_RUN, 0), (NEXT_RUN, 1)):
        kept = passage["capture"][captured].report(f"m{number}")
        back = passage["restore"][captured].report(f"m{number}")
        assert [back[key] for key in ("files", "bytes", "digest")] == [
            kept[key] for key in ("files", "bytes", "digest")
        ]
        assert kept["files"] > 5
