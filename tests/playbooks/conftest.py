"""Real ansible-playbook over real SSH against real lab PCs; a real HTTP server for the daemon."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollout.adapters.ansible.messages import message_of
from rollout.lab.ansible_access import COLLECTIONS
from rollout.lab.pcs import LabPc
from rollout.lab.windows import image
from rollout.lab.windows.state import PcFolder
from rollout.lab.world import LabStatus, PcStatus, down, status, up

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
NEW_IMAGE = "platform-2023.1"

#: Short, since a socket's path ends at 107 bytes.
_CONTROL = Path(tempfile.gettempdir()) / f"rollout-test-{os.getpid()}"

#: What a ledger may hold; as serial of a PC it goes through guard, arming, boot and check-in.
UGLY_SERIALS = (
    "{{ 7 * 7 }}{% raw %}",
    """a'b"c`d$(touch /tmp/rollout-evaluated);|&""",
    "line 1\nline 2\ttab",
    "..\\..\\etc\\passwd/../x",
    "<b>[bold]=1+1</b> true null #{x} !unsafe",
)


class Daemon:
    """Stands where the product's service will be: arms, hands out the image, takes reports."""

    def __init__(self) -> None:
        self.armed: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refusal: str | None = None
        self.gives_no_order = False
        self.epoch = 0
        self.used: set[str] = set()
        daemon = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(200 if self.path == "/v1/health" else 404, {"status": "ok"})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                daemon.asked.append((self.path, body))
                self._answer(*daemon.decide(self.path, body))

            def _answer(self, code: int, content: dict[str, Any]) -> None:
                text = json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def decide(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/v1/arm":
            if self.refusal:
                return 409, {"error": self.refusal}
            if body["token"] in self.used:
                return 409, {"error": "this order was used"}
            self.armed[body["serial"]] = body
            return 200, {"armed": True}
        if path == "/v1/boot":
            order = None if self.gives_no_order else self.armed.pop(body["serial"], None)
            if order is None:
                return 200, {"action": "local"}
            self.used.add(order["token"])
            return 200, {
                "action": "install",
                "image_id": NEW_IMAGE,
                "epoch": self.epoch,
                "check_in_token": f"check-in {body['serial']}",
            }
        return 200, {"accepted": True}

    def heard(self, path: str, serial: str) -> list[dict[str, Any]]:
        return [body for asked, body in self.asked if asked == path and body["serial"] == serial]


@dataclass(repr=False)
class Play:
    """The outcome of one ansible-playbook, per host."""

    code: int
    tasks: list[dict[str, Any]]
    text: str
    stats: dict[str, dict[str, int]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """What a test that fails has to say; all of it would hide that."""
        failed = [
            f"{host}: {task['task']['name']}: {message_of(result)}"
            for task in self.tasks
            for host, result in task["hosts"].items()
            if result.get("failed") or result.get("unreachable")
        ]
        return f"Play(code={self.code}, failed={failed})"

    def report(self, host: str) -> dict[str, Any] | None:
        for task in self.tasks:
            facts = task["hosts"].get(host, {}).get("ansible_facts", {})
            if "rollout_report" in facts:
                report: dict[str, Any] = facts["rollout_report"]
                return report
        return None

    def changed(self, host: str) -> set[str]:
        """The names of the tasks that changed something on this machine."""
        found = [task for task in self.tasks if task["hosts"].get(host, {}).get("changed")]
        return {task["task"]["name"].rpartition(" : ")[2] for task in found}

    def failure(self, host: str) -> str:
        for task in self.tasks:
            result = task["hosts"].get(host, {})
            if result.get("failed"):
                return message_of(result)
        raise AssertionError(f"{host} did not fail:\n{self.text}")


@dataclass
class Bench:
    """The lab, the daemon and a way to play a step on some machines."""

    folder: Path
    daemon: Daemon
    work: Path

    def pc(self, name: str) -> PcStatus:
        return next(pc for pc in self.status().pcs if pc.name == name)

    def status(self) -> LabStatus:
        return status(self.folder)

    def folder_of(self, number: int) -> PcFolder:
        return PcFolder(self.folder / "pcs" / f"TSU-PC{number:03d}")

    def give_new_system(self, *numbers: int) -> None:
        """As if these PCs had been reimaged, without the time that it takes."""
        for number in numbers:
            pc = self.folder_of(number)
            key, order = pc.host_key.read_bytes(), {"id": f"test {number}", "image_id": NEW_IMAGE}
            image.install(pc, {**order, "epoch": 5, "check_in_token": "told"})
            pc.host_key.write_bytes(key)
            pc.host_key.chmod(0o600)
            pc.check_in_file.write_text('{"token": "told", "accepted": true}')
            with pc.change() as state:
                state["power"] = "on"

    def snapshot(self, name: str) -> dict[str, bytes]:
        """Everything of a PC that an order could change."""
        root = self.folder / "pcs" / name
        files = [root / "state.json", *(f for f in (root / "disk").rglob("*") if f.is_file())]
        return {str(file): file.read_bytes() for file in files}

    def hosts(self, *numbers: int, **changes: Any) -> dict[str, dict[str, Any]]:
        """Host variables as the product gives them, for the PCs with these numbers."""
        return {f"m{number}": self._variables(number) | changes for number in numbers}

    def _variables(self, number: int) -> dict[str, Any]:
        pc = machine(number)
        return {
            "ansible_host": pc.computer_name,
            "ansible_ssh_common_args": "-o UserKnownHostsFile=/dev/null "
            "-o StrictHostKeyChecking=no",
            "rollout_machine_id": number,
            "rollout_asset_tag": pc.asset_tag,
            "rollout_serial": pc.serial,
            "rollout_mac": pc.mac,
            "rollout_generation": pc.generation,
            "rollout_computer_name": pc.computer_name,
            "rollout_owner_staff_number": "00417",
            "rollout_owner_name": "{{ lookup('pipe', 'touch /tmp/rollout-evaluated') }}",
            "rollout_attempt": 1,
            "rollout_epoch": 10,
            "rollout_image_id": NEW_IMAGE,
            "rollout_take_home": True,
            "rollout_service_url": self.daemon.url,
            "rollout_arm_token": f"arm-token-{number}",
            "rollout_copy_root": str(self.work / "copies"),
        }

    def play(self, playbook: str | Path, hosts: dict[str, dict[str, Any]], *options: str) -> Play:
        """Run a step's playbook, or one of the test's own, on these hosts."""
        path = playbook if isinstance(playbook, Path) else PLAYBOOKS / f"{playbook}.yml"
        folder = self.work / f"run-{time.monotonic_ns()}"
        folder.mkdir()
        (folder / "group_vars").symlink_to(self.folder / "group_vars")
        inventory = folder / "hosts.yml"
        inventory.write_text(_inventory(hosts, path.stem), encoding="utf-8")
        run = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", "-i", inventory, path, *options],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        start = run.stdout.find("{\n")
        assert start >= 0, f"{run.stdout}\n{run.stderr}"
        told = json.loads(run.stdout[start:])
        tasks = [task for play in told["plays"] for task in play["tasks"]]
        return Play(run.returncode, tasks, run.stdout + run.stderr, told["stats"])

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.work),
            "LANG": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(_CONTROL),
            "ANSIBLE_FORKS": "4",
        }


class _Unsafe(dict[str, Any]):
    """Marks a mapping that Ansible must not template."""


def _inventory(hosts: dict[str, dict[str, Any]], step: str) -> str:
    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(_Unsafe, lambda dumper, data: dumper.represent_mapping("!unsafe", data))
    Dumper.add_representer(
        str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    )
    content = {name: _Unsafe({"rollout_step": step, **values}) for name, values in hosts.items()}
    return yaml.dump({"all": {"hosts": content}}, Dumper=Dumper, allow_unicode=True)


def machine(number: int) -> LabPc:
    """PC number N of the test lab; those from 30 on with a serial that nobody would wish for."""
    ugly = UGLY_SERIALS[number - 30] if 30 <= number < 30 + len(UGLY_SERIALS) else None
    return LabPc(
        computer_name=f"TSU-PC{number:03d}",
        asset_tag=f"DK20-{number:06d}",
        serial=ugly or f"5CD{number:05d}",
        mac=f"02:00:5e:00:{number >> 8:02x}:{number & 255:02x}",
        generation="DK20",
    )


@pytest.fixture(scope="session")
def daemon() -> Iterator[Daemon]:
    service = Daemon()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def bench(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One lab for all playbook tests; every test has its own PCs in it (see the numbers)."""
    folder = tmp_path_factory.mktemp("lab")
    # 301 to 380: a fifth of them for each role's own file.
    numbers = [*range(1, 30), *range(30, 30 + len(UGLY_SERIALS)), *range(101, 109), 201, 202]
    numbers += range(301, 381)
    up(folder, [machine(n) for n in numbers], service_url=daemon.url, boot_seconds=0.05)
    yield Bench(folder, daemon, tmp_path_factory.mktemp("work"))
    down(folder)
    shutil.rmtree(_CONTROL, ignore_errors=True)


@pytest.fixture(scope="session")
def ugly_serials() -> tuple[str, ...]:
    """The serials of the PCs from number 30 on."""
    return UGLY_SERIALS


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for a condition; the time limit is for machines that are busy with other things."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 90
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "waited 30 s in vain"
            pause.wait(0.02)

    return wait
