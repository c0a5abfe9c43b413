"""Playbook recheck: measures again, judges nothing, touches nothing but the stored epoch."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rollout.lab.windows import registry

PC = 356


def verdicts(play: Any) -> dict[str, str]:
    report = play.report(f"m{PC}")
    assert report is not None, play.text
    return {item["control"]: item["verdict"] for item in report["evidence"]}


def test_what_was_pending_is_measured_again_and_the_pc_stays_as_it_is(bench: Any) -> None:
    bench.give_new_system(PC)
    pc = bench.folder_of(PC)

    def onboarded(ago: timedelta) -> None:
        with pc.change() as state:
            state["services"]["Sense"].update(start_mode="auto", state="running", up_after=0)
            state["edr"] = {"onboarded_at": (datetime.now(UTC) - ago).isoformat()}

    onboarded(timedelta())
    first = bench.play("recheck", bench.hosts(PC, rollout_epoch=20))
    assert first.code == 0, first.text
    assert verdicts(first)["edr_onboarding"] == "pending"
    assert verdicts(first)["update_ring"] == "fail", "told, not refused: a person decides"
    onboarded(timedelta(days=1))
    before = pc.read()
    second = bench.play("recheck", bench.hosts(PC, rollout_epoch=21))
    assert verdicts(second)["edr_onboarding"] == "pass"
    assert second.report(f"m{PC}") | {"evidence": []} == {
        "step": "recheck",
        "epoch": 21,
        "evidence": [],
        "tolerated": [],
    }
    after = pc.read()
    assert registry.value(after, registry.ROLLOUT, "Epoch") == 21
    for state in (before, after):
        for value in ("Epoch", "Step"):
            registry.write(state, registry.ROLLOUT, value, "of the guard")
    assert after == before


def test_another_machine_and_an_older_order_are_refused(bench: Any) -> None:
    hosts = bench.hosts(PC, rollout_epoch=1) | {
        "other": bench.hosts(PC, rollout_serial="OTHER", rollout_epoch=99)[f"m{PC}"]
    }
    play = bench.play("recheck", hosts)
    assert "has already followed epoch" in play.failure(f"m{PC}")
    assert "the ledger says OTHER" in play.failure("other")
