"""The lab's supervisor: sessions, power, boots, and that killing it loses nothing."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rollout.lab.errors import LabError
from rollout.lab.faults import clear_fault, set_fault
from rollout.lab.pcs import LabPc
from rollout.lab.processes import stragglers
from rollout.lab.supervisor.openssh_server import find_sshd
from rollout.lab.windows.state import PcFolder, write_atomically
from rollout.lab.wipes import wipes
from rollout.lab.world import PcStatus, down, status, up

NAMES = ("OWASE-01", "OWASE-02", "OWASE-03")


class Service:
    """A deployment service that can be taken away and brought back on the same port."""

    def __init__(self) -> None:
        self.install = False
        self.leaving = False
        self.reports: list[dict[str, Any]] = []
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if service.leaving and self.path != "/v1/boot":
                    self.send_error(503)
                    return
                answer: dict[str, Any] = {"accepted": True}
                if self.path == "/v1/boot":
                    answer = {"action": "local"}
                    if service.install:
                        service.install = False
                        answer = {
                            "action": "install",
                            "image_id": "platform",
                            "epoch": 3,
                            "check_in_token": "token",
                        }
                else:
                    service.reports.append(body)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,)).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service()
    service.start()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def lab(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("lab")
    start(folder, service)
    yield folder
    down(folder)
    assert stragglers(folder) == []


def start(folder: Path, service: Service) -> None:
    machines = [
        LabPc(name, f"DK21-{i:06d}", f"SERIAL{i}", f"02:00:5e:00:01:{i:02x}", "DK21")
        for i, name in enumerate(NAMES)
    ]
    url = f"http://127.0.0.1:{service.port}"
    up(folder, machines, service_url=url, boot_seconds=0.05)


def ssh(folder: Path, name: str, command: str, data: bytes = b"") -> Any:
    return subprocess.run(_ssh(folder, name, command), input=data, capture_output=True, check=False)


def _ssh(folder: Path, name: str, command: str) -> list[str]:
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    return ["ssh", "-F", str(folder / "ssh_config"), *options, name, command]


def pc(folder: Path, name: str) -> PcStatus:
    return next(pc for pc in status(folder).pcs if pc.name == name)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "waited 30 s in vain"
        pause.wait(0.02)


def order_restart(folder: Path, name: str, *, network: bool) -> None:
    """What the script network-boot-once leaves behind."""
    machine = PcFolder(folder.resolve() / "pcs" / name)
    with machine.change() as state:
        state["firmware"]["boot_once"] = "network" if network else None
    # Process 0 is nobody's: the order is due at once.
    letter = {"process": 0, "delay": 0}
    write_atomically(machine.requests / f"{name}.reboot", json.dumps(letter))


def test_a_command_gets_its_input_and_gives_output_and_exit_code(lab: Path) -> None:
    data = os.urandom(3_000_000)
    run = ssh(lab, NAMES[0], "cat; echo wrong >&2; exit 7", data)
    assert run.stdout == data
    assert run.stderr.endswith(b"wrong\n")
    assert run.returncode == 7


def test_a_command_that_ends_before_its_input_does_not_hang(lab: Path) -> None:
    assert ssh(lab, NAMES[0], "head -c 3; exec true", b"x" * 2_000_000).stdout == b"xxx"


def test_another_key_is_not_let_in(lab: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    command = _ssh(lab, NAMES[0], "true")
    command[1:1] = ["-i", str(key), "-o", "IdentitiesOnly=yes"]
    text = (lab / "ssh_config").read_text().replace(str(lab / "id_ed25519"), str(key))
    config = tmp_path / "config"
    config.write_text(text)
    command[command.index("-F") + 1] = str(config)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 255


def test_a_command_dies_with_its_connection(lab: Path) -> None:
    mark = lab / "mark"
    client = subprocess.Popen(_ssh(lab, NAMES[0], f"echo $$ > {mark}; sleep 300"))
    until(lambda: mark.exists() and mark.read_text().strip() != "")
    pid = int(mark.read_text())
    client.kill()
    client.wait()
    until(lambda: not Path(f"/proc/{pid}").exists())


def test_a_restart_cuts_the_connection_and_changes_the_boot_id_only(lab: Path) -> None:
    before = pc(lab, NAMES[0])
    client = subprocess.Popen(
        _ssh(lab, NAMES[0], "echo up; sleep 300"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert client.stdout is not None
    assert client.stdout.readline() == b"up\n"
    order_restart(lab, NAMES[0], network=False)
    assert client.wait(timeout=90) != 0
    client.stdout.close()
    until(lambda: pc(lab, NAMES[0]).powered)
    after = pc(lab, NAMES[0])
    assert after.boot_id != before.boot_id
    assert (after.image_id, after.host_key) == (before.image_id, before.host_key)


def test_a_reimage_reports_even_when_the_service_is_away_for_a_while(
    lab: Path, service: Service
) -> None:
    before = pc(lab, NAMES[1])
    old_disk = (lab / "pcs" / NAMES[1] / "disk" / "Windows/System32/version.txt").read_text()
    # A fast PC could report between its order and the service's end: nothing is taken from here.
    service.install = service.leaving = True
    order_restart(lab, NAMES[1], network=True)
    until(lambda: not service.install)
    service.stop()
    until(lambda: pc(lab, NAMES[1]).wipes == 1)
    until(lambda: pc(lab, NAMES[1]).powered)
    reports = len(service.reports)
    service.leaving = False
    service.start()
    until(lambda: len(service.reports) > reports)
    after = pc(lab, NAMES[1])
    assert service.reports[-1]["serial"] == "SERIAL1"
    assert service.reports[-1]["host_key"] == after.host_key != before.host_key
    assert after.image_id == "platform"
    assert (lab / "pcs" / NAMES[1] / "disk/Windows/System32/version.txt").read_text() != old_disk
    assert ssh(lab, NAMES[1], "echo there").stdout == b"there\n"


def test_power_off_closes_the_port_and_power_on_boots(lab: Path) -> None:
    before = pc(lab, NAMES[0])
    set_fault(lab, NAMES[0], powered_off=True)
    until(lambda: ssh(lab, NAMES[0], "true").returncode == 255)
    assert not pc(lab, NAMES[0]).powered
    clear_fault(lab, NAMES[0])
    until(lambda: pc(lab, NAMES[0]).powered)
    assert pc(lab, NAMES[0]).boot_id != before.boot_id


def test_a_silent_machine_is_wiped_but_says_nothing_until_the_fault_is_cleared(
    lab: Path, service: Service
) -> None:
    set_fault(lab, NAMES[2], silent_after_reimage=True)
    service.install = True
    order_restart(lab, NAMES[2], network=True)
    until(lambda: pc(lab, NAMES[2]).image_id == "platform")
    state = PcFolder(lab / "pcs" / NAMES[2])
    until(lambda: state.read()["power"] == "on")
    assert ssh(lab, NAMES[2], "true").returncode == 255
    assert not any(report["serial"] == "SERIAL2" for report in service.reports)
    clear_fault(lab, NAMES[2], "silent_after_reimage")
    until(lambda: any(report["serial"] == "SERIAL2" for report in service.reports))
    assert ssh(lab, NAMES[2], "true").returncode == 0
    assert len(wipes(lab, NAMES[2])) == 1


def test_a_second_up_while_it_runs_is_refused(lab: Path) -> None:
    with pytest.raises(LabError, match="already runs"):
        up(lab, [], service_url="http://127.0.0.1:1")


def kill_supervisor(lab: Path) -> None:
    pid = status(lab).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not status(lab).running)


def test_a_killed_supervisor_loses_nothing_and_leaves_nothing_running(
    lab: Path, service: Service
) -> None:
    before = {p.name: (p.boot_id, p.image_id, p.host_key, p.port) for p in status(lab).pcs}
    client = subprocess.Popen(_ssh(lab, NAMES[0], "sleep 300"), stderr=subprocess.DEVNULL)
    until(lambda: len(stragglers(lab)) > 0)
    kill_supervisor(lab)
    client.wait(timeout=90)
    start(lab, service)
    assert {p.name: (p.boot_id, p.image_id, p.host_key, p.port) for p in status(lab).pcs} == before
    assert ssh(lab, NAMES[0], "echo back").stdout == b"back\n"


def test_an_installation_that_was_cut_off_is_finished_and_counted_once(
    lab: Path, service: Service
) -> None:
    from rollout.lab.windows import image

    kill_supervisor(lab)
    machine = PcFolder(lab.resolve() / "pcs" / NAMES[0])
    order = {"id": "cut", "image_id": "platform", "epoch": 9, "check_in_token": "late"}
    write_atomically(machine.install_file, json.dumps(order))
    # The disk was replaced, but the machine was cut off before it noted so.
    image.install(machine, order)
    start(lab, service)
    until(lambda: any(report["token"] == "late" for report in service.reports))
    assert [wipe.order for wipe in wipes(lab, NAMES[0])] == ["cut"]
    assert not machine.install_file.exists()


def test_sshd_mode_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rollout.lab.supervisor import openssh_server

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ROLLOUT_SSHD", raising=False)
    monkeypatch.setattr(openssh_server, "_PLACES", str(tmp_path))
    with pytest.raises(LabError, match="apt-get install openssh-server"):
        up(tmp_path / "lab", [], service_url="http://127.0.0.1:1", mode="sshd")


@pytest.mark.skipif(find_sshd() is None, reason="sshd is not installed")
def test_sshd_mode_runs_commands_and_stops(tmp_path: Path) -> None:
    machine = LabPc("SSHD-01", "DK21-000009", "SERIAL9", "02:00:5e:00:01:99", "DK21")
    up(tmp_path, [machine], service_url="http://127.0.0.1:1", mode="sshd", boot_seconds=0.05)
    try:
        assert ssh(tmp_path, "SSHD-01", "cat; exit 4", b"data").stdout == b"data"
        before = pc(tmp_path, "SSHD-01").boot_id
        order_restart(tmp_path, "SSHD-01", network=False)
        until(lambda: pc(tmp_path, "SSHD-01").boot_id != before)
        until(lambda: ssh(tmp_path, "SSHD-01", "true").returncode == 0)
    finally:
        down(tmp_path)
    assert stragglers(tmp_path) == []
