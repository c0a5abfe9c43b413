"""What runs inside a virtual PC, tried on folders that stand for its firmware and disk."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from rollout.lab.vm import guest
from rollout.lab.vm.machine import DiskRecord, VirtualPc
from rollout.lab.windows import registry
from rollout.lab.windows.state import PcFolder


@pytest.fixture
def pc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PcFolder:
    """A disk that has never been started, in a PC whose firmware says who it is."""
    for name, text in {
        "product_sku": "PC20-00001",
        "chassis_asset_tag": "DK20-000001",
        "product_serial": "VM000010",
        "product_family": "DK20",
        "address": "02:00:00:00:00:0a",
        "image-id": "office-dk20-2019",
        "boot_id": "first-boot",
        "key.pub": "ssh-ed25519 AAAA",
    }.items():
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
    for constant, name in {
        "FIRMWARE": ".",
        "CARD": "address",
        "IMAGE_ID": "image-id",
        "ORDER": "order.json",
        "PUBLIC_KEY": "key.pub",
        "BOOT_ID": "boot_id",
    }.items():
        monkeypatch.setattr(guest, constant, tmp_path / name)
    return PcFolder(tmp_path / "rollout" / "pcs" / "pc")


def reported(pc: PcFolder) -> tuple[Any, ...]:
    state = pc.read()
    stamp = [registry.value(state, registry.ROLLOUT, name) for name in ("ImageId", "StampEpoch")]
    return (state["serial"], state["mac"], state["boot_id"], *stamp)


def test_an_old_disk_becomes_an_office_pc_with_files_to_lose(pc: PcFolder) -> None:
    guest.start(pc)
    assert reported(pc) == (
        "VM000010", "02:00:00:00:00:0A", "first-boot", "office-dk20-2019", None,
    )  # fmt: skip
    assert any(file.is_file() for file in (pc.disk / "Users").rglob("*"))
    assert not pc.check_in_file.exists()
    assert pc.requests.is_dir()


def test_a_restart_changes_the_boot_id_and_nothing_else(pc: PcFolder, tmp_path: Path) -> None:
    guest.start(pc)
    with pc.change() as state:
        state["firmware"]["boot_once"] = "network"
    before = pc.read()
    (tmp_path / "boot_id").write_text("second-boot\n")
    guest.start(pc)
    after = pc.read()
    assert (after["boot_id"], after["firmware"]["boot_once"]) == ("second-boot", None)
    assert (after["installed"], after["registry"]) == (before["installed"], before["registry"])


@pytest.fixture
def fresh(pc: PcFolder, tmp_path: Path) -> PcFolder:
    """The same PC after an installer has written its disk."""
    (tmp_path / "image-id").write_text("win11-23h2-r1\n")
    order = {"epoch": 7, "check_in_token": "secret"}
    (tmp_path / "order.json").write_text(json.dumps(order))
    return pc


def test_a_new_disk_bears_the_stamp_of_its_order_and_the_image_that_it_really_has(
    fresh: PcFolder, tmp_path: Path
) -> None:
    guest.start(fresh)
    assert reported(fresh)[2:] == ("first-boot", "win11-23h2-r1", 7)
    assert not any(file.is_file() for file in (fresh.disk / "Users").rglob("*"))
    assert json.loads(fresh.check_in_file.read_text())["token"] == "secret"
    assert not (tmp_path / "order.json").exists()


class Server(HTTPServer):
    """Answers with the statuses it was given, and keeps what it was told."""

    def __init__(self, statuses: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses, self.told = statuses, list[Any]()


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.path, json.loads(body)))
        self.send_response(self.server.statuses[min(len(self.server.told), 2) - 1])
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(params=[[200, 200], [503, 200], [403, 403]])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(request.param) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_new_system_reports_itself_until_it_is_answered_and_then_never_again(
    fresh: PcFolder, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "PAUSE", 0.01)
    guest.start(fresh)
    service = f"http://127.0.0.1:{server.server_port}"
    guest.check_in(fresh, service)
    tries = 1 + (server.statuses[0] == 503)
    assert len(server.told) == tries
    path, body = server.told[-1]
    assert path == "/v1/check-in"
    assert body == {
        "token": "secret",
        "serial": "VM000010",
        "image_id": "win11-23h2-r1",
        "boot_id": "first-boot",
        "host_key": "ssh-ed25519 AAAA",
        "versions": {"os": "Windows 11 lab", "agent": "1"},
    }
    guest.check_in(fresh, service)
    assert len(server.told) == tries


def test_an_old_disk_reports_nothing(pc: PcFolder) -> None:
    guest.start(pc)
    guest.check_in(pc, "http://127.0.0.1:9")


def test_the_journal_of_a_disk_is_read_line_by_line(tmp_path: Path) -> None:
    from rollout.lab.pcs import LabPc

    lab_pc = LabPc("PC20-00001", "DK20-000001", "VM000010", "02:00:00:00:00:01", "DK20")
    pc = VirtualPc(tmp_path, lab_pc, 1, tmp_path)
    lines = [
        {"event": event, "epoch": 7, "image": "win11-23h2-r1", "serial": "VM000010", "token": "t"}
        for event in ("begun", "written")
    ]
    written = b"".join(f"{json.dumps(line):<511}\n".encode() for line in lines)
    (tmp_path / "journal.img").write_bytes(written.ljust(64 * 1024, b"\0"))
    assert pc.journal == [DiskRecord(**line) for line in lines]
    assert not pc.running
