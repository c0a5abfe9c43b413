"""Runs: who is acted on right now, the output that follows, and retry of what failed in a run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from rollout.application import machines
from rollout.bootstrap import Application
from rollout.domain.machine import MachineVerb, Step
from rollout.store import transitions
from rollout.store.tables import Claim, Machine, Run, Worker

AT = datetime(2022, 11, 16, 5, 0, tzinfo=UTC)


@pytest.fixture
def output(programme: Application) -> Path:
    """The file into which Ansible writes in the first run."""
    file = Path(programme.settings.ansible.artifacts) / "one" / "stdout"
    file.parent.mkdir(parents=True)
    lines = [f"ok: [m{number}]" for number in range(200)]
    file.write_text(
        "TASK [Refuse [b]the wrong[/b] machine] ***\nfatal: [m1]: FAILED! 失敗 \x1b[31m\n"
        + "TASK [Another] ***\n"
        + "\n".join(lines)
        + "\n",
        encoding="utf-8",
    )
    return file


def _begin(programme: Application, tag: str) -> None:
    with programme.database.write() as session:
        machine = session.exec(select(Machine).where(Machine.asset_tag == tag)).one()
        run = session.exec(select(Run)).one()
        session.add(
            Claim(
                machine_id=machine.id or 0,
                step=Step.PREFLIGHT.value,
                attempt=1,
                run_id=run.id or 0,
                created_at=AT,
                deadline_at=AT,
            )
        )
        transitions.apply(
            session, Machine, [machine.id or 0], MachineVerb.BEGIN, actor="daemon", at=AT
        )


async def test_who_is_acted_on_right_now_appears_with_step_and_since_when(
    at_the_screen, programme: Application
):
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.press("4")
        await seat.sees("1 run under way")
        await seat.press("n")
        await seat.sees("0 machines are acted on")
        _begin(programme, "DK20-000002")
        await seat.sees("1 machine is acted on", "DK20-000002", "▶!", "14:00:00", "0:20:")
        await seat.press("escape")
        await seat.sees("1 run under way")


async def test_a_run_shows_its_machines_with_how_each_step_ended(
    at_the_screen, programme: Application
):
    _begin(programme, "DK20-000002")
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.press("4", "enter")
        await seat.sees("run 1: running")
        await seat.press("n")
        await seat.sees("DK20-000001", "✗", "DK20-000002", "run 1  1 machine is acted on")


async def test_the_end_of_the_output_is_beside_the_results_and_follows(at_the_screen, output: Path):
    async with at_the_screen(size=(120, 36)) as seat:
        await seat.press("4", "enter")
        await seat.sees("ok: [m199]")
        with output.open("a", encoding="utf-8") as more:
            more.write("TASK [The newest] ***\n")
        await seat.sees("TASK [The newest]")


async def test_the_output_opens_at_the_failing_task_and_follows_at_its_end(
    at_the_screen, output: Path
):
    async with at_the_screen() as seat:
        await seat.press("4", "enter")
        await seat.sees("serial [S2]")
        await seat.press("f", "o")
        await seat.sees("fatal: [m1]: FAILED! 失敗 �[31m", "run 1: 203 lines")
        assert "ok: [m199]" not in seat.text
        await seat.press("end")
        await seat.sees("ok: [m199]")
        with output.open("a", encoding="utf-8") as more:
            more.write("ok: [m777]\n")
        await seat.sees("ok: [m777]")


async def test_an_output_that_is_gone_is_told(at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("4", "enter")
        await seat.sees("serial [S2]")
        await seat.press("o")
        await seat.sees("is not kept any more")


async def test_only_what_failed_in_the_run_is_retried(at_the_screen, programme: Application):
    def state(tag: str) -> str:
        return machines.show(programme.database, tag).joined.machine.state

    async with at_the_screen() as seat:
        await seat.press("4", "enter")
        await seat.sees("serial [S2]")
        await seat.press("r")
        await seat.sees("Run 1: retry", "Only the 1 machine that failed")
        await seat.type("BIOS mended")
        await seat.press("enter")
        await seat.until(lambda: state("DK20-000001") == "planned")
    history = machines.show(programme.database, "DK20-000001").history
    assert history[-1].reason == "BIOS mended"


async def test_a_viewer_has_neither_cancel_nor_retry(at_the_screen):
    async with at_the_screen("guest") as seat:
        await seat.press("4", "enter")
        await seat.sees("serial [S2]")
        assert "retry" not in seat.text
        assert "cancel run" not in seat.text


async def test_a_worker_that_owes_a_sign_of_life_needs_a_person_and_is_in_the_list(
    at_the_screen, programme: Application
):
    now = datetime.now(UTC)  # workers live in real time; a sign of the future never grows old
    with programme.database.write() as session:
        for name, silent, sites in (
            ("here [b]:1:1", -3600, None),
            ("there:2:2", 3600, None),
            ("soon:3:3", -3600, '["尾鷹"]'),
        ):
            session.add(
                Worker(
                    name=name,
                    host=name.partition(":")[0],
                    sites=sites,
                    concurrency=4,
                    version="1",
                    started_at=now - timedelta(hours=2),
                    heartbeat_at=now - timedelta(seconds=silent),
                )
            )
    async with at_the_screen(size=(110, 24)) as seat:
        await seat.sees("no answer", "workers")
        await seat.press("down", "enter")
        await seat.sees("no daemon: run", "there:2:2")
        await seat.sees("waits for its site", "尾鷹 (not in the ledger)", "soon:3:3")
        await seat.press("escape", "4")
        await seat.sees("1 run under way")
        await seat.press("W")
        await seat.sees("nothing to do", "here [b]:1:1", "no answer", "there:2:2", "no daemon")
