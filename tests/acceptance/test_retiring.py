"""From the replaced PC to the lessor, as it is typed and read, in both languages."""

import json
from datetime import UTC, datetime

from rollout.domain.machine import PASSAGE, MachineVerb
from rollout.store import machines, transitions
from rollout.store.database import Database
from rollout.store.tables import Machine
from tests.acceptance.conftest import Said, Terminal

OLD, NEW = "DK17-000005", "DK20-000001"
LATER = "2022-12-02T09:00:00+09:00"


def hand_over(at: Terminal, tag: str) -> None:
    """What the daemon does with a machine in some weeks."""
    database = Database(f"sqlite:///{at.folder / 'state' / 'rollout.db'}")
    at = datetime(2022, 11, 1, tzinfo=UTC)
    with database.write() as session:
        machine_id = machines.by_tag(session, tag).id or 0
        verbs = [MachineVerb.PLAN]
        for _step in PASSAGE:
            verbs += [MachineVerb.BEGIN, MachineVerb.FINISH]
        for verb in (*verbs, MachineVerb.HAND_OVER):
            transitions.apply(session, Machine, [machine_id], verb, actor="rollout", at=at)
    database.close()


def refused(said: Said, *words: str, code: int = 1) -> None:
    assert said.code == code, said
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err


def test_a_replaced_pc_goes_back_to_its_lessor_with_a_certificate(imported_desk: Terminal) -> None:
    rollout = imported_desk.rollout
    said = rollout("machine", "supersede", OLD, "--reason", "x")
    assert said.code == 2
    assert "--successor" in said.err
    command = ("machine", "supersede", OLD, "--successor", NEW, "--reason", "リース更新")
    assert "kept from the day" in rollout(*command).out
    refused(rollout(*command, lang="ja"), "すでに", NEW)
    refused(rollout("machine", "erase", OLD, "--reason", "x"), "only a retained PC")
    hand_over(imported_desk, NEW)
    assert Terminal(imported_desk.folder).rollout("serve", "--until-idle").code == 0
    (kept,) = rollout("machine", "replaced", "--json").json
    assert (kept["state"], kept["successor"]) == ("retained", NEW)
    assert kept["retain_until"] == "2022-12-01"

    ask = ("machine", "erase", OLD, "--reason", "満了")
    refused(rollout(*ask), "until 2022-12-01")
    refused(rollout(*ask, lang="ja"), "2022-12-01 まで保管")
    now = ("--now", LATER)
    assert "waits for another operator" in rollout(*now, *ask).out
    refused(rollout(*now, "machine", "erase", OLD, "--approve"), "another approver", code=3)
    seen = ("machine", "erase", OLD, "--seen", "--reason", "起動しないことを確認")
    refused(rollout(*now, "machine", "erase", OLD, "--seen", actor="ito"), "what was seen")
    said = rollout(*now, *seen, actor="ito", lang="ja")
    assert (said.code, "消去済みとして記録" in said.out) == (0, True), said

    shown = rollout("machine", "show", OLD, "--json").json
    certificate = shown["retirement"]["certificate"]
    assert shown["state"] == "erased"
    assert certificate["confirmed"] is False
    assert (certificate["asked_by"], certificate["seen_by"]) == ("sato", "ito")
    assert certificate["serial"] == "SN000005"
    assert certificate["seen"] == "起動しないことを確認"
    page = rollout("machine", "show", OLD).out
    for words in ("certificate of erasure", "confirmed by the machine", "起動しないことを確認"):
        assert words in page
    page = rollout("machine", "show", OLD, lang="ja").out
    for words in ("消去証明書", "目視確認者", "消去の申請"):
        assert words in page

    refused(rollout(*now, "machine", "return", OLD, "--date", "2023-01-31"), "not yet here")
    said = rollout(*now, "machine", "return", OLD, "--date", "soon")
    assert (said.code, "--date" in said.err) == (2, True), said
    said = rollout(*now, "machine", "return", OLD, "--date", "令和4年12月2日")
    assert said.out.strip() == f"{OLD}: returned on 2022-12-02"
    assert rollout("machine", "replaced", "--json").json == []
    (gone,) = rollout("machine", "replaced", "--all", "--json").json
    assert (gone["state"], gone["returned_on"]) == ("returned", "2022-12-02")
    assert rollout("audit", "verify").code == 0

    out = imported_desk.folder / "retirements.json"
    assert rollout("export", "retirements", "--format", "json", "--out", str(out)).code == 0
    exported = json.loads(out.read_text(encoding="utf-8"))
    assert exported["retirements"] == [gone]
    table = imported_desk.folder / "retirements.csv"
    assert rollout("export", "retirements", "--out", str(table), lang="ja").code == 0
    heading, row = table.read_text(encoding="utf-8-sig").splitlines()
    assert "端末自身の報告で確認" in heading
    assert "起動しないことを確認" in row
