"""Every room shows its rows, in both languages, as they are in the database."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from rollout.bootstrap import Application
from rollout.domain.machine import MachineVerb
from rollout.store.tables import Lease
from tui.widgets.live_table import LiveTable


@dataclass(frozen=True)
class Words:
    """What has to be read in each room."""

    overview: Sequence[str]
    waves: Sequence[str]
    machines: Sequence[str]
    runs: Sequence[str]


ENGLISH = Words(
    overview=("Overview", "needs a person 1", "planned", "240", "daemon: none", "166 days"),
    waves=("wave", "awaiting approval", "0/7", "2022-11-14"),
    machines=("asset tag", "machines 1–100, more below", "𠮷田　さくら", "DK20-000002"),
    runs=("step", "preflight", "failed 1"),
)
JAPANESE = Words(
    overview=("概況", "要対応 1", "計画済み", "240", "デーモン: なし", "166 日"),
    waves=("ウェーブ", "承認待ち", "0/7", "2022-11-14"),
    machines=("管理番号", "端末 1–100、続きあり", "𠮷田　さくら", "DK20-000002"),
    runs=("工程", "失敗 1"),
)


@pytest.mark.parametrize(
    ("language", "words"), [("en", ENGLISH), ("ja", JAPANESE)], ids=["en", "ja"]
)
async def test_every_room_shows_its_rows_in_the_language(at_the_screen, language, words):
    async with at_the_screen(language=language, size=(160, 30)) as seat:
        await seat.sees(*words.overview)
        await seat.press("2")
        await seat.sees(*words.waves)
        await seat.press("3")
        await seat.sees(*words.machines)
        await seat.press("4")
        await seat.sees(*words.runs)
        await seat.press("enter")
        await seat.sees("Refuse [b]the wrong[/b] machine", "serial [S2] is not {{ S1 }}")


async def test_language_changes_at_once(at_the_screen):
    async with at_the_screen() as seat:
        await seat.sees("Machines by state")
        await seat.press("L")
        await seat.sees("状態別の端末", "終了")
        await seat.press("L")
        await seat.sees("Machines by state", "quit")


async def test_text_from_outside_is_shown_literally(at_the_screen):
    async with at_the_screen(size=(160, 45)) as seat:
        await seat.sees("県の移行 [red]")
        await seat.press("3")
        await seat.sees("[bold]髙橋", "cause [blink]one[/blink]")
        await seat.press("enter")
        await seat.sees(
            "[bold]髙橋[/bold] {{ 7*7 }} =1+1",
            "red �[31mtext␤second [/] line",
            "cause [blink]one[/blink]",
            "serial [S2] is not {{ S1 }}",
        )


async def test_a_change_by_another_process_appears_and_the_cursor_stays(at_the_screen, meanwhile):
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("DK20-000004")
        await seat.press("down", "down")
        table = seat.app.screen.query_one(LiveTable)
        assert table.chosen == "DK20-000003"
        meanwhile("DK20-000002", MachineVerb.HOLD, "away")
        await seat.sees("held")
        assert table.chosen == "DK20-000003"


async def test_the_window_moves_on_at_its_edge_and_back(at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("machines 1–100")
        await seat.press("ctrl+end", "down")
        await seat.sees("machines 101–200", "DK20-000101")
        await seat.press("up")
        await seat.sees("machines 1–100", "DK20-000100")
        await seat.press("ctrl+end", "down")
        await seat.sees("machines 101–200")
        await seat.press("ctrl+end", "pagedown")
        await seat.sees("machines 201–250")
        await seat.press("ctrl+home")
        await seat.sees("machines 1–100", "DK20-000001")


async def test_filter_restricts_by_words_and_text(at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("3", "slash")
        await seat.type("state:failed")
        await seat.press("enter")
        await seat.sees("machines 1–1", "DK20-000001")
        assert "DK20-000002" not in seat.text
        await seat.press("escape")
        await seat.sees("machines 1–100")
        await seat.press("slash")
        await seat.type("wave:2 PC7")
        await seat.press("enter")
        await seat.sees("machines 1–1", "DK20-000007")
        await seat.press("slash")
        await seat.press("ctrl+u")
        await seat.type("state:nonsense")
        await seat.press("enter")
        await seat.sees("nonsense is unknown: use one of")


async def test_what_needs_a_person_is_a_jump_to_its_place(at_the_screen):
    async with at_the_screen() as seat:
        await seat.sees("no daemon", "failed", "awaiting approval")
        await seat.press("down", "enter")
        await seat.sees("filter: state:failed", "DK20-000001")
        await seat.press("1")
        await seat.sees("no daemon")
        await seat.press("down", "enter")
        await seat.sees("filter: state:awaitingapproval", "0/7")
        assert "0/3" not in seat.text


async def test_progress_by_generation_and_site_leads_to_the_machines_of_the_place(at_the_screen):
    async with at_the_screen() as seat:
        await seat.sees("Machines by state")
        await seat.press("g")
        await seat.sees("By generation and site", "0/250", "! 1")
        seat.app.screen.query_one("#places").focus()
        await seat.press("down", "enter")
        await seat.sees("filter: site:本庁", "DK20-000001")


@pytest.mark.parametrize("colours", [True, False])
async def test_the_burn_up_has_a_screen_of_its_own_on_a_small_terminal(
    at_the_screen, monkeypatch, colours
):
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    async with at_the_screen() as seat:
        await seat.sees("Machines by state")
        await seat.press("b")
        await seat.sees("plan for today 10", "! 10 behind the plan", "2022-12", "0 of 250 machines")
        await seat.press("escape")
        await seat.sees("Machines by state")


async def test_the_holder_of_the_lease_is_shown(at_the_screen, programme: Application):
    from datetime import UTC, datetime, timedelta

    now = datetime.now(UTC)
    with programme.database.write() as session:
        lease = session.get(Lease, 1) or Lease()
        lease.holder, lease.heartbeat_at = "here:1:1", now
        lease.expires_at = now + timedelta(minutes=1)
        session.add(lease)
    async with at_the_screen() as seat:
        await seat.sees("daemon: at work")


async def test_help_lists_the_keys_of_the_room(at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("DK20-000001")
        await seat.press("question_mark")
        await seat.sees("start the failed step again", "Filter words")
        await seat.press("escape")
        await seat.sees("DK20-000001")


async def test_machines_are_read_in_another_order_and_marks_and_filter_stay(at_the_screen):
    async with at_the_screen(size=(120, 30)) as seat:
        await seat.press("3")
        await seat.sees("asset tag ▾", "DK20-000001")
        await seat.press("o")
        await seat.sees("since ▾", "by since")
        await seat.press("O", "O")
        await seat.sees("day ▾", "by day")
        table = seat.app.screen.query_one(LiveTable)
        await seat.until(lambda: table.keys[:3] == [f"DK20-{n:06}" for n in (1, 2, 3)])
        await seat.press("ctrl+end", "down")
        await seat.until(lambda: table.keys[0] == "DK20-000101")


async def test_a_click_on_a_heading_sorts_by_it_and_a_second_turns_the_list(at_the_screen):
    async with at_the_screen(size=(120, 30)) as seat:
        await seat.press("3")
        await seat.sees("asset tag ▾", "DK20-000001")
        table = seat.app.screen.query_one(LiveTable)

        async def click_on(heading: str) -> None:
            lines = seat.text.splitlines()
            y = next(at for at, line in enumerate(lines) if "asset tag" in line)
            await seat.pilot.click(offset=(lines[y].index(heading), y))

        await click_on("asset tag")
        await seat.sees("asset tag ▴", "by tag, from the end")
        await seat.until(lambda: table.keys[:2] == ["DK20-000250", "DK20-000249"])
        await seat.press("ctrl+end", "down")
        await seat.until(lambda: table.keys[0] == "DK20-000150")
        await click_on("state")
        await seat.sees("state ▾", "by state")
        await seat.until(lambda: table.keys[0] == "DK20-000001")
        await click_on("wave")
        await seat.sees("no order by wave")
        await seat.press("i")
        await seat.sees("state ▴", "by state, from the end")
