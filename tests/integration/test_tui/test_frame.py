"""What works in every room: export of what is shown, jumps, filter, history, themes."""

import csv
from pathlib import Path

from openpyxl import load_workbook
from sqlmodel import select

from rollout.application import machines, waves
from rollout.bootstrap import Application
from rollout.domain.account import AccountVerb
from rollout.domain.wave import WaveState
from rollout.store import transitions
from rollout.store.tables import Account, Person
from tui.screens.confirm import ConfirmScreen
from tui.widgets.live_table import LiveTable


async def test_every_matching_machine_is_exported_not_only_the_window(
    at_the_screen, tmp_path: Path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("machines 1–100")
        await seat.press("e")
        await seat.sees("what is shown (machines) as CSV")
        await seat.press("enter")
        await seat.until(lambda: list(tmp_path.glob("out/machines-*.csv")))
    (path,) = tmp_path.glob("out/machines-*.csv")
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    assert rows[0][0] == "asset tag"
    assert len(rows) == 251


async def test_a_filtered_list_is_exported_as_a_sheet_without_formulas(
    at_the_screen, tmp_path: Path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    async with at_the_screen() as seat:
        await seat.press("3", "slash")
        await seat.type("wave:1")
        await seat.press("enter")
        await seat.sees("machines 1–3")
        await seat.press("e", "down", "enter")
        await seat.until(lambda: list(tmp_path.glob("out/machines-*.xlsx")))
    (path,) = tmp_path.glob("out/machines-*.xlsx")
    cells = [cell for row in load_workbook(path).active.iter_rows() for cell in row]
    assert sum(cell.column == 1 for cell in cells) == 4
    assert all(cell.data_type != "f" for cell in cells)


async def test_the_palette_leads_to_a_room_and_to_machines(at_the_screen):
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.sees("Overview")
        await seat.press("colon")
        await seat.sees("room, key 2")
        await seat.type("Waves")
        await seat.sees("room, key 2")
        await seat.press("enter", "enter")
        await seat.sees("awaiting approval", "2022-11-14")


async def test_a_list_is_filtered_by_words_and_by_column(at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("2")
        await seat.sees("awaiting approval", "0/7")
        await seat.press("slash")
        await seat.type("state:awaiting")
        await seat.press("enter")
        await seat.sees("filter: state:awaiting", "0/7")
        await seat.until(lambda: "0/3" not in seat.text)
        await seat.press("escape")
        await seat.sees("0/3")


async def test_the_history_is_filtered_by_machine_and_verb(at_the_screen):
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("8")
        await seat.sees("DK20-000001", "DK20-000010")
        await seat.press("slash")
        await seat.type("machine:DK20-000001 verb:fail")
        await seat.press("enter")
        await seat.sees("rows 1–1", "cause [blink]one[/blink]")


async def test_cancelling_a_wave_needs_its_number_of_machines_and_a_reason(
    at_the_screen, programme: Application
):
    def state() -> str:
        return waves.show(programme.database, 2)[0].wave.state

    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("2")
        await seat.sees("awaiting approval")
        await seat.press("down", "C")
        await seat.sees("type the number of machines: 7")
        await seat.press("enter", "enter")
        assert isinstance(seat.app.screen, ConfirmScreen)
        await seat.type("7")
        await seat.press("enter")
        await seat.sees("a reason is needed")
        await seat.type("moved to spring")
        await seat.press("enter")
        await seat.until(lambda: state() == WaveState.CANCELLED)


async def test_a_viewer_is_offered_no_action(at_the_screen):
    async with at_the_screen("guest", size=(120, 40)) as seat:
        await seat.press("2")
        await seat.sees("awaiting approval")
        keys = {active.binding.action for active in seat.app.screen.active_bindings.values()}
        assert not keys & {"approve", "cancel", "withdraw", "halt", "start"}
        assert "export" in keys


async def test_the_theme_changes_and_the_rooms_stay_readable(at_the_screen):
    async with at_the_screen() as seat:
        await seat.press("3")
        await seat.sees("failed")
        await seat.press("T")
        assert not seat.app.current_theme.dark
        await seat.sees("failed")


async def test_marked_machines_are_held_together_and_released_together(
    at_the_screen, programme: Application
):
    def states() -> list[str]:
        wanted = machines.Filter(tags=("DK20-000002", "DK20-000003"))
        return [one.machine.state for one in machines.listing(programme.database, wanted)]

    async with at_the_screen(size=(120, 40)) as seat:
        await seat.press("3")
        await seat.sees("DK20-000003")
        await seat.press("down", "space", "space")
        await seat.sees("2 marked")
        await seat.press("H")
        await seat.sees("2 machines: hold", "DK20-000002, DK20-000003")
        await seat.type("away")
        await seat.press("enter")
        await seat.until(lambda: states() == ["held", "held"])
        await seat.until(lambda: "2 marked" not in seat.text)
        await seat.press("A", "R")
        await seat.sees("2 machines: release", "98 of the marked ones cannot follow")
        await seat.press("left", "enter")
        await seat.until(lambda: states() == ["planned", "planned"])


async def test_a_blocked_account_leads_to_its_cause(at_the_screen, programme: Application):
    with programme.database.write() as session:
        person = session.exec(select(Person).where(Person.staff_number == "300001")).one()
        account = Account(
            key="300001 mailbox",
            person_id=person.id or 0,
            service="mailbox",
            state_since=programme.clock.now(),
        )
        session.add(account)
        session.flush()
        for verb in (AccountVerb.REQUEST, AccountVerb.BLOCK):
            transitions.apply(
                session,
                Account,
                [account.id or 0],
                verb,
                actor="daemon",
                at=programme.clock.now(),
                reason="no [seat]",
            )
    async with at_the_screen(size=(120, 40)) as seat:
        await seat.sees("blocked", "no daemon", "accounts 0/1 ready")
        needs = seat.app.screen.query_one("#needs", LiveTable)
        needs.focus()
        needs.move_cursor(row=needs.keys.index("room accounts state:blocked"))
        await seat.press("enter")
        await seat.sees("filter: state:blocked", "300001", "𠮷田　さくら", "no [seat]")


async def test_a_trouble_longer_than_the_line_is_cut_at_its_end_and_not_at_a_space(at_the_screen):
    async with at_the_screen(size=(80, 24)) as seat:
        await seat.sees("166 days")
        seat.app.screen.words.show_trouble("データベース: unable; " + "長" * 60)
        await seat.sees("unable; 長長長長")
        line = next(line for line in seat.text.splitlines() if "unable" in line)
        assert line.rstrip().endswith("長…")
        seat.app.screen.words.show_trouble(None)
        await seat.sees("166 days")
